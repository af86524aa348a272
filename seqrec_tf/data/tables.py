"""Read a table of a person's own - CSV, TSV, JSON lines or Parquet - without changing a value.

Values stay what the file holds, text or typed; `seqrec_tf.data.columns` gives them a meaning. The
pandas parsers do the work, except for JSON lines: `pandas.read_json` re-types values ("007"
becomes 7) and does not say which line is broken. A file is read line by line only to find the
line of an error.
"""

import csv
import functools
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, TextIO

import pandas as pd

from seqrec_tf.errors import InputError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson")
CHUNK_ROWS = 1_000_000


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
        received = self.frame[column].astype(object).iloc[row]
        return InputError(
            f"{self.name}, {self.place(row)}, column {column!r}: expected {expected}. "
            f"Received: {repr(received)[:80]}."
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
        frames = _read_parquet(path, columns, rows)
    elif kind in JSON_LINES:
        frames = _read_json_lines(path, columns, rows)
    else:
        frames = _read_separated(path, SEPARATORS[kind], columns, rows or CHUNK_ROWS)
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


def _chosen(path: Path, found: list[str], columns: dict[str, str] | None) -> list[str]:
    """The columns to read, each of which the file has once.

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
        if count != 1:
            amount = f"{count} columns of that name" if count else "no such column"
            raise InputError(
                f"{path}, line 1: expected one column {column!r} ({flag} names another). "
                f"Received: {amount} in {names}."
            )
    return list(dict.fromkeys(columns.values()))


def _read_separated(
    path: Path, separator: str, columns: dict[str, str] | None, rows: int
) -> Iterator[pd.DataFrame]:
    header = next((fields for _, fields in _records(path, separator)), None)
    if header is None:
        raise InputError(f"{path}: expected a header line. Received: an empty file.")
    wanted = {header.index(column): column for column in _chosen(path, header, columns)}
    # The header is read as a row and no column left out: only so does pandas refuse longer rows.
    options = {"sep": separator, "header": None, "dtype": str, "keep_default_na": False}
    short = False
    try:
        reader = pd.read_csv(path, **options, encoding="utf-8-sig", chunksize=rows)
        for number, chunk in enumerate(reader):
            # A row with too few values ends in "", as a row with an empty last value does.
            if not short and (chunk.iloc[:, -1] == "").any():
                short = True
                _raise_first_bad_record(path, separator)
            frame = chunk[list(wanted)].rename(columns=wanted)
            yield frame.iloc[0 if number else 1 :].reset_index(drop=True)
    except UnicodeDecodeError as error:
        raise _undecodable(path) from error
    except pd.errors.ParserError as error:
        _raise_first_bad_record(path, separator)
        raise InputError(f"{path}: cannot be parsed. Received: {error}.") from error


def _raise_first_bad_record(path: Path, separator: str) -> None:
    """Raise for the first record that is not CSV or not as long as the header; else return."""
    width, line = None, 0
    try:
        for line, fields in _records(path, separator, strict=True):
            width = width or len(fields)
            if len(fields) != width:
                raise InputError(
                    f"{path}, line {line}: expected {width} values as in the header. "
                    f"Received: {len(fields)}."
                )
    except csv.Error as error:
        raise InputError(
            f"{path}, line {line + 1} or later: expected CSV with every quote closed. "
            f"Received: {error}."
        ) from error


def _undecodable(path: Path) -> InputError:
    """The error for the first line that is not UTF-8."""
    with _open_binary(path) as lines:
        for number, line in enumerate(lines, start=1):
            text = line.decode("utf-8", errors="backslashreplace").strip()
            if text.encode("utf-8") != line.strip():
                return InputError(
                    f"{path}, line {number}: expected UTF-8 text. Received: {text[:80]}"
                )
    return InputError(f"{path}: expected UTF-8 text. Received: another encoding.")


def _records(path: Path, separator: str, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Last line number and values of each record; blank lines are passed over, as in pandas."""
    with _open_text(path) as lines:
        reader = csv.reader(lines, delimiter=separator, strict=strict)
        for fields in reader:
            if len(fields) > 1 or "".join(fields).strip():
                yield reader.line_num, fields


def _read_json_lines(
    path: Path, columns: dict[str, str] | None, rows: int | None
) -> Iterator[pd.DataFrame]:
    records = (_parse_object(path, number, line) for number, line in _json_lines(path))
    found: dict[str, None] = {}
    while piece := list(islice(records, rows or CHUNK_ROWS)):
        for record in piece:
            if not record.keys() <= found.keys():
                found.update(dict.fromkeys(record))
        cells = {
            name: [record.get(name) for record in piece]
            for name in _chosen(path, list(found), columns)
        }
        yield pd.DataFrame({name: pd.Series(cells[name], dtype=object) for name in cells})
    if not found:
        raise InputError(f"{path}: expected a JSON object in each line. Received: none.")


def _parse_object(path: Path, number: int, line: bytes) -> dict:
    try:
        record = json.loads(line.decode("utf-8-sig"))
        if b"\\ud" in line.lower():
            # Half a surrogate pair is JSON, but no text that any file could hold.
            json.dumps(record, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path}, line {number}: expected a JSON object. Received: {error}."
        ) from error
    if not isinstance(record, dict):
        raise InputError(
            f"{path}, line {number}: expected a JSON object. Received: {type(record).__name__}."
        )
    return record


def _json_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with _open_binary(path) as lines:
        yield from ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def _read_parquet(
    path: Path, columns: dict[str, str] | None, rows: int | None
) -> Iterator[pd.DataFrame]:
    pyarrow = import_pyarrow(path)
    try:
        wanted = _chosen(path, pyarrow.parquet.read_schema(path).names, columns)
        if rows is None:
            # Nullable types: else a missing value would make floats of whole numbers.
            yield pd.read_parquet(path, columns=wanted, dtype_backend="numpy_nullable")
            return
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(rows, columns=wanted):
                # The same care, in types that also hold lists.
                yield batch.to_pandas(integer_object_nulls=True, ignore_metadata=True)
    except pyarrow.ArrowException as error:
        raise InputError(f"{path}: expected a Parquet file. Received: {error}.") from error


def import_pyarrow(path: Path) -> ModuleType:
    """`pyarrow` with its module `parquet`, which are an extra.

    Raises:
        InputError: they are not installed; names `path`, the file that needs them.
    """
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise InputError(
            f"{path}: Parquet needs pyarrow; expected it installed: pip install "
            "'seqrec-tf[parquet]'."
        ) from error
    return pyarrow


def _line_number(path: Path, kind: str, row: int) -> str:
    """Where a record stands in its file."""
    if kind in JSON_LINES:
        numbers = (number for number, _ in _json_lines(path))
        skipped = row
    else:
        numbers = (number for number, _ in _records(path, SEPARATORS[kind]))
        skipped = row + 1
    for _ in range(skipped):
        next(numbers)
    return f"line {next(numbers)}"


def _open_text(path: Path) -> TextIO:
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    # What is not UTF-8 is an error when pandas reads it; here it must not hide the header.
    return opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="")


def _open_binary(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")
