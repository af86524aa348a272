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
from pathlib import Path
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
    """The wanted columns of a file, or of a table in memory.

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
    path = Path(path)
    kind = _format(path, flag)
    try:
        if kind == ".parquet":
            frame = _read_parquet(path, columns)
        elif kind in JSON_LINES:
            frame = _read_json_lines(path, columns)
        else:
            frame = _read_separated(path, SEPARATORS[kind], columns)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read. Received: {error}.") from error
    if frame.empty:
        raise InputError(f"{path}: expected at least one row of data. Received: none.")
    place = row_number if kind == ".parquet" else functools.partial(_line_number, path, kind)
    return Table(str(path), frame, place)


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


def _read_separated(path: Path, separator: str, columns: dict[str, str] | None) -> pd.DataFrame:
    header = next((fields for _, fields in _records(path, separator)), None)
    if header is None:
        raise InputError(f"{path}: expected a header line. Received: an empty file.")
    wanted = {header.index(column): column for column in _chosen(path, header, columns)}
    # The header is read as a row and no column left out: only so does pandas refuse longer rows.
    options = {"sep": separator, "header": None, "dtype": str, "keep_default_na": False}
    chunks, short = [], False
    try:
        reader = pd.read_csv(path, **options, encoding="utf-8-sig", chunksize=CHUNK_ROWS)
        for chunk in reader:
            # A row with too few values ends in "", as a row with an empty last value does.
            short = short or bool((chunk.iloc[:, -1] == "").any())
            chunks.append(chunk[list(wanted)])
    except UnicodeDecodeError as error:
        raise _undecodable(path) from error
    except pd.errors.ParserError as error:
        _raise_first_bad_record(path, separator)
        raise InputError(f"{path}: cannot be parsed. Received: {error}.") from error
    if short:
        _raise_first_bad_record(path, separator)
    frame = pd.concat(chunks, ignore_index=True).iloc[1:]
    return frame.rename(columns=wanted).reset_index(drop=True)


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


def _read_json_lines(path: Path, columns: dict[str, str] | None) -> pd.DataFrame:
    values = {column: [] for column in (columns or {}).values()}
    found: dict[str, None] = {}
    for count, (number, line) in enumerate(_json_lines(path)):
        record = _parse_object(path, number, line)
        if not record.keys() <= found.keys():
            found.update(dict.fromkeys(record))
            if columns is None:
                values = {name: values.get(name, [None] * count) for name in found}
        for column, cells in values.items():
            cells.append(record.get(column))
    if not found:
        raise InputError(f"{path}: expected a JSON object in each line. Received: none.")
    names = _chosen(path, list(found), columns)
    return pd.DataFrame({name: pd.Series(values[name], dtype=object) for name in names})


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


def _read_parquet(path: Path, columns: dict[str, str] | None) -> pd.DataFrame:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(
            f"{path}: Parquet needs pyarrow; expected it installed: pip install "
            "'seqrec-tf[parquet]'."
        ) from error
    try:
        wanted = _chosen(path, parquet.read_schema(path).names, columns)
        # Nullable types: else a missing value would make floats of whole numbers.
        return pd.read_parquet(path, columns=wanted, dtype_backend="numpy_nullable")
    except pyarrow.ArrowException as error:
        raise InputError(f"{path}: expected a Parquet file. Received: {error}.") from error


def _line_number(path: Path, kind: str, row: int) -> str:
    """Where a row of the frame stands in its file."""
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
