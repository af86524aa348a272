"""JSON lines. `pandas.read_json` re-types values ("007" becomes 7) and names no broken line."""

import json
import re
from collections.abc import Container, Iterator
from decimal import Decimal
from itertools import islice
from math import inf
from pathlib import Path

import pandas as pd

from seqrec_tf.data.table_files import CHUNK_ROWS, chosen_columns, open_binary
from seqrec_tf.errors import InputError

LONG = re.compile(r"[0-9.]{17}")  # a number of more digits than a float64 is sure to keep, 15


def read_json_lines(
    path: Path, columns: dict[str, str] | None, rows: int | None, elsewhere: Container[str] = ()
) -> Iterator[pd.DataFrame]:
    """Read a JSON object a line, piece by piece.

    Args:
        path: the file.
        columns: flag that names a column -> the column; None for all columns.
        rows: records a piece, `CHUNK_ROWS` if None.
        elsewhere: columns that the file need not have.

    Yields:
        Wanted columns of consecutive records, all objects, None where missing.

    Raises:
        InputError: as `seqrec_tf.data.tables.read_table`.
    """
    records = (_parse_object(path, number, line) for number, line in json_lines(path))
    found: dict[str, None] = {}
    while piece := list(islice(records, rows or CHUNK_ROWS)):
        for record in piece:
            if not record.keys() <= found.keys():
                found.update(dict.fromkeys(record))
        cells = {
            name: [record.get(name) for record in piece]
            for name in chosen_columns(path, list(found), columns, elsewhere)
        }
        yield pd.DataFrame({name: pd.Series(cells[name], dtype=object) for name in cells})
    if not found:
        raise InputError(f"{path}: expected a JSON object in each line. Received: none.")


def _parse_object(path: Path, number: int, line: bytes) -> dict:
    try:
        text = line.decode("utf-8-sig")
        record = json.loads(text, object_pairs_hook=_unique)
        if isinstance(record, dict) and float in map(type, record.values()) and LONG.search(text):
            record = json.loads(text, object_pairs_hook=_unique, parse_float=_exact)
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


def _exact(text: str) -> float | Decimal:
    """A number with a fraction or an exponent; times may have more digits than a float64."""
    number = float(text)
    # Beyond these, a Decimal may have no room for the exponent.
    return Decimal(text) if LONG.search(text) and 1e-300 < abs(number) < inf else number


def _unique(pairs: list[tuple]) -> dict:
    """An object; the standard library would keep the last of the values of a key."""
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {max(names, key=names.count)!r} more than once")
    return record


def json_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Number, from 1, and content of each line that is not blank."""
    with open_binary(path) as lines:
        yield from ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
