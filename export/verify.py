"""Check an exported version: is it whole, does it keep the contract, does it still answer right?

    python -m export verify models/seqrec/1
    python -m export verify models/seqrec-lite/1

Checks every file against the manifest, the signatures against README's table, the ops against the
allow-list, that nothing asks for XLA or (LiteRT) for ops beyond the built-in ones, and replays the
warm-up and golden requests in a fresh process. Prints a line a finding; exit code 0 if there is
none, 1 if there are some, 2 if the folder is no exported version.
"""

import argparse
import sys
from pathlib import Path

from export.artifact import GOLDEN, LITE, extra_folder, kind_of
from export.manifest import NAME as MANIFEST
from export.manifest import manifest_failures
from export.proving import run_proof
from seqrec_tf.errors import run_command
from seqrec_tf.options import Parser


def verify(folder: Path) -> tuple[list[str], dict]:
    """Findings, in words, and the proof's report (`export.proof`).

    Raises:
        InputError: the folder is no exported version.
    """
    kind = kind_of(folder)
    extra = extra_folder(folder, kind)
    failures = manifest_failures(folder, extra / MANIFEST)
    if not (extra / GOLDEN).is_file():
        return [*failures, f"{GOLDEN}: missing, so the answers cannot be checked"], {}
    report = run_proof([folder])
    return [*failures, *report["failures"]], report


def main(argv: list[str]) -> None:
    """Entry point of `python -m export verify`."""
    parser = Parser(
        prog="python -m export verify", description="Check an exported version.", epilog=__doc__
    )
    parser.add_argument("folder", type=Path, help="a version folder, such as models/seqrec/1")
    run_command(lambda: _verify(parser.parse_args(argv)))


def _verify(arguments: argparse.Namespace) -> None:
    failures, report = verify(arguments.folder)
    for failure in failures:
        print(failure)
    if failures:
        print(f"{arguments.folder}: {len(failures)} findings", file=sys.stderr)
        sys.exit(1)
    checked = (
        "files, built-in ops" if kind_of(arguments.folder) == LITE else "files, signatures, ops"
    )
    asked = sum(form["requests"] for form in report["forms"].values())
    print(f"{arguments.folder}: {checked}, and {asked} golden requests answered as promised")
