"""CSV and TSV, parsed by pandas; read line by line only to find the line of an error."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from seqrec_tf.data.table_files import chosen_columns, open_binary, open_text
from seqrec_tf.errors import InputError


def read_separated(
    path: Path, separator: str, columns: dict[str, str] | None, rows: int
) -> Iterator[pd.DataFrame]:
    """Read CSV or TSV in UTF-8 with one header line, piece by piece.

    Args:
        path: the file.
        separator: between values.
        columns: flag that names a column -> the column; None for all columns.
        rows: records a piece.

    Yields:
        Wanted columns of consecutive records, all text, "" where empty.

    Raises:
        InputError: as `seqrec_tf.data.tables.read_table`.
    """
    header = next((fields for _, fields in records(path, separator)), None)
    if header is None:
        raise InputError(f"{path}: expected a header line. Received: an empty file.")
    wanted = {header.index(column): column for column in chosen_columns(path, header, columns)}
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
        for line, fields in records(path, separator, strict=True):
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
    with open_binary(path) as lines:
        for number, line in enumerate(lines, start=1):
            text = line.decode("utf-8", errors="backslashreplace").strip()
            if text.encode("utf-8") != line.strip():
                return InputError(
                    f"{path}, line {number}: expected UTF-8 text. Received: {text[:80]}"
                )
    return InputError(f"{path}: expected UTF-8 text. Received: another encoding.")


def records(path: Path, separator: str, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Last line number and values of each record; blank lines are passed over, as in pandas."""
    csv.field_size_limit(sys.maxsize)  # else 128 KiB
    with open_text(path) as lines:
        reader = csv.reader(lines, delimiter=separator, strict=strict)
        for fields in reader:
            if len(fields) > 1 or "".join(fields).strip():
                yield reader.line_num, fields
