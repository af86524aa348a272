"""`python -m export verify`: a version folder to findings."""

import argparse
import sys
from pathlib import Path
from typing import Any

from export.artifact.version import find_artifact
from seqrec_tf.screen import loading_tensorflow

HELP = "check a version: its files, contract and answers"
DESCRIPTION = "Check a version: is it whole, does it keep the contract, does it still answer right?"
EPILOG = """examples:
  python -m export verify models/seqrec/1
  python -m export verify models/seqrec-lite/1

Checks every file against the manifest, and that to the byte, the signatures against the contract
(README's table), the ops against the allow-list, that nothing asks for XLA or (LiteRT) for ops
beyond the built-in ones, and replays the warm-up and golden requests in a fresh process. Links,
pipes and empty folders are findings too. Prints a line a finding; exit code 0 if there is none, 1
if there are some, 2 if the folder is no exported version.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The version folder."""
    parser.add_argument("folder", type=Path, help="a version folder, such as models/seqrec/1")


def command(given: dict[str, Any]) -> None:
    """Print what is wrong with a version, or that nothing is."""
    artifact = find_artifact(given["folder"])
    loading_tensorflow()
    from export.verification import examine, passed

    failures, proof = examine(artifact)
    for failure in failures:
        print(failure)
    if failures or proof is None:
        print(f"{artifact.folder}: {len(failures)} findings", file=sys.stderr)
        sys.exit(1)
    print(f"{artifact.folder}: {passed(artifact, proof)}")
