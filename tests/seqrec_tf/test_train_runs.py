"""Whole trainings on a tiny log: what they leave behind, repeat, refuse and continue."""

import contextlib
import csv
import io
import json
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from seqrec_tf import train
from seqrec_tf.run_directory import read_run

USERS, ITEMS = 40, 12
SMALL = shlex.split(
    "--interactions log.csv --titles titles.csv --id-name skus --dim 8 --layers 1 --window 6 "
    "--batch-size 8 --learning-rate 0.01 --length-buckets 2 --schedule constant"
)
SEEDED = [*SMALL, "--objective", "bce", "--seed", "3"]
FILES = {
    "config.json",
    "environment.json",
    "metrics.json",
    "history.csv",
    "model.keras",
    "items.csv",
    "logs",
    "README.md",
    "learning_curve.png",
    "breakdown.png",
    "checkpoint",
}
METRICS = {f"{name}@{k}" for name in ("hit_rate", "ndcg", "mrr", "coverage") for k in (5, 10, 20)}


def _train(folder: Path, *argv: str) -> tuple[int, str, str]:
    """Run the command in `folder`: exit code, stdout, stderr."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["train", *argv])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                train.main()
            except SystemExit as end:
                code = end.code
    return code, out.getvalue(), err.getvalue()


def _run(folder: Path, *argv: str) -> Path:
    """Train successfully; the run directory."""
    code, out, err = _train(folder, *argv)
    assert code == 0, err
    assert out.count("\n") == 1
    return folder / out.strip()


def _history(run: Path) -> list[dict[str, str]]:
    """`history.csv` without the clock."""
    with open(run / "history.csv", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def _json(path: Path):
    return json.loads(path.read_text())


def _snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A log of users who walk in a circle of twelve products, "01" to "12"."""
    folder = tmp_path_factory.mktemp("train")
    walks = [[(user + step) % ITEMS + 1 for step in range(5 + user % 4)] for user in range(USERS)]
    rows = [f"u{u},{item:02},{at}" for u, walk in enumerate(walks) for at, item in enumerate(walk)]
    (folder / "log.csv").write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")
    titles = [f'{item:02},"Product {item}, new"' for item in range(1, ITEMS + 1)]
    (folder / "titles.csv").write_text("item_id,title\n" + "\n".join(titles) + "\n")
    return folder


@pytest.fixture(scope="module")
def finished(folder):
    """Three epochs without an interruption."""
    return _run(folder, *SEEDED, "--run", "finished", "--epochs", "3")


