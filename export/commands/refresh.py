"""`python -m export refresh`: a table of items and a published model to its next version."""

import argparse
from pathlib import Path
from typing import Any

from export.artifact.version import require_savedmodel
from export.commands.publishing import print_published

HELP = "add and retire items of a published model, without training"
DESCRIPTION = "Publish a new version with items added and retired, in the old one's settings."
EPILOG = """examples:
  python -m export refresh new_items.csv models/seqrec

A row an item: `id`, and for one to add a `vector` (numbers, spaces between them, or a list) or
`neighbours` (ids it is like, `|` between them, or a list, whose vectors are averaged), and a
`title` and `categories` if you like; for one to retire `action` is `retire`. Only the published
version is needed, not the run. The new version is proven before it is published.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The table and the model."""
    parser.add_argument(
        "items", type=Path, help="table with id, and vector or neighbours, or action"
    )
    parser.add_argument("model", type=Path, help="the model's folder (or a version's)")


def command(given: dict[str, Any]) -> None:
    """Publish, and print the version folder."""
    publish(given["items"], given["model"])


def publish(items: Path, model: Path) -> None:
    """What `python -m export --refresh-items ITEMS --version-of MODEL` means as well."""
    require_savedmodel(model)

    def refreshed() -> list[Path]:
        from export.refreshing import refresh

        return refresh(items, model)

    print_published(refreshed)
