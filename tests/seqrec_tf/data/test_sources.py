"""`load_interactions` picks one source, and refuses options that name two."""

import subprocess
import sys

import pytest

from seqrec_tf.data import load_interactions
from seqrec_tf.errors import InputError
from seqrec_tf.settings.config import DataConfig


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user_id,item_id,timestamp\na,7,1\n")
    return str(path)


def test_the_demo_is_the_default():
    assert load_interactions(DataConfig()).source == "demo"


def test_own_logs(log):
    data = load_interactions(DataConfig(interactions=log))
    assert list(data.table["item"]) == [7]
    assert data.source == log


def test_movielens_from_a_folder(real_data):
    data = load_interactions(DataConfig(dataset="ml-100k", data_dir=str(real_data)))
    assert (data.source, data.id_name, len(data.table)) == ("ml-100k", "movie_ids", 100_000)


def test_the_id_name_can_be_chosen(log):
    assert load_interactions(DataConfig()).id_name == "movie_ids"
    assert load_interactions(DataConfig(id_name="film_ids")).id_name == "film_ids"
    assert load_interactions(DataConfig(interactions=log, id_name="x")).id_name == "x"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data_dir": "d"}, "--data-dir: the demo is generated.*--dataset demo --data-dir d"),
        ({"interactions": "f.csv", "data_dir": "d"}, "--interactions and --data-dir exclude"),
        ({"interactions": "f.csv", "dataset": "ml-1m"}, "--interactions and --dataset exclude"),
        ({"titles": "t.csv"}, "--titles belongs to --interactions.*Received: --titles t.csv"),
        ({"id_type": "string"}, "--id-type string belongs to --interactions"),
    ],
)
def test_options_that_exclude_each_other(options, message):
    with pytest.raises(InputError, match=message):
        load_interactions(DataConfig(**options))


def test_reading_data_does_not_import_tensorflow():
    code = (
        "import sys, seqrec_tf.data; "
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'requests')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
