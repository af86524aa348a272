"""Candidates that are trained by halves; what is left is trained as if it had been alone."""

import itertools
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from helpers.tiny_runs import SMALL, finished_run, read_history, run_command, write_log

from seqrec_tf.runs.directory import read_run
from seqrec_tf.runs.search import described
from seqrec_tf.settings.config import RunConfig
from seqrec_tf.training import searching
from seqrec_tf.training.callbacks import Checkpoint, take_over
from seqrec_tf.training.searching import Trial, affordable, better_half

PLAIN = [*SMALL, "--epochs", "3", "--min-steps", "0"]
SEARCH = [*PLAIN, "--search-minutes", "30", "--candidates", "dropout,learning_rate,gated"]
PAIR = [*PLAIN, "--search-minutes", "30", "--candidates", "dropout"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_log(tmp_path_factory.mktemp("search"))


@pytest.fixture(scope="module")
def searched(folder) -> Path:
    return finished_run(folder, *SEARCH, "--run", "searched")


def _search(run: Path) -> dict:
    return json.loads((run / "search.json").read_text())


def _taken(run: Path) -> dict:
    return next(row for row in _search(run)["considered"] if row["taken"])


def _without_clock(search: dict) -> dict:
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in search["considered"]]
    return search | {"considered": rows}


def _assert_same(one: Path, other: Path) -> None:
    assert read_history(one) == read_history(other)
    weights = [read_run(run).encoder.get_weights() for run in (one, other)]
    for left, right in zip(*weights, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-6)


def test_halves_go_on_until_one_is_left(searched):
    found = _search(searched)
    epochs = sorted(row["epochs"] for row in found["considered"])
    assert epochs == [1, 1, 2, 2] and found["left_out"] == []
    assert found["considered"][0]["settings"] == {}
    best = max(found["considered"], key=lambda row: (row["epochs"], row["validation_ndcg@10"]))
    assert best["taken"] and [row["taken"] for row in found["considered"]].count(True) == 1
    assert not (searched / "checkpoint/trials").exists()
    assert len(read_history(searched)) == 3


def test_the_winner_is_what_it_would_have_been_alone(folder, searched):
    flags = described(_taken(searched)["settings"]).split()
    _assert_same(finished_run(folder, *PLAIN, *flags, "--run", "alone"), searched)


def test_config_and_card_say_what_is_in_force_and_what_was_considered(folder, searched):
    values = read_run(searched).config.as_dict()
    for section, settings in _taken(searched)["settings"].items():
        assert settings.items() <= values[section].items()
    card = (searched / "README.md").read_text()
    assert "## What was considered" in card and card.count(" | taken |") == 1
    assert "| `--gated` |" in card


def test_a_killed_search_goes_on_where_it_was(folder, searched, monkeypatch):
    """Killed in the second look, and again while the winner's state becomes the run's."""
    save, count = Checkpoint._save_state, itertools.count(1)

    def save_and_die(checkpoint, epoch):
        save(checkpoint, epoch)
        if next(count) == 5:
            raise KeyboardInterrupt

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "_save_state", save_and_die)
    assert run_command(folder, *SEARCH, "--run", "killed")[0] == 130
    monkeypatch.undo()
    monkeypatch.setattr(searching, "take_over", die)
    assert run_command(folder, "--resume", "--run", "killed")[0] == 130
    monkeypatch.undo()
    monkeypatch.setattr(searching, "take_over", lambda *folders: die(take_over(*folders)))
    assert run_command(folder, "--resume", "--run", "killed")[0] == 130
    monkeypatch.undo()
    resumed = finished_run(folder, "--resume", "--run", "killed")
    assert _without_clock(_search(resumed)) == _without_clock(_search(searched))
    _assert_same(resumed, searched)
    assert not (resumed / "checkpoint/trials").exists()


def test_a_signal_ends_search_and_training_with_the_best_so_far(folder, monkeypatch):
    save, count = Checkpoint._save_state, itertools.count(1)

    def save_and_signal(checkpoint, epoch):
        save(checkpoint, epoch)
        if next(count) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Checkpoint, "_save_state", save_and_signal)
    run = finished_run(folder, *PAIR, "--run", "stopped")
    monkeypatch.undo()
    assert len(read_history(run)) == 1 and _taken(run)["settings"] == {}
    assert len(_search(run)["considered"]) == 1
    assert _search(run)["left_out"] == [{"encoder": {"dropout": 0.5}}]
    # What was begun can be finished; the choice stays.
    finished_run(folder, "--resume", "--run", "stopped")
    assert len(read_history(run)) == 3


