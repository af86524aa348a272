"""Whole trainings with every setting that touches how weights move: repeated, resumed, broken."""

import json
import shlex

import keras
import numpy as np
import pytest
from helpers.tiny_runs import SMALL, USERS, finished_run, read_history, run_command, write_log

from seqrec_tf.runs.directory import read_run
from seqrec_tf.training.callbacks import Checkpoint

# All that a state between epochs must carry: dropout, schedule, average, cuts, draws, a sample.
EVERYTHING = [
    *SMALL,
    *shlex.split(
        "--dropout 0.3 --examples slices --window 3 --objective sampled-softmax --negatives 6 "
        "--popularity-share 0.5 --in-batch-negatives --schedule cosine --warmup 0.5 --average 0.9 "
        "--validation-users 10 --epochs 3 --min-steps 0 --seed 3"
    ),
]
ENCODERS = ["sasrec", "gru4rec"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("fitting"))


@pytest.fixture(scope="module", params=ENCODERS)
def finished(request, folder):
    """Three epochs without an interruption."""
    name = f"finished-{request.param}"
    return finished_run(folder, *EVERYTHING, "--encoder", request.param, "--run", name)


def _metrics(run) -> dict:
    return json.loads((run / "metrics.json").read_text())


def _assert_same(one, other) -> None:
    assert read_history(one) == read_history(other)
    assert _metrics(one) == _metrics(other)
    weights = [read_run(run).encoder.get_weights() for run in (one, other)]
    for left, right in zip(*weights, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-6)


def test_the_same_seed_gives_the_same_run(folder, finished):
    argv = ["--config", f"{finished.name}/config.json", "--run", "again", "--force"]
    _assert_same(finished_run(folder, *argv), finished)


def test_a_killed_run_is_resumed_as_if_nothing_had_happened(folder, finished, monkeypatch):
    save = Checkpoint._save_state

    def save_and_die(checkpoint, epoch):
        save(checkpoint, epoch)
        raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "_save_state", save_and_die)
    argv = ["--config", f"{finished.name}/config.json", "--run", "killed", "--force"]
    assert run_command(folder, *argv)[0] == 130
    monkeypatch.undo()
    state = json.loads((folder / "killed" / "checkpoint" / "state.json").read_text())
    assert len(state["history"]) == 1
    _assert_same(finished_run(folder, "--resume", "--run", "killed"), finished)


def test_validation_may_look_at_a_sample_the_final_metrics_at_everybody(finished):
    for row in read_history(finished):
        hits = 10 * float(row["val_hit_rate@10"])  # of ten users
        assert hits == pytest.approx(round(hits))
    assert _metrics(finished)["users"] == USERS


def test_a_run_in_16_bits_leaves_a_model_in_32(folder):
    argv = ["--precision", "mixed_float16", "--average", "0.9", "--epochs", "2", "--run", "half"]
    run = finished_run(folder, *SMALL, *argv)
    assert keras.config.dtype_policy().name == "float32"
    first, second = (float(row["loss"]) for row in read_history(run))
    assert second < first
    encoder = read_run(run).encoder
    assert encoder.compute_dtype == "float32" and {w.dtype for w in encoder.weights} == {"float32"}


def test_a_loss_that_is_no_number_is_one_line_and_no_model(folder):
    # The second step meets weights of 1e30.
    argv = ["--learning-rate", "1e30", "--warmup", "0", "--run", "broken"]
    code, out, err = run_command(folder, *SMALL, *argv)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        "error: The loss was no number at step 2; training stopped. "
        "No epoch was complete, so there is no model."
    )
    names = {path.name for path in (folder / "broken").iterdir()}
    assert not names & {"model.keras", "metrics.json", "history.csv"}


def test_a_loss_that_is_no_number_leaves_the_best_epoch_before(folder):
    # All histories in one batch, so an epoch is a step. With two epochs of warm-up the learning
    # rate is 0 in the first, so the second still starts from good weights, and the third not.
    argv = shlex.split("--batch-size 64 --learning-rate 1e30 --warmup 2 --epochs 9 --run late")
    code, out, err = run_command(folder, *SMALL, *argv)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == (
        "error: The loss was no number at step 3; training stopped. "
        "late holds epoch 1, the best before."
    )
    run = read_run(folder / "late")
    assert [row["epoch"] for row in read_history(run.path)] == ["1", "2"]
    assert all(np.isfinite(part).all() for part in run.encoder.get_weights())
    assert run.metrics.validation["ndcg@10"] == float(read_history(run.path)[0]["val_ndcg@10"])
