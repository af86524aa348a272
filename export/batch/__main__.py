"""Everybody's recommendations from an exported SavedModel, as one Parquet file.

python -m export.batch --histories ratings.csv --item-column movie_id --output all.parquet
"""

import argparse
import dataclasses
from pathlib import Path

from export.batch.options import BatchOptions
from seqrec_tf.errors import run_command
from seqrec_tf.options import Parser
from seqrec_tf.settings.config import DataConfig

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
    """Entry point of `python -m export.batch` and `seqrec-batch`."""
    parser = Parser(
        prog="python -m export.batch",
        description="Recommend to every user of a log, into a Parquet file.",
        epilog=EPILOG,
    )
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
        ("--k", None, "items recommended (default: the export's)"),
        ("--batch-size", 256, "histories a step, at most 16,384 (default: 256)"),
        ("--users-a-part", 50_000, "users whose work a kill may lose (default: 50000)"),
    ):
        parser.add_argument(name, type=int, default=default, help=what)
    arguments = parser.parse_args()
    run_command(lambda: print(_recommend(arguments)))


def _add_columns(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("columns of --histories")
    user, item, time = DataConfig.user_column, DataConfig.item_column, DataConfig.time_column
    group.add_argument("--user-column", default=user, help=f"default: {user}")
    group.add_argument("--item-column", help=f"default: {item}")
    group.add_argument("--time-column", help=f"numbers or ISO 8601 dates; default: {time}")
    group.add_argument("--history-column", help="lists of items, instead of the two")


def _recommend(arguments: argparse.Namespace) -> Path:
    from export.batch.job import batch_score

    names = [field.name for field in dataclasses.fields(BatchOptions)]
    options = BatchOptions(**{name: getattr(arguments, name) for name in names})
    given = arguments.model, arguments.histories, arguments.output
    return batch_score(*given, options, force=arguments.force)


if __name__ == "__main__":
    main()
