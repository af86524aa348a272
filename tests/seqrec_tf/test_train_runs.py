"""Whole trainings on a tiny log: what they leave behind, repeat, refuse and continue."""

import contextlib
import json
import os
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.tiny_runs import (
    ITEMS,
    SMALL,
    USERS,
    finished_run,
    read_history,
    run_command,
    write_log,
)

from seqrec_tf.runs.directory import read_run
from seqrec_tf.training import finishing

SEEDED = [*SMALL, "--objective", "bce", "--seed", "3"]
FILES = {
    "config.json",
    "environment.json",
    "metrics.json",
    "history.csv",
    "model.keras",
    "items.csv",
    "interactions.json",
    "logs",
    "README.md",
    "learning_curve.png",
    "breakdown.png",
    "checkpoint",
}
METRICS = {f"{name}@{k}" for name in ("hit_rate", "ndcg", "mrr", "coverage") for k in (5, 10, 20)}


def _json(path: Path):
    return json.loads(path.read_text())


def _snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("train"))


@pytest.fixture(scope="module")
def finished(folder):
    """Three epochs without an interruption."""
    return finished_run(folder, *SEEDED, "--run", "finished", "--epochs", "3")


def test_the_run_directory_is_complete(finished):
    assert {path.name for path in finished.iterdir()} == FILES
    assert list((finished / "logs").rglob("events.out.tfevents.*"))


def test_the_model_card_names_the_run_and_shows_where_it_is_weak(finished):
    card = (finished / "README.md").read_text()
    assert "# sasrec on log.csv" in card and f"| protocol | P1, {USERS} users |" in card
    assert "| epochs | 3, of at most 3 " in card and "| training wall-clock | 0 min " in card
    assert "--config finished/config.json --run NEW" in card
    assert "| training | learning_rate | 0.01 |" in card
    assert "## Where it is weak" in card
    for title, picture in (("Learning curve", "learning_curve"), ("Breakdown", "breakdown")):
        assert f"![{title}]({picture}.png)" in card
        png = (finished / f"{picture}.png").read_bytes()
        assert png.startswith(b"\x89PNG") and len(png) > 10_000


def test_metrics_name_protocol_users_parts_and_baselines(finished):
    metrics = _json(finished / "metrics.json")
    parts = [
        "protocol",
        "users",
        "unasked",
        "repeats",
        "seen_targets",
        "test",
        "validation",
        "baselines",
        "baselines_validation",
        "baseline_settings",
        "against",
        "breakdown",
        "recommended",
    ]
    assert list(metrics) == [*parts, "model_digest"]
    assert (metrics["protocol"], metrics["users"]) == ("P1", USERS)
    names = ["popularity", "recent popularity", "markov", "item-knn", "ease"]
    assert list(metrics["baselines"]) == list(metrics["baselines_validation"]) == names
    for row in (metrics["test"], metrics["validation"], *metrics["baselines"].values()):
        assert set(row) == METRICS
        assert all(0 <= value <= 1 for value in row.values())
    # Every walk goes on to the next product, so the Markov chain is always right.
    assert metrics["baselines"]["markov"]["ndcg@10"] == 1


def test_the_breakdown_covers_every_test_query(finished):
    metrics = _json(finished / "metrics.json")
    lengths = metrics["breakdown"]["history_length"]
    # Walks are 5, 6, 7 or 8 long and end with the target; a quarter of each.
    assert {row["bucket"]: row["queries"] for row in lengths} == {
        "1-5": USERS // 2,
        "6-10": USERS // 2,
    }
    for rows in metrics["breakdown"].values():
        assert sum(row["queries"] for row in rows) == USERS
        assert all(row["markov"] == {"hit_rate@10": 1, "ndcg@10": 1} for row in rows)
        mean = sum(row["queries"] * row["model"]["ndcg@10"] for row in rows) / USERS
        assert mean == pytest.approx(metrics["test"]["ndcg@10"], abs=2e-6)


def test_settings_environment_and_history_are_written_down(finished):
    config = _json(finished / "config.json")
    assert config["data"]["id_type"] == "string"  # resolved, no longer "auto"
    assert config["data"]["min_item_count"] == 5  # of P1
    assert (config["training"]["recipe"], config["training"]["epochs"]) == ("auto", 3)
    assert {"tensorflow", "keras"} <= set(_json(finished / "environment.json")["packages"])
    history = read_history(finished)
    assert [row["epoch"] for row in history] == ["1", "2", "3"]
    assert set(history[0]) == {"epoch", "loss", "val_ndcg@10", "val_hit_rate@10"}
    assert float(history[2]["loss"]) < float(history[0]["loss"])


