"""Train an encoder and write a run directory.

python -m seqrec_tf.train
python -m seqrec_tf.train --dataset ml-1m --data-dir ml-1m --recipe keras-io-sasrec --epochs 10
"""

import argparse
import dataclasses
import sys
from contextlib import redirect_stdout
from pathlib import Path

from seqrec_tf.checks import check_config
from seqrec_tf.config import RESUMABLE, RunConfig, flag, read_config
from seqrec_tf.errors import InputError, run_command
from seqrec_tf.options import (
    Parser,
    add_config_options,
    build_config,
    given_options,
    override,
)
from seqrec_tf.run_directory import create_run, default_run, point_latest, require_free

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
    if arguments.resume:
        path, config = _resumed(arguments)
    else:
        config = build_config(arguments)
        path = arguments.run or default_run(config)
        require_free(path, arguments.force)
    from seqrec_tf.data.protocols import read_filtered

    data, interactions = read_filtered(config.data)
    print("loading TensorFlow", file=sys.stderr)
    from seqrec_tf.data.dataset import build_dataset
    from seqrec_tf.fitting import fit_and_write
    from seqrec_tf.pipeline import stretched

    dataset = build_dataset(data, interactions)
    config = dataclasses.replace(
        config,
        data=dataset.config,
        training=stretched(config.training, config.encoder, dataset.split.training),
    )
    if not arguments.resume:
        create_run(path, config)
    with redirect_stdout(sys.stderr):
        fit_and_write(path, config, dataset, arguments.resume)
    point_latest(path)
    return path


def _resumed(arguments: argparse.Namespace) -> tuple[Path, RunConfig]:
    """The run to continue and its configuration, with more epochs or patience if asked for."""
    path = arguments.run
    if path is None or not (path / "checkpoint" / "state.json").is_file():
        raise InputError(
            "--resume: expected --run with the directory of a run that finished an epoch. "
            f"Received: --run {path}."
        )
    config = read_config(path / "config.json")
    given = given_options(arguments)
    for section, values in given.items():
        for name, value in values.items():
            kept = getattr(getattr(config, section), name)
            if name not in RESUMABLE and value != kept:
                raise InputError(
                    f"{flag(name)}: a resumed run keeps its settings; expected {kept!r}, as in "
                    f"{path / 'config.json'}. Received: {value!r}."
                )
    if config.training.schedule != "constant" and "epochs" in given["training"]:
        raise InputError(
            f"--epochs: {path} lays its learning rate out over {config.training.epochs} epochs; "
            f"expected a run with --schedule constant. Received: {config.training.schedule}."
        )
    config = override(config, given)
    check_config(config)
    return path, config


if __name__ == "__main__":
    main()
