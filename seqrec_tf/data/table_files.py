"""What the readers of all table formats need: files, gzipped or not, and a choice of columns."""

import gzip
from collections.abc import Container
from io import BufferedIOBase
from pathlib import Path
from typing import TextIO

from seqrec_tf.errors import InputError

CHUNK_ROWS = 1_000_000


def chosen_columns(
    path: Path, found: list[str], columns: dict[str, str] | None, elsewhere: Container[str] = ()
) -> list[str]:
    """The columns to read, each of which the file has once.

    Args:
        path: the file, for messages.
        found: its columns.
        columns: flag that names a column -> the column; None for all columns.
        elsewhere: columns that are left out where the file does not have them.

    Raises:
        InputError: a missing or repeated column; names the flag that chooses another.
    """
    names = ", ".join(map(repr, found[:20]))[:200]
    if columns is None:
        if len(set(found)) < len(found):
            raise InputError(f"{path}, line 1: expected every column once. Received: {names}.")
        return found
    for flag, column in columns.items():
        count = list(found).count(column)
        if count != 1 and (count or column not in elsewhere):
            amount = f"{count} columns of that name" if count else "no such column"
            raise InputError(
                f"{path}, line 1: expected one column {column!r} ({flag} names another). "
                f"Received: {amount} in {names}."
            )
    return [column for column in dict.fromkeys(columns.values()) if column in found]


def open_text(path: Path) -> TextIO:
    """A text file, gzipped or not; bytes that are not UTF-8 are replaced."""
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    # What is not UTF-8 is an error when pandas reads it; here it must not hide the header.
    return opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="")


def open_binary(path: Path) -> BufferedIOBase:
    """The bytes of a file, gzipped or not."""
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")
