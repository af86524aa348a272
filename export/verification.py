"""Check an exported version: is it whole, does it keep the contract, does it still answer right?

    python -m export verify models/seqrec/1
    python -m export verify models/seqrec-lite/1

Checks every file against the manifest, and that to the byte, the signatures against README's
table, the ops against the allow-list, that nothing asks for XLA or (LiteRT) for ops beyond the
built-in ones, and replays the warm-up and golden requests in a fresh process. Links, pipes and
empty folders are findings too. Prints a line a finding; exit code 0 if there is none, 1 if there
are some, 2 if the folder is no exported version.
"""

import os
import sys
from pathlib import Path

from export.artifact.manifest import NAME as MANIFEST
from export.artifact.manifest import has_irregular_files, manifest_failures
from export.artifact.version import GOLDEN, LITE, Artifact, find_artifact
from export.proof.process import ProofError, run_proof
from seqrec_tf.errors import InputError, run_command
from seqrec_tf.json_files import read_json
from seqrec_tf.options import Parser


def verify(folder: str | os.PathLike) -> list[str]:
    """What is wrong with an exported version, in words; empty if nothing is.

    Args:
        folder: a version folder, such as `models/seqrec/1`.

    Raises:
        InputError: it is no version that this exporter wrote.
    """
    return examine(find_artifact(Path(folder)))[0]


def examine(artifact: Artifact) -> tuple[list[str], dict]:
    """Findings, in words, and the proof's report (`export.proof`); without one if it broke off."""
    failures = manifest_failures(artifact.folder, artifact.extra / MANIFEST)
    golden = artifact.extra / GOLDEN
    if has_irregular_files(artifact.folder):
        return [*failures, "links or pipes, so the answers were not checked"], {}
    if not golden.is_file():
        return [*failures, f"{GOLDEN}: missing, so the answers cannot be checked"], {}
    try:
        read_json(golden)
        report = run_proof([artifact.folder])
    except InputError as error:
        return [*failures, str(error)], {}
    except ProofError as error:
        what, *said = str(error).splitlines()
        return [*failures, f"{what} {said[-1]}"], {}
    return [*failures, *report["failures"]], report


def main(argv: list[str]) -> None:
    """Entry point of `python -m export verify`."""
    parser = Parser(
        prog="python -m export verify", description="Check an exported version.", epilog=__doc__
    )
    parser.add_argument("folder", type=Path, help="a version folder, such as models/seqrec/1")
    run_command(lambda: _report(parser.parse_args(argv).folder))


def _report(folder: Path) -> None:
    artifact = find_artifact(folder)
    failures, report = examine(artifact)
    for failure in failures:
        print(failure)
    if failures:
        print(f"{artifact.folder}: {len(failures)} findings", file=sys.stderr)
        sys.exit(1)
    checked = "files, built-in ops" if artifact.kind == LITE else "files, signatures, ops"
    asked = sum(form["requests"] for form in report["forms"].values())
    print(f"{artifact.folder}: {checked}, and {asked} golden requests answered as promised")
