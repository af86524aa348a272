"""Train an encoder and write a run directory; in Python, `seqrec_tf.train(config)`.

python -m seqrec_tf.train
python -m seqrec_tf.train --dataset ml-1m --data-dir ml-1m --recipe keras-io-sasrec --epochs 10
"""

import argparse
from pathlib import Path

from seqrec_tf.api import train
from seqrec_tf.callable_module import call_module
from seqrec_tf.errors import run_command
from seqrec_tf.options import Parser, add_config_options, build_config, given_options
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
    """Entry point of `python -m seqrec_tf.train` and `seqrec-train`."""
    arguments = _parser().parse_args()
    given = given_options(vars(arguments))

    def command() -> None:
        if arguments.resume:
            path = resume_run(arguments.run, given)
        else:
            config = build_config(given, arguments.config)
            path = write_run(config, arguments.run, force=arguments.force)
        print(path)

    run_command(command)


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
    add_config_options(parser)
    return parser


call_module(__name__, train)

if __name__ == "__main__":
    main()