def test_the_run_directory_is_complete(finished):
    assert {path.name for path in finished.iterdir()} == FILES
    assert (finished / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
    assert list((finished / "logs").rglob("events.out.tfevents.*"))
    card = (finished / "README.md").read_text()
    assert "# sasrec on log.csv" in card and "![Learning curve](learning_curve.png)" in card
    assert "Protocol P1." in card and "| training | learning_rate | 0.01 |" in card


def test_metrics_name_protocol_users_parts_and_baselines(finished):
    metrics = _json(finished / "metrics.json")
    assert list(metrics) == ["protocol", "users", "test", "validation", "baselines", "breakdown"]
    assert (metrics["protocol"], metrics["users"]) == ("P1", USERS)
    assert set(metrics["baselines"]) == {"popularity", "markov"}
    for row in (metrics["test"], metrics["validation"], *metrics["baselines"].values()):
        assert set(row) == METRICS
        assert all(0 <= value <= 1 for value in row.values())
    # Every walk goes on to the next product, so the Markov chain is always right.
    assert metrics["baselines"]["markov"]["ndcg@10"] == 1


def test_settings_environment_and_history_are_written_down(finished):
    config = _json(finished / "config.json")
    assert config["data"]["id_type"] == "string"  # resolved, no longer "auto"
    assert config["data"]["min_item_count"] == 5  # of P1
    assert (config["training"]["recipe"], config["training"]["epochs"]) == ("best-sasrec", 3)
    assert {"tensorflow", "keras"} <= set(_json(finished / "environment.json")["packages"])
    history = _history(finished)
    assert [row["epoch"] for row in history] == ["1", "2", "3"]
    assert set(history[0]) == {"epoch", "loss", "val_ndcg@10", "val_hit_rate@10"}
    assert float(history[2]["loss"]) < float(history[0]["loss"])


def test_a_finished_run_is_read_back(finished):
    run = read_run(finished)
    assert run.catalogue.ids.tolist() == [f"{item:02}" for item in range(1, ITEMS + 1)]
    assert run.catalogue.titles[0] == "Product 1, new"
    assert run.catalogue.id_name == "skus"
    best = max(float(row["val_ndcg@10"]) for row in _history(finished))
    assert run.metrics["validation"]["ndcg@10"] == best
    encoded = run.encoder.encode(tf.ragged.constant([[1, 2], [3]], dtype=tf.int32))
    assert encoded.shape == (2, 8)


def test_runs_latest_is_the_newest_run(folder, finished):
    newest = _run(folder, *SMALL, "--epochs", "1", "--encoder", "gru4rec")
    assert newest.parent == folder / "runs" and newest.name.startswith("log-gru4rec-20")
    assert (folder / "runs/latest").resolve() == newest.resolve()
    assert {path.name for path in newest.iterdir()} == FILES


def test_the_same_settings_give_the_same_run(folder, finished):
    again = _run(folder, "--config", "finished/config.json", "--run", "again")
    assert _json(again / "config.json") == _json(finished / "config.json")
    assert _json(again / "metrics.json") == _json(finished / "metrics.json")
    assert _history(again) == _history(finished)


def test_a_resumed_run_ends_like_an_uninterrupted_one(folder, finished):
    resumed = _run(folder, *SEEDED, "--run", "resumed", "--epochs", "1")
    assert len(_history(resumed)) == 1
    assert _run(folder, "--resume", "--run", "resumed", "--epochs", "3") == resumed
    assert _json(resumed / "metrics.json") == _json(finished / "metrics.json")
    assert _history(resumed) == _history(finished)
    one, other = read_run(resumed).encoder, read_run(finished).encoder
    for left, right in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-6)
    assert read_run(resumed).config == read_run(finished).config


def test_nothing_is_left_to_train_when_all_epochs_are_done(folder, finished):
    shutil.copytree(finished, folder / "done")
    code, out, err = _train(folder, "--resume", "--run", "done")
    assert (code, out) == (0, "done\n")
    assert "Epoch" not in err and "finished after epoch 3" in err
    assert _history(folder / "done") == _history(finished)


def test_patience_stops_and_stays_spent(folder):
    # Steps too small for a float32 change no weight, so no epoch is better than the first one.
    still = [*SMALL, "--learning-rate", "1e-30", "--patience", "2", "--run", "still"]
    assert len(_history(_run(folder, *still, "--epochs", "20"))) == 3
    assert len(_history(_run(folder, "--resume", "--run", "still", "--epochs", "30"))) == 3


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
    code, out, err = _train(folder, *argv)
    assert (code, out) == (2, "")
    line = err.removeprefix("loading TensorFlow\n")
    assert line.startswith("error: ") and line.count("\n") == 1 and message in line
    assert _snapshot(folder) == before
    assert not (folder / "new").exists()


def test_force_replaces_a_run(folder, finished):
    shutil.copytree(finished, folder / "replaced")
    (folder / "replaced" / "old.txt").write_text("old")
    replaced = _run(folder, *SMALL, "--run", "replaced", "--force", "--epochs", "1")
    assert {path.name for path in replaced.iterdir()} == FILES
    assert len(_history(replaced)) == 1


def test_a_checkpoint_of_other_settings_is_not_resumed(folder):
    run = _run(folder, *SEEDED, "--run", "edited", "--epochs", "1")
    config = _json(run / "config.json")
    config["encoder"]["dim"] = 16
    (run / "config.json").write_text(json.dumps(config))
    code, _, err = _train(folder, "--resume", "--run", "edited")
    assert code == 2
    assert err.splitlines()[-1] == (
        "error: --resume: edited/checkpoint/state.json is of a run with --dim 8; "
        "expected the same. Received: 16."
    )
