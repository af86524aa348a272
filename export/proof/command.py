"""`python -m export.proof`: folders to a report as JSON; run before anything is published."""

import json
import sys
from pathlib import Path

from seqrec_tf.command import Parser

EPILOG = """examples:
  python -m export.proof models/seqrec/1 models/seqrec-lite/1

Reads each folder's golden_requests.json, answers every request with every signature of a SavedModel
or with a LiteRT file, prints a JSON report and exits with 1 if any answer differs.
`python -m export verify` runs it, and looks at the files as well.
"""


def main() -> None:
    """Read the folders and print the report."""
    parser = Parser(
        prog="python -m export.proof",
        description="Prove artifacts against their golden requests.",
        epilog=EPILOG,
    )
    parser.add_argument("folder", type=Path, nargs="*", help="a SavedModel's or a LiteRT file's")
    folders = parser.parse_args().folder
    from export.proof.artifacts import prove

    proof = prove(folders)
    json.dump(proof.to_json(), sys.stdout)
    sys.exit(1 if proof.failures else 0)
