"""Train an encoder and write a run directory.

python -m seqrec_tf.train
python -m seqrec_tf.train --dataset ml-1m --data-dir ml-1m --recipe keras-io-sasrec --epochs 10
"""

import argparse
import dataclasses
import functools
import sys
from contextlib import redirect_stdout
from pathlib import Path

from seqrec_tf.errors import run_command
from seqrec_tf.json_files import write_json
from seqrec_tf.options import Parser, add_config_options, build_config, given_options
from seqrec_tf.runs.changes import Claim, claimed
from seqrec_tf.runs.directory import (
    ITEMS,
    LOG,
    default_run,
    environment,
    point_latest,
    read_log,
    require_free,
    resolve_run,
)
from seqrec_tf.settings.config import RunConfig, with_asked
from seqrec_tf.training.duration import Duration, resumed_config

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
    run_command(lambda: print(train(arguments)))


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


def train(arguments: argparse.Namespace) -> Path:
    """Train as the flags say; returns the finished run directory.

    Raises:
        InputError: settings or data that do not make sense; nothing is written then.
    """
    path = None if arguments.run is None else resolve_run(arguments.run)
    kept = None
    if arguments.resume:
        asked, kept = resumed_config(path, given_options(arguments))
    else:
        asked = build_config(arguments)
        path = path or default_run(asked)
        require_free(path, arguments.force)
    with claimed(path) as claim:
        _train(claim, asked, kept, arguments)
        point_latest(claim.path)
    return claim.path


def _train(
    claim: Claim, asked: RunConfig, kept: Duration | None, arguments: argparse.Namespace
) -> None:
    from seqrec_tf.data.protocols import read_filtered

    data, interactions = read_filtered(asked.data)
    print("loading TensorFlow", file=sys.stderr)
    from seqrec_tf.data.dataset import build_dataset
    from seqrec_tf.runs.dataset import require_same_log
    from seqrec_tf.training.continuing import read_start
    from seqrec_tf.training.fitting import fit_and_write
    from seqrec_tf.training.pipeline import stretched

    dataset = build_dataset(data, interactions)
    stretch = functools.partial(stretched, encoder=asked.encoder, histories=dataset.split.training)
    if kept:
        require_same_log(claim.path, *read_log(claim.path), dataset)
        duration = kept.prolonged(given_options(arguments)["training"], stretch)
    else:
        duration = Duration(asked.training, stretch(asked.training))
    config = dataclasses.replace(asked, data=dataset.config, training=duration.in_force)
    asked = dataclasses.replace(asked, training=duration.to_repeat)
    start = None
    if config.training.continue_from and not kept:
        start = read_start(config.training.continue_from, dataset)
    if not kept:
        another = None if arguments.run else functools.partial(default_run, asked)
        with claim.created(arguments.force, another) as folder:
            write_json(folder / "config.json", with_asked(config, asked))
            write_json(folder / "environment.json", environment(start))
            write_json(folder / LOG, dataset.log.as_dict())
            dataset.catalogue.write(folder / ITEMS)
    with redirect_stdout(sys.stderr):
        fit_and_write(claim, config, asked, duration, dataset, start)


if __name__ == "__main__":
    main()
