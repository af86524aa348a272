"""Every flag that a command once had, it has: scripts of other people name them.

`flags.json` was written from `--help` on 2026-11-26, before the packages were laid out in rooms. A
new flag need not stand there; one that goes breaks somebody's script.
"""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers.processes import REPOSITORY

FLAGS = json.loads(Path(__file__).with_name("flags.json").read_text(encoding="utf-8"))


def helps(*command: str) -> str:
    """What `--help` prints; the command must end well and at once."""
    done = subprocess.run(
        [*command, "--help"], cwd=REPOSITORY, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def helped() -> dict[str, str]:
    """The help of every command: `export verify` is `python -m export verify --help`."""
    commands = [[sys.executable, "-m", *command.split()] for command in FLAGS]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(FLAGS, pool.map(lambda words: helps(*words), commands), strict=True))


@pytest.mark.parametrize("command", FLAGS)
def test_every_flag_is_still_there(command, helped):
    # Where a flag is described: its line begins with it, two columns in.
    described = re.findall(r"^  (-.*?)(?:  |$)", helped[command], re.MULTILINE)
    known = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", "\n".join(described)))
    assert known >= set(FLAGS[command])


@pytest.mark.parametrize("command", FLAGS)
def test_the_help_names_the_command(command, helped):
    assert helped[command].startswith(f"usage: python -m {command} ")
