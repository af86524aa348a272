"""Start the proof, in a process of its own; this side of it needs no TensorFlow."""

import json
import os
import sys
from pathlib import Path
from subprocess import PIPE

from export.artifact.documents import Proof
from seqrec_tf.processes import running
from seqrec_tf.screen import overheard

# TensorFlow keeps what it frees, in pieces that the next large table may not fit into.
FREEING = {"TF_ONEDNN_USE_SYSTEM_ALLOCATOR": "1"}


class ProofError(RuntimeError):
    """An artifact answers otherwise than the Keras model, or the proof did not run."""


def run_proof(folders: list[Path]) -> Proof:
    """Run `export.proof` in a fresh process.

    Args:
        folders: artifacts with their golden requests.

    Raises:
        ProofError: the process broke; with what it said.
    """
    command = [sys.executable, "-m", "export.proof", *map(str, folders)]
    with running(command, stdout=PIPE, stderr=PIPE, env=os.environ | FREEING) as process:
        answer, said = process.communicate()
    overheard(said)
    try:
        return Proof.of(json.loads(answer))
    except json.JSONDecodeError:
        said = said.strip() or "nothing"
        raise ProofError(
            f"the proof broke off with exit code {process.returncode}, so nothing is proven; "
            f"it said:\n{said}"
        ) from None
