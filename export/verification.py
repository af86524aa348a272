"""Check an exported version: is it whole, does it keep the contract, does it still answer right?

What is checked, `python -m export verify --help` says.
"""

import os
from pathlib import Path

from export.artifact.documents import Proof
from export.artifact.manifest import NAME as MANIFEST
from export.artifact.manifest import has_irregular_files, manifest_failures
from export.artifact.version import GOLDEN, LITE, Artifact, find_artifact
from export.proof.process import ProofError, run_proof
from seqrec_tf.errors import InputError
from seqrec_tf.json_files import read_json


def verify(folder: str | os.PathLike) -> list[str]:
    """What is wrong with an exported version, in words; empty if nothing is.

    Args:
        folder: a version folder, such as `models/seqrec/1`.

    Raises:
        InputError: it is no version that this exporter wrote.
    """
    return examine(find_artifact(Path(folder)))[0]


def examine(artifact: Artifact) -> tuple[list[str], Proof | None]:
    """Findings, in words, and the proof (`export.proof`); None if it broke off."""
    failures = manifest_failures(artifact.folder, artifact.extra / MANIFEST)
    golden = artifact.extra / GOLDEN
    if has_irregular_files(artifact.folder):
        return [*failures, "links or pipes, so the answers were not checked"], None
    if not golden.is_file():
        return [*failures, f"{GOLDEN}: missing, so the answers cannot be checked"], None
    try:
        read_json(golden)
        proof = run_proof([artifact.folder])
    except InputError as error:
        return [*failures, str(error)], None
    except ProofError as error:
        what, *said = str(error).splitlines()
        return [*failures, f"{what} {said[-1]}"], None
    return [*failures, *proof.failures], proof


def passed(artifact: Artifact, proof: Proof) -> str:
    """What was checked of a version without a finding."""
    checked = "files, built-in ops" if artifact.kind == LITE else "files, signatures, ops"
    return f"{checked}, and {proof.requests} golden requests answered as promised"