def test_a_finished_run_is_read_back(finished):
    run = read_run(finished)
    assert run.catalogue.ids.tolist() == [f"{item:02}" for item in range(1, ITEMS + 1)]
    assert run.catalogue.titles[0] == "Product 1, new"
    assert run.catalogue.id_name == "skus"
    best = max(float(row["val_ndcg@10"]) for row in read_history(finished))
    assert run.metrics.validation["ndcg@10"] == best
    encoded = run.encoder.encode(tf.ragged.constant([[1, 2], [3]], dtype=tf.int32))
    assert encoded.shape == (2, 8)


def test_runs_latest_is_the_newest_run(folder, finished):
    newest = finished_run(folder, *SMALL, "--epochs", "1", "--encoder", "gru4rec")
    assert newest.parent == folder / "runs" and newest.name.startswith("log-gru4rec-20")
    assert (folder / "runs/latest").resolve() == newest.resolve()
    assert {path.name for path in newest.iterdir()} == FILES


def test_the_same_settings_give_the_same_run(folder, finished):
    again = finished_run(folder, "--config", "finished/config.json", "--run", "again")
    assert _json(again / "config.json") == _json(finished / "config.json")
    assert _json(again / "metrics.json") == _json(finished / "metrics.json")
    assert read_history(again) == read_history(finished)


def test_a_resumed_run_ends_like_an_uninterrupted_one(folder, finished):
    resumed = finished_run(folder, *SEEDED, "--run", "resumed", "--epochs", "1")
    assert len(read_history(resumed)) == 1
    assert finished_run(folder, "--resume", "--run", "resumed", "--epochs", "3") == resumed
    assert _json(resumed / "metrics.json") == _json(finished / "metrics.json")
    assert read_history(resumed) == read_history(finished)
    one, other = read_run(resumed).encoder, read_run(finished).encoder
    for left, right in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-6)
    assert read_run(resumed).config == read_run(finished).config


def test_nothing_is_left_to_train_when_all_epochs_are_done(folder, finished):
    shutil.copytree(finished, folder / "done")
    code, out, err = run_command(folder, "--resume", "--run", "done")
    assert (code, out) == (0, "done\n")
    assert "Epoch" not in err and "finished after epoch 3" in err
    assert read_history(folder / "done") == read_history(finished)


def test_patience_stops_and_stays_spent(folder):
    # Steps too small for a float32 change no weight, so no epoch is better than the first one.
    still = [*SMALL, "--learning-rate", "1e-30", "--patience", "2", "--run", "still"]
    run = finished_run(folder, *still, "--epochs", "20")
    assert len(read_history(run)) == 3
    # By the link, which goes on meaning the run and not itself.
    assert finished_run(folder, "--resume", "--run", "runs/latest/", "--epochs", "30") == run
    assert os.readlink(folder / "runs/latest") == "../still"
    assert len(read_history(run)) == 3


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([*SMALL, "--run", "finished"], "--run: finished exists; give --force to replace it or"),
        ([*SMALL, "--run", "log.csv"], "--run: expected a folder. Received: the file log.csv."),
        (
            ["--resume", "--run", "finished", "--dim", "16"],
            "--dim: a resumed run keeps its settings; expected 8, as in finished/config.json. "
            "Received: 16.",
        ),
        (["--resume", "--run", "finished", "--seed", "4"], "--seed: a resumed run keeps"),
        (["--resume", "--run", "finished", "--epochs", "0"], "--epochs: expected at least 1"),
        (["--interactions", "gone.csv", "--run", "new"], "gone.csv"),
        ([*SMALL, "--min-item-count", "999", "--run", "new"], "no interaction is left"),
        ([*SMALL, "--min-item-count", "999", "--run", "finished", "--force"], "no interaction"),
        ([*SMALL, "--run", ".", "--force"], "--force: replaces a run, and . has no config.json"),
    ],
)
def test_what_cannot_be_trained_changes_nothing(folder, finished, argv, message):
    before = _snapshot(folder)
    code, out, err = run_command(folder, *argv)
    assert (code, out) == (2, "")
    line = err.removeprefix("loading TensorFlow\n")
    assert line.startswith("error: ") and line.count("\n") == 1 and message in line
    assert _snapshot(folder) == before
    assert not (folder / "new").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",01,", ",aa,", "item ids differ (first new: aa, first gone: 01)"),
        ("u1,03,1\nu1,04,2", "u1,04,1\nu1,03,2", "the order of interactions differs"),
        ("u0,01,0\n", "u0,01,0\nu0,06,9\n", "1 interactions more, the last time is 9"),
    ],
    ids=["item", "order", "row"],
)
def test_another_log_is_not_trained_on(folder, finished, tmp_path, old, new, said):
    shutil.copytree(finished, tmp_path / "finished")
    shutil.copy(folder / "titles.csv", tmp_path)
    text = (folder / "log.csv").read_text()
    assert old in text
    (tmp_path / "log.csv").write_text(text.replace(old, new))
    before = _snapshot(tmp_path)
    code, out, err = run_command(tmp_path, "--resume", "--run", "finished", "--epochs", "5")
    assert (code, out) == (2, "") and _snapshot(tmp_path) == before
    line = err.splitlines()[-1]
    assert line.startswith("error: finished: expected the log that it was trained on")
    assert f"Received: log.csv, {said}" in line and "--continue-from finished" in line


