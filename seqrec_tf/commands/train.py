"""`python -m seqrec_tf.train`: flags to a run directory."""

import argparse
from pathlib import Path

from seqrec_tf.command import Parser, add_verbose, run_command
from seqrec_tf.options import add_config_options, build_config, given_options
from seqrec_tf.training.writing import resume_run, write_run

EPILOG = """examples:
  the demo, generated and offline:
    python -m seqrec_tf.train
  MovieLens-1M from GroupLens' files, like the keras.io SASRec example:
    python -m seqrec_tf.train --dataset ml-1m --data-dir ml-1m \\
        --recipe keras-io-sasrec --epochs 10 --run runs/ml1m
  your own log:
    python -m seqrec_tf.train --interactions log.csv --user-column user --item-column sku \\
        --time-column at --titles products.csv
  more epochs for a run that was stopped:
    python -m seqrec_tf.train --resume --run runs/ml1m --epochs 40
  a new run from an old one's weights, on a log that has grown:
    python -m seqrec_tf.train --continue-from runs/monday --interactions tuesday.csv

Prints the run directory on stdout. runs/latest then means this run. Ctrl-C ends training after
the current step and keeps the best epoch; what was finished can be continued with --resume.
"""


def main() -> None:
    """Read the flags, train, and print the run directory."""
    arguments = _parser().parse_args()
    given = given_options(vars(arguments))

    def command() -> None:
        if arguments.resume:
            path = resume_run(arguments.run, given)
        else:
            config = build_config(given, arguments.config)
            path = write_run(config, arguments.run, force=arguments.force)
        print(path)

    run_command(command, arguments.verbose)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m seqrec_tf.train",
        description="Train a sequential recommender on viewing histories.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "--run", type=Path, help="run directory (default: runs/<data>-<encoder>-<time>)"
    )
    parser.add_argument("--config", type=Path, help="a config.json to start from")
    parser.add_argument("--force", action="store_true", help="replace an existing run")
    parser.add_argument("--resume", action="store_true", help="continue the run of --run")
    add_verbose(parser)
    add_config_options(parser)
    return parser
