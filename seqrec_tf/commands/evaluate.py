"""`python -m seqrec_tf.evaluate`: flags to a table of metrics."""

import json
from pathlib import Path

from seqrec_tf.api import evaluate
from seqrec_tf.command import Parser, add_verbose, run_command
from seqrec_tf.evaluation.metrics import table
from seqrec_tf.runs.directory import LATEST, read_run, require_finished
from seqrec_tf.settings.config import PROTOCOLS

EPILOG = """examples:
  python -m seqrec_tf.evaluate
  python -m seqrec_tf.evaluate runs/ml1m --protocol P4
  python -m seqrec_tf.evaluate runs/ml1m --protocol P1 --json

The data is read again from where the run's config.json says. A run can be evaluated under the
protocol it was trained under, and one of P1 also under P4: any other protocol holds out
interactions that this run was trained on, and its figures would leak.
"""


def main() -> None:
    """Read the flags, evaluate, and print the metrics."""
    parser = Parser(
        prog="python -m seqrec_tf.evaluate",
        description="HR, NDCG and MRR at 5, 10 and 20, and coverage, against two baselines.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "run", type=Path, nargs="?", default=LATEST, help="run directory (default: runs/latest)"
    )
    parser.add_argument(
        "--protocol", choices=(*PROTOCOLS, "P4"), help="default: the protocol of the training"
    )
    parser.add_argument("--data-dir", help="read the data from here instead")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_verbose(parser)
    arguments = parser.parse_args()

    def command() -> None:
        run = read_run(require_finished(arguments.run))
        metrics = evaluate(run, arguments.protocol, data_dir=arguments.data_dir)
        name = run.config.encoder.encoder
        print(json.dumps(metrics.as_dict(), indent=2) if arguments.json else table(metrics, name))

    run_command(command, arguments.verbose)
