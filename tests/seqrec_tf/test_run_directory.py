"""A run is read back only if its files are whole and of one run."""

import keras
import numpy as np
import pytest

from seqrec_tf.config import DataConfig, RunConfig
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError
from seqrec_tf.json_files import write_json
from seqrec_tf.models import GRU4Rec
from seqrec_tf.run_directory import create_run, read_run


def _catalogue(items: int) -> Catalogue:
    ids = 10 * np.arange(1, items + 1)
    return Catalogue(ids, ids.astype(str).astype(object), np.ones(items, np.int64), "movie_ids")


@pytest.fixture
def run(tmp_path):
    """A finished run of three items."""
    path = tmp_path / "run"
    create_run(path, RunConfig(data=DataConfig(id_type="int64", id_name="movie_ids")))
    GRU4Rec(items=3, window=2, dim=4, layers=1, dropout=0.0).save(path / "model.keras")
    _catalogue(3).write(path / "items.csv")
    write_json(path / "metrics.json", {"protocol": "P1"})
    return path


def test_a_whole_run(run):
    assert (read_run(run).encoder.items, read_run(run).metrics) == (3, {"protocol": "P1"})


def test_a_model_of_other_items_or_no_encoder_at_all(run):
    _catalogue(2).write(run / "items.csv")
    message = "model.keras: expected an encoder of the 2 items in items.csv. Received: GRU4Rec of 3"
    with pytest.raises(InputError, match=message):
        read_run(run)
    rows = keras.Input([3])
    keras.Model(rows, keras.layers.Dense(2)(rows)).save(run / "model.keras")
    with pytest.raises(InputError, match="expected an encoder .* Received: Functional of no"):
        read_run(run)


def test_broken_metrics(run):
    (run / "metrics.json").write_text("{")
    with pytest.raises(InputError, match="metrics.json, line 1: expected JSON"):
        read_run(run)
