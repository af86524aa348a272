"""A run directory changes as one: whenever its writer is killed, whoever looks meanwhile."""

import json
import os
from pathlib import Path

import pytest
from helpers.processes import REPOSITORY, printed

from seqrec_tf.errors import InputError
from seqrec_tf.folders import take_lock
from seqrec_tf.runs.changes import PREFIX, claimed

RESULTS = ("config.json", "items.csv", "metrics.json", "model.keras")
# Writes the second state of argv[1] again and again, each time in a process of its own, killed
# one system call later than the one before; prints a JSON list of what it left each time.
KILLER = """
import json, os, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[2].split(os.pathsep)
from test_changes import fill, look, start
from seqrec_tf.runs import changes as run_changes

os.fsync = lambda handle: None  # a kill is no power cut, and the disk takes its time
EVENTS = ("open", "os.", "shutil.", "fcntl.", "ctypes.")

def killed_at(number, run):
    child = os.fork()
    if child:
        return os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    count = 0
    def hook(event, _):
        nonlocal count
        if event.startswith(EVENTS):
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    with run_changes.claimed(run) as claim:
        kind = sys.argv[3]
        with claim.updated() if kind == "updated" else claim.created(force=True) as folder:
            fill(folder, "after")
    os._exit(0)

if sys.argv[3] == "in place":
    def refused(*_): raise OSError(22, "Invalid argument")
    run_changes.exchange = refused
    sys.argv[3] = "updated"
left, number, killed = [], 0, True
while killed:
    number += 1
    run = Path(sys.argv[1], str(number), "run")
    start(run)
    killed = killed_at(number, run)
    left.append(look(run))
    start(run.with_name("next"))
    left[-1].append(sorted(path.name for path in run.parent.iterdir()))
print(json.dumps(left))
"""


def fill(folder: Path, state: str) -> None:
    """All results of a training, each saying which."""
    for name in RESULTS:
        (folder / name).write_text(state)


def start(run: Path) -> None:
    """A finished run with a checkpoint, a log and somebody's own notes and link."""
    with claimed(run) as claim, claim.created(force=False) as folder:
        fill(folder, "before")
    (run / "checkpoint/state.json").write_text("{}")
    (run / "logs/train").mkdir(parents=True)
    (run / "logs/train/events").write_text("events")
    (run / "notes.txt").write_text("mine")
    (run / "link").symlink_to("notes.txt")


def look(run: Path) -> list:
    """What the results say, and what else is there."""
    said = {(run / name).read_text() for name in RESULTS if (run / name).exists()}
    others = [path for path in run.rglob("*") if path.name not in RESULTS]
    there = [str(path.relative_to(run)) for path in others]
    return [(run / "metrics.json").exists(), sorted(said), sorted(there)]


OTHERS = ["checkpoint", "checkpoint/state.json", "link", "logs", "logs/train"]
OTHERS += ["logs/train/events", "notes.txt"]


def _kill_everywhere(folder: Path, kind: str) -> list:
    places = os.pathsep.join([str(Path(__file__).parent), str(REPOSITORY / "tests")])
    return json.loads(printed(KILLER, folder, places, kind))


def test_a_writer_killed_at_any_system_call_leaves_the_run_before_or_after(tmp_path):
    left = _kill_everywhere(tmp_path, "updated")
    assert len(left) > 30
    assert {tuple(said) for _, said, *_ in left} == {("before",), ("after",)}
    for finished, _, others, names in left:
        assert finished and others == OTHERS
        assert names == ["next", "run"]  # the next writer removes what a killed one left


def test_a_run_that_is_replaced_by_force_is_the_old_one_or_the_new_one(tmp_path):
    left = _kill_everywhere(tmp_path, "created")
    found = {(tuple(said), tuple(others)) for _, said, others, _ in left}
    assert found == {(("before",), tuple(OTHERS)), (("after",), ("checkpoint",))}


def test_where_folders_cannot_change_names_a_part_of_a_run_is_no_finished_run(tmp_path):
    left = _kill_everywhere(tmp_path, "in place")
    assert all(len(said) == 1 for finished, said, *_ in left if finished)
    assert {tuple(said) for finished, said, *_ in left if finished} == {("before",), ("after",)}
    for *_, others, _ in left:
        assert others == OTHERS


def test_the_working_directory_stays_the_working_directory(tmp_path, monkeypatch):
    start(tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run/logs")
    number = os.stat("..").st_ino
    with claimed(Path("..")) as claim, claim.updated() as folder:
        fill(folder, "after")
    assert os.stat("..").st_ino == number == os.stat(tmp_path / "run").st_ino
    assert look(tmp_path / "run") == [True, ["after"], OTHERS]


def test_links_that_the_file_system_does_not_have_are_copies(tmp_path, monkeypatch):
    start(tmp_path / "run")

    def refused(*_, **__):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    with claimed(tmp_path / "run") as claim, claim.updated() as folder:
        fill(folder, "after")
    assert look(tmp_path / "run") == [True, ["after"], OTHERS]


def test_an_error_changes_nothing(tmp_path):
    start(tmp_path / "run")
    with pytest.raises(KeyError), claimed(tmp_path / "run") as claim, claim.updated() as folder:
        fill(folder, "after")
        raise KeyError
    assert look(tmp_path / "run") == [True, ["before"], OTHERS]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_full_disk_is_one_line_and_changes_nothing(tmp_path):
    start(tmp_path / "run")
    words = "no space left; what was there before is there still.*No space left on device"
    with (
        pytest.raises(InputError, match=words),
        claimed(tmp_path / "run") as claim,
        claim.updated() as folder,
    ):
        fill(folder, "after")
        raise RuntimeError("h5: errno = 28, error message = 'No space left on device'")
    assert look(tmp_path / "run") == [True, ["before"], OTHERS]


def test_two_trainings_do_not_write_one_run(tmp_path):
    run, words = tmp_path / "run", "another training writes this run"
    (tmp_path / "link").symlink_to("run")
    with claimed(run) as first, claimed(run) as early:
        with first.created(force=False) as folder:
            fill(folder, "before")
        for name in ("run", "link"):  # also by another name
            with pytest.raises(InputError, match=words):
                claimed(tmp_path / name).__enter__()
        # One that looked before the first was there, with and without --force.
        with pytest.raises(InputError, match=words), early.created(force=True) as folder:
            fill(folder, "after")
        with pytest.raises(InputError, match="exists; give --force"), early.created(False):
            pass
        with first.updated() as folder:
            fill(folder, "after")
        with pytest.raises(InputError, match=words):  # still, though it is another folder now
            claimed(run).__enter__()
    claimed(run).__enter__().release()
    assert look(run)[1] == ["after"]


def test_default_names_that_meet_are_numbered(tmp_path):
    start(tmp_path / "run")
    names = iter([tmp_path / "run", tmp_path / "run-2"])
    with claimed(tmp_path / "other") as claim:
        claim._name(tmp_path / "run")  # was free when it was chosen
        with claim.created(False, another=lambda: next(names)) as folder:
            fill(folder, "new")
        assert claim.path == tmp_path / "run-2"
    assert (look(tmp_path / "run")[1], look(tmp_path / "run-2")[1]) == (["before"], ["new"])


def test_hidden_folders_of_the_living_and_of_others_stay(tmp_path):
    for name in (f"{PREFIX}living", f"{PREFIX}dead", ".seqrec-other"):
        (tmp_path / name).mkdir()
    lock = take_lock(tmp_path / f"{PREFIX}living")
    start(tmp_path / "run")
    os.close(lock)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{PREFIX}living",
        ".seqrec-other",
        "run",
    }
