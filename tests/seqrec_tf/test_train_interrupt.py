"""Ctrl-C in a real process: training ends in good order, and can be continued."""

import csv
import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tensorflow as tf
from helpers.processes import environment

from seqrec_tf import train
from seqrec_tf.runs.directory import read_run

COMMAND = shlex.split(
    "-m seqrec_tf.train --run interrupted --dim 8 --heads 1 --layers 1 --window 10 --epochs 100000 "
    "--patience 100000"
)


def _start(folder: Path) -> subprocess.Popen:
    with open(folder / "stderr.txt", "w") as progress:
        return subprocess.Popen(
            [sys.executable, *COMMAND],
            cwd=folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=progress,
            text=True,
        )


def _epochs(run: Path) -> int:
    try:
        return len(json.loads((run / "checkpoint/state.json").read_text())["history"])
    except FileNotFoundError:
        return 0


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A training of the demo that got SIGINT after its third epoch: exit code, stdout, folder."""
    folder = tmp_path_factory.mktemp("interrupt")
    process = _start(folder)
    try:
        patience = time.monotonic() + 120
        while _epochs(folder / "interrupted") < 3 and time.monotonic() < patience:
            assert process.poll() is None, (folder / "stderr.txt").read_text()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, out, folder


def test_it_ends_like_a_finished_run(interrupted):
    code, out, folder = interrupted
    assert (code, out) == (0, "interrupted\n")
    progress = (folder / "stderr.txt").read_text()
    assert "interrupted after epoch " in progress and "Traceback" not in progress
    assert (folder / "runs/latest").resolve() == folder / "interrupted"


def test_it_keeps_every_whole_epoch_and_the_best_model(interrupted):
    run = interrupted[2] / "interrupted"
    with open(run / "history.csv", newline="") as file:
        history = list(csv.DictReader(file))
    assert 3 <= len(history) < 100000
    assert len(history) == _epochs(run)
    best = max(float(row["val_ndcg@10"]) for row in history)
    assert read_run(run).metrics.validation["ndcg@10"] == best
    encoded = read_run(run).encoder.encode(tf.ragged.constant([[1, 2, 3]], dtype=tf.int32))
    assert encoded.shape == (1, 8)


def test_it_can_be_continued(interrupted, monkeypatch, capsys):
    folder = interrupted[2]
    done = _epochs(folder / "interrupted")
    argv = ["train", "--resume", "--run", "interrupted", "--epochs", str(done + 1)]
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", argv)
    train.main()
    assert capsys.readouterr().out == "interrupted\n"
    assert _epochs(folder / "interrupted") == done + 1
