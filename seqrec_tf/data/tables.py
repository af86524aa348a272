"""Read a table of a person's own - CSV, TSV, JSON lines or Parquet - without changing a value.

Values stay what the file holds, text or typed; `seqrec_tf.data.columns` gives them a meaning.
"""

import functools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from seqrec_tf.data.json_lines import json_lines, read_json_lines
from seqrec_tf.data.parquet import read_parquet
from seqrec_tf.data.quotes import quoting
from seqrec_tf.data.separated import read_separated, records
from seqrec_tf.data.table_files import CHUNK_ROWS
from seqrec_tf.errors import InputError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson")


def row_number(row: int) -> str:
    """Where a row stands in a table without lines, counted from 1."""
    return f"row {row + 1}"


@dataclass(frozen=True)
class Table:
    """The wanted columns of a file, of a piece of it, or of a table in memory.

    Attributes:
        name: what messages call it; a file's path.
        frame: one row a record, one column a wanted column, values as in the file.
        place: where a row of `frame` stands, in words.
    """

    name: str
    frame: pd.DataFrame
    place: Callable[[int], str] = row_number

    def error(self, row: int, column: str, expected: str) -> InputError:
        """The error for one value.

        Args:
            row: position in `frame`.
            column: the value's column.
            expected: what should have been there.

        Returns:
            The error to raise; its message names file, line (or row), column and value.
        """
        try:
            received = repr(self.frame[column].astype(object).iloc[row])[:80]
        except ValueError:  # Python writes no number of thousands of digits
            received = "a number of thousands of digits"
        return InputError(
            f"{self.name}, {self.place(row)}, column {column!r}: expected {expected}. "
            f"Received: {received}."
        )


def read_table(path: str | Path, columns: dict[str, str] | None, flag: str) -> Table:
    """Read some columns of a table, or all.

    Args:
        path: a .csv, .tsv, .jsonl, .ndjson (each may be gzipped, .gz) or .parquet file. CSV and TSV
            are UTF-8 with one header line and CSV's quotes.
        columns: flag that names a column -> the column; None for all columns.
        flag: what names the file, for messages.

    Returns:
        The table: text of CSV and TSV as str, "" where empty; JSON values as objects, None
        where missing; Parquet with its own types. It has at least one row.

    Raises:
        InputError: no such file or format, a column that is missing or occurs twice, no rows, or
            a line that cannot be parsed.
    """
    tables = list(read_tables(path, columns, flag))
    if len(tables) == 1:
        return tables[0]
    frame = pd.concat([table.frame for table in tables], ignore_index=True)
    return Table(tables[0].name, frame, tables[0].place)


def read_tables(
    path: str | Path, columns: dict[str, str] | None, flag: str, rows: int | None = None
) -> Iterator[Table]:
    """As `read_table`, piece by piece, for a file that may be larger than the memory.

    Args:
        path: the file.
        columns: flag that names a column -> the column; None for all columns.
        flag: what names the file, for messages.
        rows: records a piece; None: as many as suit the format.

    Yields:
        Tables of consecutive records, none of them empty.
    """
    path = Path(path)
    kind = _format(path, flag)
    if kind == ".parquet":
        frames = read_parquet(path, columns, rows)
    elif kind in JSON_LINES:
        frames = read_json_lines(path, columns, rows)
    else:
        frames = read_separated(path, SEPARATORS[kind], columns, rows or CHUNK_ROWS)
    place = row_number if kind == ".parquet" else functools.partial(_line_number, path, kind)
    done = 0
    try:
        for frame in frames:
            if len(frame):
                yield Table(str(path), frame, lambda row, before=done: place(before + row))
            done += len(frame)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read. Received: {error}.") from error
    if not done:
        raise InputError(f"{path}: expected at least one row of data. Received: none.")


def _format(path: Path, flag: str) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = (suffixes or [""])[-1]
    if kind == ".gz" and len(suffixes) > 1 and suffixes[-2] != ".parquet":
        kind = suffixes[-2]
    if kind not in (*SEPARATORS, *JSON_LINES, ".parquet"):
        raise InputError(
            f"{flag} {path}: expected a file that ends in .csv, .tsv, .jsonl, .ndjson (these also "
            f"with .gz) or .parquet. Received: {path.name!r}."
        )
    if not path.is_file():
        raise InputError(f"{flag} {path}: expected a file. Received: no such file.")
    return kind


def _line_number(path: Path, kind: str, row: int) -> str:
    """Where a record stands in its file."""
    if kind in JSON_LINES:
        numbers = (number for number, _ in json_lines(path))
        skipped = row
    else:
        separator = SEPARATORS[kind]
        numbers = (number for number, _ in records(path, separator, quoting(path, separator)))
        skipped = row + 1
    for _ in range(skipped):
        next(numbers)
    return f"line {next(numbers)}"
