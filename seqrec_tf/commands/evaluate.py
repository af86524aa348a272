"""`python -m seqrec_tf.evaluate`: flags to a table of metrics."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from seqrec_tf.api import compare, evaluate
from seqrec_tf.command import Parser, add_verbose, run_command
from seqrec_tf.errors import InputError
from seqrec_tf.evaluation.report import comparison_table, table
from seqrec_tf.runs.directory import LATEST, read_run, require_finished
from seqrec_tf.settings.config import PROTOCOLS

EPILOG = """examples:
  python -m seqrec_tf.evaluate
  python -m seqrec_tf.evaluate runs/ml1m --protocol P4
  python -m seqrec_tf.evaluate runs/ml1m --protocol P1 --json
  python -m seqrec_tf.evaluate runs/sasrec runs/gru4rec --picture comparison.png

Of two runs it compares the models on the test queries that both have, query by query.

The data is read again from where the run's config.json says. A run can be evaluated under the
protocol it was trained under, and one of P1 also under P4: any other protocol holds out
interactions that this run was trained on, and its figures would leak.
"""


def main() -> None:
    """Read the flags, evaluate, and print the metrics."""
    parser = Parser(
        prog="python -m seqrec_tf.evaluate",
        description="HR, NDCG and MRR at 5, 10 and 20, and coverage, against simple models.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "run", type=Path, nargs="*", help="run directory, or two (default: runs/latest)"
    )
    parser.add_argument(
        "--protocol", choices=(*PROTOCOLS, "P4"), help="default: the protocol of the training"
    )
    parser.add_argument("--data-dir", help="read the data from here instead")
    parser.add_argument("--picture", type=Path, help="of two runs: draw the comparison, a PNG")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_verbose(parser)
    arguments = parser.parse_args()

    run_command(lambda: _evaluate(arguments), arguments.verbose)


def _evaluate(arguments: argparse.Namespace) -> None:
    if len(arguments.run) == 2:
        return _compare(arguments)
    if len(arguments.run) > 2:
        raise InputError(
            f"evaluate: expected one run, or two to compare. Received: {len(arguments.run)}."
        )
    if arguments.picture:
        raise InputError(
            "--picture: expected two runs to compare; the picture of one is in its run directory. "
            f"Received: {len(arguments.run)}."
        )
    run = read_run(require_finished(arguments.run[0] if arguments.run else LATEST))
    metrics = evaluate(run, arguments.protocol, data_dir=arguments.data_dir)
    name = run.config.encoder.encoder
    print(json.dumps(metrics.as_dict(), indent=2) if arguments.json else table(metrics, name))


def _compare(arguments: argparse.Namespace) -> None:
    """Two runs: a table, or JSON, and a picture."""
    if arguments.protocol:
        raise InputError(
            "--protocol: expected one run; two are compared under the protocol that both have. "
            f"Received: {arguments.protocol}."
        )
    if arguments.picture:
        _require_png(arguments.picture)
    found = compare(*arguments.run, data_dir=arguments.data_dir)
    names = (f"A: {arguments.run[0]}", f"B: {arguments.run[1]}")
    if arguments.json:
        print(json.dumps(dataclasses.asdict(found), indent=2))
    else:
        print(comparison_table(found, names))
    if arguments.picture:
        from seqrec_tf.runs.pictures import draw_comparison  # takes a second

        title = f"Test queries, protocol {found.protocol}"
        draw_comparison(arguments.picture, found.breakdown, names, title)
        print(f"wrote {arguments.picture}", file=sys.stderr)


def _require_png(path: Path) -> None:
    """Before the ranking, which takes long."""
    if path.suffix.lower() != ".png" or not path.parent.is_dir():
        raise InputError(f"--picture: expected a .png in a folder that is there. Received: {path}.")