def test_a_budget_for_nobody_else_trains_as_without_a_search(folder):
    flags = [*PAIR, "--search-minutes", "1e-6"]
    code, _, err = run_command(folder, *flags, "--run", "poor")
    assert code == 0, err
    assert "search: no other candidate fits into --search-minutes 1e-06; one takes about " in err
    assert _search(folder / "poor")["left_out"] == [{"encoder": {"dropout": 0.5}}]
    card = (folder / "poor/README.md").read_text()
    assert "Not tried within 1e-06 minutes: `--dropout 0.5`." in card
    assert len(read_history(folder / "poor")) == 3


def test_a_continued_run_keeps_what_was_chosen(folder):
    """A run whose search took what it was not asked for."""
    chosen = finished_run(folder, *PAIR, "--gated", "--run", "chosen")
    config = json.loads((chosen / "config.json").read_text())
    config["asked"] = {"encoder": {"gated": False}}
    (chosen / "config.json").write_text(json.dumps(config))
    search = _search(chosen)
    for row in search["considered"]:
        row |= {"settings": {"encoder": {"gated": True}}, "taken": True}
    (chosen / "search.json").write_text(json.dumps(search))
    run = read_run(finished_run(folder, "--continue-from", "chosen", "--run", "continued"))
    assert run.config.encoder.gated and not (run.path / "search.json").exists()


@pytest.mark.parametrize(
    ("flags", "received"),
    [
        (["--candidates", ""], "0 candidates and 3 epochs"),
        (["--epochs", "2"], "1 candidates and 2 epochs"),
    ],
)
def test_where_there_is_nothing_to_search_it_is_said(folder, flags, received):
    code, _, err = run_command(folder, *PAIR, *flags, "--run", "nothing", "--force")
    assert code == 0 and f"Received: {received}; nothing is searched" in err
    assert not (folder / "nothing/search.json").exists()


def test_times_are_a_candidate_where_they_say_something(folder, tmp_path):
    flags = [*PLAIN, "--search-minutes", "30", "--candidates", "time-bias", "--run", "timed"]
    code, _, err = run_command(folder, *flags)
    assert code == 2 and not (folder / "timed").exists()
    assert err.splitlines()[-1] == (
        "error: --time-bias: expected times above 0 in log.csv, since 0 stands for an unknown one. "
        "Received: 0."
    )
    write_log(tmp_path)
    log = tmp_path / "log.csv"
    header, *rows = [line.split(",") for line in log.read_text().splitlines()]
    told = [[user, item, str(100 + int(at) ** 2)] for user, item, at in rows]
    log.write_text("\n".join(",".join(row) for row in [header, *told]) + "\n")
    run = finished_run(tmp_path, *flags)
    assert [row["settings"] for row in _search(run)["considered"]] == [
        {},
        {"encoder": {"time_bias": True}},
    ]
    told = [[user, item, str(1_000 * int(at))] for user, item, at in told]
    log.write_text("\n".join(",".join(row) for row in [header, *told]) + "\n")
    code, _, err = run_command(tmp_path, "--resume", "--run", "timed")
    assert code == 2 and "the last time is 149000 instead of 149" in err


def test_a_search_is_not_begun_from_another_runs_weights(folder, searched):
    flags = ["--continue-from", "searched", "--search-minutes", "5"]
    code, _, err = run_command(folder, *flags, "--run", "both")
    assert code == 2 and err.splitlines()[-1] == (
        "error: --search-minutes: expected a training from its beginning. Received: "
        "--continue-from searched."
    )


@pytest.mark.parametrize(
    ("budget", "count"), [(0, 0), (9.9, 0), (10, 1), (19.9, 1), (20, 2), (39, 2), (40, 3), (99, 3)]
)
def test_how_many_fit(budget, count):
    """Of ten seconds each: three others go to the first look, and one of them to the second."""
    assert affordable(10.0, budget, most=3) == count


def test_of_equals_the_earlier_goes_on():
    rows = ([0.1, 0.3], [0.3, 0.1], [0.2, 0.9], [])
    trials = [
        Trial({}, RunConfig(), Path(), [{"val_ndcg@10": value} for value in values])
        for values in rows
    ]
    assert better_half(trials, 2) == [trials[2], trials[0]]
    assert better_half(trials, 1) == [trials[1], trials[2]]
    assert better_half(trials[:1], 1) == trials[:1]
