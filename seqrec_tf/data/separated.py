"""CSV and TSV, parsed by pandas; read line by line only to find the line of an error."""

import csv
from collections.abc import Container, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from seqrec_tf.data.quotes import Quoting, quoting, unquoted
from seqrec_tf.data.table_files import chosen_columns, open_binary, open_text
from seqrec_tf.errors import InputError

csv.field_size_limit(2**31 - 1)  # a whole history, or a long text, may be one cell


def read_separated(
    path: Path,
    separator: str,
    columns: dict[str, str] | None,
    rows: int,
    elsewhere: Container[str] = (),
    trusted: bool = False,
) -> Iterator[pd.DataFrame]:
    """Read CSV or TSV in UTF-8 with one header line, piece by piece.

    Args:
        path: the file.
        separator: between values.
        columns: flag that names a column -> the column; None for all columns.
        rows: records a piece.
        elsewhere: columns that the file need not have.
        trusted: see `quoting`.

    Yields:
        Wanted columns of consecutive records, all text, "" where empty.

    Raises:
        InputError: as `seqrec_tf.data.tables.read_table`.
    """
    quotes = quoting(path, separator, trusted)
    with closing(records(path, separator, quotes)) as found:
        header = next((fields for _, fields in found), None)
    if header is None:
        raise InputError(f"{path}: expected a header line. Received: an empty file.")
    chosen = chosen_columns(path, header, columns, elsewhere)
    wanted = {header.index(column): column for column in chosen}
    # The header is read as a row and no column left out: only so does pandas refuse longer rows.
    options: dict[str, Any] = {
        "sep": separator,
        "header": None,
        "dtype": str,
        "keep_default_na": False,
    }
    options |= {"quoting": quotes, "encoding": "utf-8-sig", "chunksize": rows}
    short = False
    try:
        with pd.read_csv(path, **options) as pieces:
            for number, chunk in enumerate(pieces):
                # A row with too few values ends in "", as a row with an empty last value does.
                if not short and (chunk.iloc[:, -1] == "").any():
                    short = True
                    _raise_first_bad_record(path, separator, quotes)
                frame = chunk[list(wanted)].rename(columns=wanted)
                if quotes == csv.QUOTE_NONE:
                    frame = frame.apply(_unquoted)
                yield frame.iloc[0 if number else 1 :].reset_index(drop=True)
    except UnicodeDecodeError as error:
        raise _undecodable(path) from error
    except pd.errors.ParserError as error:
        _raise_first_bad_record(path, separator, quotes)
        raise InputError(f"{path}: cannot be parsed. Received: {error}.") from error


def _unquoted(cells: pd.Series) -> pd.Series:
    """Cells, those of them that are quoted as a whole without their quotes."""
    quoted = cells.str.startswith('"')
    return cells.mask(quoted, cells[quoted].map(unquoted)) if quoted.any() else cells


def _raise_first_bad_record(path: Path, separator: str, quotes: Quoting) -> None:
    """Raise for the first record that is not as long as the header; else return."""
    width = None
    with closing(records(path, separator, quotes)) as found:
        for line, fields in found:
            width = width or len(fields)
            if len(fields) != width:
                raise InputError(
                    f"{path}, line {line}: expected {width} values as in the header. "
                    f"Received: {len(fields)}."
                )


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


def records(
    path: Path, separator: str, quotes: Quoting
) -> Generator[tuple[int, list[str]], None, None]:
    """Last line number and values of each record; blank lines are passed over, as in pandas.

    Args:
        path: the file.
        separator: between values.
        quotes: what `quoting` says of the file.
    """
    with open_text(path) as lines:
        reader = csv.reader(lines, delimiter=separator, quoting=quotes)
        for fields in reader:
            # A blank line has no fields, or one of white space; `""` has one that is empty.
            if len(fields) > 1 or (fields and (not fields[0] or fields[0].strip(" \t"))):
                bare = quotes == csv.QUOTE_NONE
                yield reader.line_num, [*map(unquoted, fields)] if bare else fields
