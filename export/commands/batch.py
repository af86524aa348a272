"""`python -m export.batch` and `python -m export batch`: a log to everybody's recommendations."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from export.batch.options import BatchOptions
from seqrec_tf.command import Parser, add_verbose, run_command
from seqrec_tf.settings.config import DataConfig

HELP = "recommend to every user of a log, into a Parquet file"
DESCRIPTION = "Recommend to every user of a log, into a Parquet file."
EPILOG = """examples:
  a log, one row an interaction, in any order:
    python -m export.batch --model models/seqrec/1 --histories ratings.csv \\
        --item-column movie_id --output recommendations.parquet
  one row a user, with the list of their items, oldest first (Parquet or JSON lines):
    python -m export.batch --histories users.jsonl --history-column watched --output all.parquet

Writes the columns user, rank (from 1), the item's id, title and score, users in ascending order,
and prints OUTPUT. After a kill or Ctrl-C the same command goes on, from OUTPUT.parts.
"""


def main() -> None:
    """Read the flags of `python -m export.batch`, recommend, and print the file."""
    parser = Parser(prog="python -m export.batch", description=DESCRIPTION, epilog=EPILOG)
    add_options(parser)
    add_verbose(parser)
    given = vars(parser.parse_args())
    run_command(lambda: command(given), given["verbose"])


def add_options(parser: argparse.ArgumentParser) -> None:
    """The model, the histories, and how they are read."""
    parser.add_argument(
        "--model",
        type=Path,
        default=Path("models/seqrec"),
        help="version folder, or the model's, then its largest version (default: models/seqrec)",
    )
    parser.add_argument(
        "--histories",
        type=Path,
        required=True,
        help=".csv, .tsv, .jsonl (also .gz) or .parquet, a folder or 'pattern' of them",
    )
    parser.add_argument("--output", type=Path, required=True, help="FILE.parquet")
    parser.add_argument("--force", action="store_true", help="replace OUTPUT, and parts of others")
    _add_columns(parser)
    for name, default, what in (
        ("--now", None, "when everybody asks, for a model that reads times (default: the newest)"),
        ("--k", None, "items recommended (default: the export's)"),
        ("--batch-size", 256, "histories a step, at most 16,384 (default: 256)"),
        ("--users-a-part", 50_000, "users whose work a kill may lose (default: 50000)"),
    ):
        parser.add_argument(name, type=int, default=default, help=what)


def _add_columns(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("columns of --histories")
    user, item, time = DataConfig.user_column, DataConfig.item_column, DataConfig.time_column
    group.add_argument("--user-column", default=user, help=f"default: {user}")
    group.add_argument("--item-column", help=f"default: {item}")
    group.add_argument("--time-column", help=f"numbers or ISO 8601 dates; default: {time}")
    group.add_argument("--history-column", help="lists of items, instead of the two")


def command(given: dict[str, Any]) -> None:
    """Recommend, and print the file."""
    from export.batch.job import batch_score

    names = [field.name for field in dataclasses.fields(BatchOptions)]
    options = BatchOptions(**{name: given[name] for name in names})
    where = given["model"], given["histories"], given["output"]
    print(batch_score(*where, options, force=given["force"]))
