"""The proof's process, when it breaks: what it said is not lost."""

import sys
from pathlib import Path

import pytest

from export.proof.process import ProofError, run_proof


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a shell script in the place of Python."""

    def written(script: str) -> None:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))

    return written


def test_what_it_said_is_in_the_error(program):
    program("echo out of luck >&2; exit 3")
    with pytest.raises(ProofError, match="exit code 3, .* it said:\nout of luck$"):
        run_proof([Path("models/1")])


def test_a_killed_process_says_nothing(program):
    program("kill -9 $$")
    with pytest.raises(ProofError, match="exit code -9, .* it said:\nnothing$"):
        run_proof([Path("models/1")])
