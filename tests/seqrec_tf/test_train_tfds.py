"""`--tfds` all the way: train, resume, evaluate, and notice another log, like any other source."""

import json

import pytest
from helpers.small_builders import MOVIELENS_LIKE, movielens_like, prepare
from helpers.tiny_runs import finished_run, run_command

import seqrec_tf

SMALL = (
    *("--dim", "8", "--layers", "1", "--window", "6", "--batch-size", "8", "--schedule"),
    *("constant", "--warmup", "0", "--epochs", "1", "--min-item-count", "1"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfds")
    prepare(folder / "data", "films", MOVIELENS_LIKE, {"train": movielens_like()})
    return folder


@pytest.fixture(scope="module")
def run(folder):
    return finished_run(folder, "--tfds", "films", "--data-dir", "data", *SMALL)


def test_a_run_of_its_films(run, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert run.name.startswith("films-sasrec-")
    assert (run / "items.csv").read_text().splitlines()[:2] == [
        "row,movie_id,title,count",
        '1,1,"Film 1, new",16',
    ]
    assert (run / "README.md").read_text().startswith("# sasrec on films\n")
    assert seqrec_tf.evaluate(run) == seqrec_tf.read_run(run).metrics


def test_training_goes_on_and_the_data_may_have_moved(run, folder, monkeypatch):
    name = str(run.relative_to(folder))
    code, _, err = run_command(folder, "--resume", "--run", name, "--epochs", "2")
    assert code == 0, err
    (folder / "data").rename(folder / "elsewhere")
    monkeypatch.chdir(folder)
    code, _, err = run_command(folder, "--resume", "--run", name, "--epochs", "3")
    loading, refused = err.splitlines()  # and nothing that TensorFlow says of itself
    assert code == 2 and loading.startswith("loading TensorFlow; ")
    assert refused.startswith("error: --tfds films: expected a prepared dataset")
    metrics = seqrec_tf.evaluate(name, data_dir="elsewhere")
    assert metrics.as_dict() == json.loads((run / "metrics.json").read_text())


def test_a_dataset_that_has_grown_is_refused(run, folder, monkeypatch):
    prepare(folder / "grown", "films", MOVIELENS_LIKE, {"train": movielens_like(users=41)})
    monkeypatch.chdir(folder)
    with pytest.raises(seqrec_tf.InputError, match="Received: films, 5 interactions more, 1 users"):
        seqrec_tf.evaluate(run, data_dir="grown")
