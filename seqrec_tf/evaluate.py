"""Evaluate a run on its whole catalogue, next to the baselines.

python -m seqrec_tf.evaluate runs/ml1m --protocol P1 --json
"""

import argparse
import json
from pathlib import Path

from seqrec_tf.errors import InputError, run_command
from seqrec_tf.options import Parser
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
    """Entry point of `python -m seqrec_tf.evaluate` and `seqrec-evaluate`."""
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
    arguments = parser.parse_args()
    run_command(lambda: print(report(arguments)))


def report(arguments: argparse.Namespace) -> str:
    """The evaluation as a table or as JSON.

    Raises:
        InputError: not a finished run, or a protocol that would leak.
    """
    require_finished(arguments.run)
    from seqrec_tf.evaluation.metrics import evaluate, table
    from seqrec_tf.runs.dataset import dataset_of_run

    run = read_run(arguments.run)
    trained_under = run.config.data.protocol
    protocol = arguments.protocol or trained_under
    if protocol != trained_under and (trained_under, protocol) != ("P1", "P4"):
        raise InputError(
            f"--protocol: {arguments.run} was trained under {trained_under}, and would be tested "
            f"on its own training data; train with --protocol "
            f"{'P1' if protocol == 'P4' else protocol}. Received: {protocol}."
        )
    dataset = dataset_of_run(run, arguments.data_dir)
    metrics = evaluate(run.encoder, dataset, sampled=protocol == "P4")
    if "model_digest" in run.metrics:
        metrics["model_digest"] = run.metrics["model_digest"]
    if arguments.json:
        return json.dumps(metrics, indent=2)
    return table(metrics, run.config.encoder.encoder)


if __name__ == "__main__":
    main()
