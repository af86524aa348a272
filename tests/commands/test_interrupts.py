"""Real Ctrl-C for real commands: one line, exit code 130, nothing half-written, no process left."""

import random
import signal
from pathlib import Path
from subprocess import TimeoutExpired

import pytest
from helpers.interrupting import (
    SECONDS,
    imports_tensorflow,
    left_running,
    minds_signals,
    send,
    start,
    wait_for,
)
from helpers.processes import run_module

SMALL = ["--dim", "8", "--layers", "1", "--heads", "1", "--window", "10"]
# Words of a command -> seconds in which most of its work happens.
COMMANDS = {
    "seqrec_tf.train --run new": 6,
    "seqrec_tf.evaluate runs/done": 12,
    "export --format all --run runs/done --output new": 30,
    "export refresh items.csv models/seqrec": 20,
    "export verify models/seqrec/1": 15,
    "export inspect models/seqrec/1": 6,
    "export.batch --histories log.csv --output new.parquet": 8,
    "seqrec_tf.quickstart --epochs 1": 20,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with a run, an export, and what commands ask for."""
    folder = tmp_path_factory.mktemp("interrupted")
    for words in (
        ["seqrec_tf.train", "--epochs", "1", "--run", "runs/done", *SMALL],
        ["export", "--run", "runs/done"],
    ):
        done = run_module(*words, cwd=folder)
        assert done.returncode == 0, done.stderr
    (folder / "items.csv").write_text("id,neighbours\n999999,1193\n")
    rows = (f"{user},{item},{at}" for user in range(50) for at, item in enumerate((1193, 661, 914)))
    (folder / "log.csv").write_text("user_id,item_id,timestamp\n" + "\n".join(rows) + "\n")
    return folder


def tree(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def interrupt(process, log: Path, group: bool, may_be_done: bool = False) -> None:
    """Send Ctrl-C and look at the end of the process, which may have done its work before."""
    send(process, group)
    code = process.wait(SECONDS)
    said = log.read_text()
    if code == 0 and may_be_done:
        return
    assert code == 130, said
    assert said.splitlines()[-1] == "error: interrupted" and said.count("interrupted") == 1
    assert "Traceback" not in said and "Exception" not in said
    assert not left_running(process.pid)


@pytest.mark.parametrize("command", COMMANDS)
def test_at_a_random_moment(command, made, tmp_path):
    draw = random.Random(command)
    before = tree(made)
    for number, seconds in enumerate((0.5, COMMANDS[command])):
        log = tmp_path / f"{number}.txt"
        process = start(command.split(), made, log)
        wait_for(lambda process=process: minds_signals(process), process)
        try:
            process.wait(draw.uniform(0, seconds))
        except TimeoutExpired:
            interrupt(process, log, group=draw.random() < 0.5, may_be_done=True)
        left = {path for path in tree(made) - before if ".parts" not in str(path)}
        assert left == set() or process.returncode == 0
        before = tree(made)


@pytest.mark.parametrize(
    "command", ["seqrec_tf.train", "seqrec_tf.evaluate runs/done", "export --run runs/done"]
)
def test_while_tensorflow_is_imported(command, made, tmp_path):
    before = tree(made)
    process = start(command.split(), made, tmp_path / "log.txt")
    wait_for(lambda: imports_tensorflow(process), process)
    interrupt(process, tmp_path / "log.txt", group=True)
    assert tree(made) == before


def test_a_run_without_an_epoch_is_not_left(made, tmp_path):
    """Between the run directory's making and the first step."""
    process = start(["seqrec_tf.train", "--run", "new", *SMALL], made, tmp_path / "log.txt")
    wait_for(lambda: (made / "new/config.json").exists(), process)
    interrupt(process, tmp_path / "log.txt", group=False)
    assert not (made / "new").exists() and not list(made.glob(".seqrec-run-*"))


def test_an_export_that_is_proving_leaves_nothing(made, tmp_path):
    words = ["export", "--run", "runs/done", "--output", "new"]
    process = start(words, made, tmp_path / "log.txt")
    wait_for(lambda: len(children(process.pid)) > 0, process)
    interrupt(process, tmp_path / "log.txt", group=True)
    assert not (made / "new").exists()


def children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def test_sigterm_is_the_same_without_a_line(made, tmp_path):
    process = start(["export", "--run", "runs/done", "--output", "new"], made, tmp_path / "log.txt")
    wait_for(lambda: list(made.glob("new/.staging-*")) != [], process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 128 + signal.SIGTERM
    assert "error" not in (tmp_path / "log.txt").read_text()
    assert not (made / "new").exists()
