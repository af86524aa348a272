"""A run is read back only if its files are whole and of one run."""

import os
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from seqrec_tf import models
from seqrec_tf.data.catalogue import Catalogue
from seqrec_tf.errors import InputError
from seqrec_tf.evaluation.metrics import Metrics
from seqrec_tf.json_files import write_json
from seqrec_tf.models import GRU4Rec
from seqrec_tf.runs.directory import (
    create_run,
    file_digest,
    point_latest,
    read_run,
    require_finished,
    require_free,
    resolve_run,
)
from seqrec_tf.settings.config import DataConfig, RunConfig


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
    assert (read_run(run).encoder.items, read_run(run).metrics) == (3, Metrics("P1"))


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


def _name_model(run, digest: str) -> None:
    write_json(run / "metrics.json", {"protocol": "P1", "model_digest": digest})


def test_a_model_that_the_metrics_are_not_of(run):
    _name_model(run, file_digest(run / "model.keras"))
    assert read_run(run).metrics.model_digest.startswith("sha256:")
    GRU4Rec(items=3, window=2, dim=4, layers=1, dropout=0.0).save(run / "model.keras")
    message = "model.keras: expected the model that metrics.json names, sha256:.* Receiv"
    with pytest.raises(InputError, match=message):
        read_run(run)


def test_the_same_weights_are_the_same_file(run, monkeypatch):
    encoder = read_run(run).encoder
    digests = []
    for seconds in (1e9, 1.1e9):
        monkeypatch.setattr(time, "localtime", lambda *_, now=seconds: time.gmtime(now))
        models.save_encoder(encoder, run / "model.keras")
        digests.append(file_digest(run / "model.keras"))
    assert digests[0] == digests[1]
    again = read_run(run).encoder
    for left, right in zip(encoder.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("name", ["model.keras", "items.csv"])
def test_a_run_that_changes_while_it_is_read_is_read_again(run, tmp_path, monkeypatch, name):
    """Another run comes to stand there just before `name` is read."""
    other = tmp_path / "other"
    create_run(other, RunConfig(data=DataConfig(id_type="int64", id_name="movie_ids")))
    GRU4Rec(items=5, window=2, dim=4, layers=1, dropout=0.0).save(other / "model.keras")
    _catalogue(5).write(other / "items.csv")
    (other / "README.md").write_text("of five")
    _name_model(other, file_digest(other / "model.keras"))
    changes = iter([lambda: (run.rename(tmp_path / "old"), other.rename(run))])
    where = {"items.csv": Catalogue, "model.keras": models}[name]
    function = {"items.csv": "read", "model.keras": "load_encoder"}[name]
    real = getattr(where, function)

    def late(path, *arguments):
        next(changes, lambda: None)()
        return real(path, *arguments)

    monkeypatch.setattr(where, function, late)
    found = read_run(run)
    assert (found.encoder.items, found.catalogue.size) == (5, 5)
    assert found.cards == {"README.md": b"of five"} and found.metrics.model_digest


def test_a_run_that_never_rests_is_one_line(run, monkeypatch):
    def restless(path, *_):
        os.utime(run / "metrics.json")
        raise InputError("half")

    monkeypatch.setattr(models, "load_encoder", restless)
    with pytest.raises(InputError, match="expected a run at rest. Received: one that changes"):
        read_run(run)


@pytest.fixture
def linked(run, monkeypatch):
    """Links of many kinds to the run, and to nothing; the working directory is beside it."""
    monkeypatch.chdir(run.parent)
    Path("runs").mkdir()
    Path("elsewhere").mkdir()
    Path("shelf").symlink_to("elsewhere")
    Path("runs/latest").symlink_to("../run")
    Path("elsewhere/latest").symlink_to("../runs/latest")
    Path("absolute").symlink_to(run)
    Path("broken").symlink_to("gone")
    Path("itself").symlink_to("itself")
    Path("one").symlink_to("two")
    Path("two").symlink_to("one")
    return run


LINKS = ("runs/latest", "runs/latest/", "elsewhere/latest", "shelf/latest", "absolute", "run/.")


@pytest.mark.parametrize("name", LINKS)
def test_a_link_means_the_run_that_it_leads_to(linked, name):
    assert resolve_run(Path(name)) == Path("run")
    assert resolve_run(linked.parent / name) == linked
    assert require_finished(Path(name)) and read_run(Path(name)).path == Path("run")
    point_latest(resolve_run(Path(name)))
    assert os.readlink("runs/latest") == "../run"
    with pytest.raises(InputError, match="--run: run exists; give --force"):
        require_free(resolve_run(Path(name)), force=False)


def test_a_run_above_the_working_directory_is_found(linked, monkeypatch):
    monkeypatch.chdir(linked)
    assert resolve_run(Path(".")) == Path(".") and resolve_run(Path("checkpoint/..")) == Path(".")
    monkeypatch.chdir(linked / "checkpoint")
    assert resolve_run(Path("..")) == linked


@pytest.mark.parametrize("name", ["broken", "itself", "one"])
def test_a_link_to_nowhere_is_one_line(linked, name):
    message = f"{name}: expected a run, or a link to one; .* Received: a link to \\w+, where noth"
    for command in (resolve_run, require_finished, read_run):
        with pytest.raises(InputError, match=message):
            command(Path(name))


def test_a_latest_that_leads_nowhere_is_mended_by_the_next_training(linked):
    Path("runs/latest").unlink()
    Path("runs/latest").symlink_to("latest")  # as an earlier version left it
    point_latest(Path("run"))
    assert read_run(Path("runs/latest")).path == Path("run")


def test_latest_leads_to_the_run_also_from_a_folder_that_is_a_link(linked):
    Path("disk/deep").mkdir(parents=True)
    Path("runs").rename("before")
    Path("runs").symlink_to("disk/deep")
    point_latest(Path("run"))
    assert os.readlink("runs/latest") == "../../run" and Path("runs/latest/items.csv").is_file()


def test_latest_that_is_a_folder_stays_one(linked, capsys):
    Path("runs/latest").unlink()
    with pytest.raises(InputError, match="runs/latest is the name of the link to the newest run"):
        require_free(Path("runs/latest"), force=False)
    Path("runs/latest").mkdir()
    point_latest(Path("run"))
    assert "warning: runs/latest does not mean run now: runs/latest is no link" in (
        capsys.readouterr().err
    )
    assert Path("runs/latest").is_dir() and not Path("runs/latest").is_symlink()
