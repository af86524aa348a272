"""`python -m export` has commands, and every spelling that it had before."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
COMMANDS = ("run", "verify", "inspect", "refresh", "batch")
LIKE_BEFORE = [
    ("export run --run nowhere", "export --run nowhere"),
    ("export run", "export"),
    ("export run --k ten", "export --k ten"),
    (
        "export refresh new.csv nowhere",
        "export --refresh-items new.csv --version-of nowhere",
    ),
    (
        "export batch --histories nowhere.csv --output a.parquet",
        "export.batch --histories nowhere.csv --output a.parquet",
    ),
    (
        "export batch --histories log.csv --output a.csv",
        "export.batch --histories log.csv --output a.csv",
    ),
]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, timeout=120
    )


def test_help_names_the_commands_and_is_there_at_once(tmp_path):
    seconds = []
    for _ in range(3):
        start = time.monotonic()
        done = run(tmp_path, "export", "--help")
        seconds.append(time.monotonic() - start)
    described = done.stdout.partition("\ncommands:\n")[2]
    assert all(f"\n    {command} " in described for command in COMMANDS)
    assert min(seconds) < 1


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_examples(command, tmp_path):
    done = run(tmp_path, "export", command, "--help")
    assert done.stdout.startswith(f"usage: python -m export {command} ")
    assert "examples:\n" in done.stdout and "--verbose" in done.stdout


@pytest.mark.parametrize(("spelling", "before"), LIKE_BEFORE)
def test_a_new_spelling_means_what_an_old_one_does(spelling, before, tmp_path):
    new, old = (run(tmp_path, *words.split()) for words in (spelling, before))
    assert new.returncode == old.returncode == 2
    # Which help is named, is what may differ.
    assert new.stderr.partition(" (see ")[0] == old.stderr.partition(" (see ")[0] != ""
    assert new.stderr.count("\n") == 1 and new.stdout == old.stdout == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("nowhere", "argument COMMAND: invalid choice: 'nowhere' (choose from 'run', 'verify'"),
        ("--k 5 batch --histories a --output b", "expected batch first and all flags after it"),
        ("verify", "the following arguments are required: folder"),
        ("verify models/seqrec/1", "models/seqrec/1"),
        ("inspect models/seqrec/1", "models/seqrec/1"),
        ("verify a b", "unrecognized arguments: b"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(words, message, tmp_path):
    done = run(tmp_path, "export", *words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert message in done.stderr
