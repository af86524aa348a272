"""Start the proof, in a process of its own; this side of it needs no TensorFlow."""

import json
import os
import subprocess
import sys
from pathlib import Path

# TensorFlow keeps what it frees, in pieces that the next large table may not fit into.
FREEING = {"TF_ONEDNN_USE_SYSTEM_ALLOCATOR": "1"}


class ProofError(RuntimeError):
    """An artifact answers otherwise than the Keras model, or the proof did not run."""


def run_proof(folders: list[Path]) -> dict:
    """Run `export.proof` in a fresh process.

    Args:
        folders: artifacts with their golden requests.

    Returns:
        The report of `export.proof.__main__.prove`.

    Raises:
        ProofError: the process broke; with what it said.
    """
    command = [sys.executable, "-m", "export.proof", *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | FREEING)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        said = done.stderr.strip() or "nothing"
        raise ProofError(
            f"the proof broke off with exit code {done.returncode}, so nothing is proven; "
            f"it said:\n{said}"
        ) from None
