"""`python -m export inspect`: a version folder to tables."""

import argparse
from pathlib import Path
from typing import Any

from export.artifact.version import SAVEDMODEL, find_artifact
from seqrec_tf.screen import loading_tensorflow

HELP = "show what a version holds"
DESCRIPTION = "Show where a version comes from, its figures, its signatures, files and ops."
EPILOG = """examples:
  python -m export inspect models/seqrec/1

It reads; `verify` judges.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The version folder."""
    parser.add_argument("folder", type=Path, help="a version folder, such as models/seqrec/1")


def command(given: dict[str, Any]) -> None:
    """Print the tables: complete or not at all, since nobody wants half a table and an error."""
    artifact = find_artifact(given["folder"])
    if artifact.kind == SAVEDMODEL:
        loading_tensorflow()
    from export.inspection import described

    print("\n".join(described(artifact)))
