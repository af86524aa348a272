"""Read a table of a person's own - CSV, TSV, JSON lines or Parquet - without changing a value.

Values stay what the file holds, text or typed; `seqrec_tf.data.columns` gives them a meaning.
"""

import functools
import zlib
from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pandas as pd

from seqrec_tf.data.json_lines import json_lines, read_json_lines
from seqrec_tf.data.parquet import ParquetReader
from seqrec_tf.data.quotes import quoting
from seqrec_tf.data.separated import read_separated, records
from seqrec_tf.data.table_files import CHUNK_ROWS, open_binary
from seqrec_tf.data.table_paths import (
    JSON_LINES,
    PARQUET,
    SEPARATORS,
    find_files,
    folder_values,
)
from seqrec_tf.errors import InputError


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


def read_table(
    path: str | Path, columns: dict[str, str] | None, flag: str, trusted: bool = False
) -> Table:
    """Read some columns of a table, or all.

    Args:
        path: a .csv, .tsv, .jsonl, .ndjson (each may be gzipped, .gz) or .parquet file, a folder of
            such part files, or a pattern of them; parts follow each other by name. CSV and TSV
            are UTF-8 with one header line and CSV's quotes.
        columns: flag that names a column -> the column; None for all columns. Of `day=7/part.csv`
            in a folder, "day" may be one.
        flag: what names the file, for messages.
        trusted: whether a quoted cell may look like rows, as this project wrote the file.

    Returns:
        The table: text of CSV and TSV as str, "" where empty; JSON values as objects, None
        where missing; Parquet with its own types. It has at least one row.

    Raises:
        InputError: no such file or format, a column that is missing or occurs twice, no rows, or
            a line that cannot be parsed.
    """
    tables = list(read_tables(path, columns, flag, trusted=trusted))
    if len(tables) == 1:
        return tables[0]
    ends = list(accumulate(len(table.frame) for table in tables))

    def place(row: int) -> str:
        number = bisect(ends, row)
        return tables[number].place(row - ends[number] + len(tables[number].frame))

    frame = pd.concat([table.frame for table in tables], ignore_index=True)
    return Table(tables[0].name, frame, place)


def read_tables(
    path: str | Path,
    columns: dict[str, str] | None,
    flag: str,
    rows: int | None = None,
    trusted: bool = False,
) -> Iterator[Table]:
    """As `read_table`, piece by piece, for a table that may be larger than the memory.

    Args:
        path: the file, folder or pattern.
        columns: flag that names a column -> the column; None for all columns.
        flag: what names the file, for messages.
        rows: records a piece; None: as many as suit the format.
        trusted: as in `read_table`.

    Yields:
        Tables of consecutive records, none of them empty.
    """
    path = Path(path)
    kind, files = find_files(path, flag)
    read = _reader(path, kind, columns, rows, trusted)
    names: list[str] = []
    total = 0
    for file in files:
        done, fixed = 0, folder_values(path, file)
        if len(files) > 1 and kind != PARQUET and _is_empty(file):
            continue  # Spark's, without even a header
        for frame in _frames(read, file, fixed):
            frame = _with_values(frame, columns, fixed)
            if kind not in JSON_LINES:
                _require_same(file, names, frame)
            names = names or list(frame.columns)
            if len(frame):
                yield Table(str(path), frame, functools.partial(_place, path, file, kind, done))
            done += len(frame)
        total += done
    if not total:
        raise InputError(f"{path}: expected at least one row of data. Received: none.")


def _reader(
    path: Path, kind: str, columns: dict[str, str] | None, rows: int | None, trusted: bool
) -> Callable:
    """What reads a file, given the columns that it need not have, into frames."""
    if kind == PARQUET:
        return ParquetReader(path, columns, rows).read
    if kind in JSON_LINES:
        return lambda file, fixed: read_json_lines(file, columns, rows, fixed)
    return lambda file, fixed: read_separated(
        file, SEPARATORS[kind], columns, rows or CHUNK_ROWS, fixed, trusted
    )


def _frames(read: Callable, file: Path, fixed: dict) -> Iterator[pd.DataFrame]:
    try:
        yield from read(file, fixed)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{file}: cannot be read. Received: {error}.") from error


def _with_values(
    frame: pd.DataFrame, columns: dict[str, str] | None, fixed: dict[str, str | None]
) -> pd.DataFrame:
    """The frame, with the wanted columns that only the names of its folders hold."""
    missing = [name for name in (columns or {}).values() if name not in frame]
    return frame.assign(**{n: pd.Series(fixed[n], frame.index, dtype=str) for n in missing})


def _is_empty(file: Path) -> bool:
    with open_binary(file) as content:
        return not content.read(1)


def _require_same(file: Path, names: list[str], frame: pd.DataFrame) -> None:
    if names and set(frame.columns) != set(names):
        raise InputError(
            f"{file}: expected the columns {', '.join(names)}, as in the parts before. "
            f"Received: {', '.join(frame.columns)}."
        )


def _place(path: Path, file: Path, kind: str, before: int, row: int) -> str:
    """Where the row stands, in words, which is in `file` after `before` others."""
    row += before
    where = row_number(row) if kind == PARQUET else _line_number(file, kind, row)
    return where if file == path else f"{file}, {where}"


def _line_number(path: Path, kind: str, row: int) -> str:
    """Where a record stands in its file."""
    if kind in JSON_LINES:
        numbers = (number for number, _ in json_lines(path))
        skipped = row
    else:
        separator = SEPARATORS[kind]
        quotes = quoting(path, separator, trusted=True)
        numbers = (number for number, _ in records(path, separator, quotes))
        skipped = row + 1
    for _ in range(skipped):
        next(numbers)
    return f"line {next(numbers)}"
