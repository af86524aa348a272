"""The commands that an installation puts on the path."""

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

SCRIPTS = [
    entry.name
    for entry in distribution("seqrec-tf").entry_points
    if entry.group == "console_scripts"
]


def test_there_are_the_commands_of_all_stages():
    names = [
        "train",
        "evaluate",
        "quickstart",
        "export",
        "batch",
        "serve",
        "ask",
        "deploy",
        "rollout",
        "load",
    ]
    assert {f"seqrec-{name}" for name in names} <= set(SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_installed_command_starts(script, tmp_path):
    """The file that pip wrote, from a folder that is not the checkout."""
    path = Path(sys.executable).with_name(script)
    ended = subprocess.run(
        [path, "--help"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("usage: python -m ")