@contextlib.contextmanager
def _interrupted():
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finishing, "write_model_card", interrupted)
        yield


@contextlib.contextmanager
def _full_disk():
    """No file may grow beyond 20 kB, and `model.keras` would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (_interrupted, 130, "error: interrupted"),
        (_full_disk, 2, "error: done: no space left; what was there before is there still"),
    ],
)
def test_what_breaks_while_a_finished_run_is_written_changes_nothing(
    folder, finished, tmp_path, fault, code, said
):
    for name in ("log.csv", "titles.csv"):
        shutil.copy(folder / name, tmp_path)
    shutil.copytree(finished, tmp_path / "done")
    before = _snapshot(tmp_path)
    with fault():
        received, out, err = run_command(tmp_path, "--resume", "--run", "done")
    assert (received, out) == (code, "") and err.splitlines()[-1].startswith(said)
    assert _snapshot(tmp_path) == before


def test_another_run_goes_on_from_the_weights_with_new_data(folder, finished):
    rows = [
        f"u{user},{(user + step) % ITEMS + 2:02},{step}" for user in range(40) for step in range(9)
    ]
    (folder / "new.csv").write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")
    argv = ["--continue-from", "finished", "--interactions", "new.csv", "--run", "continued"]
    code, out, err = run_command(folder, *argv, "--learning-rate", "1e-30", "--epochs", "1")
    assert (code, out) == (0, "continued\n"), err
    assert "continuing from finished: 11 of 12 items carried over, 1 are new" in err
    one, other = read_run(folder / "continued"), read_run(finished)
    # Steps too small for a float32: "02" was row 2 and is row 1 now.
    tables = [run.encoder.item_table().numpy() for run in (one, other)]
    np.testing.assert_array_equal(tables[0][1:12], tables[1][2:])
    assert one.config.training.continue_from == "finished"
    assert one.log != other.log and one.log.interactions == len(rows)
    origin = _json(folder / "continued/environment.json")["continued_from"]
    assert origin == {"run": "finished", "model_digest": other.metrics.model_digest}


def test_force_replaces_a_run(folder, finished):
    shutil.copytree(finished, folder / "replaced")
    (folder / "replaced" / "old.txt").write_text("old")
    replaced = finished_run(folder, *SMALL, "--run", "replaced", "--force", "--epochs", "1")
    assert {path.name for path in replaced.iterdir()} == FILES
    assert len(read_history(replaced)) == 1


def test_a_checkpoint_of_other_settings_is_not_resumed(folder):
    run = finished_run(folder, *SEEDED, "--run", "edited", "--epochs", "1")
    config = _json(run / "config.json")
    config["encoder"]["dim"] = 16
    (run / "config.json").write_text(json.dumps(config))
    code, _, err = run_command(folder, "--resume", "--run", "edited")
    assert code == 2
    assert err.splitlines()[-1] == (
        "error: --resume: edited/checkpoint/state.json is of a run with --dim 8; "
        "expected the same. Received: 16."
    )
