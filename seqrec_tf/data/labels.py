"""Turn raw values of a table into what a person reads: titles and categories.

A text stays as it is and a number becomes its text; whatever else a file may hold (bytes, a date,
an object) is refused, because Python's text of it would be served as if somebody had written it.
"""

import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd

from seqrec_tf.data.columns import reject
from seqrec_tf.data.tables import Table

TITLE = "a text without NUL, or a number"
CATEGORIES = "a text without NUL, with | between categories, a number, or a list of texts without |"
NUMBERS = (int, float, np.integer, np.floating, Decimal)


def as_titles(table: Table, column: str) -> pd.Series:
    """Titles as str; None where there is none, or an empty one.

    Raises:
        InputError: a value that is neither a text nor a number.
    """
    return _labels(table, column, _text, TITLE)


def as_categories(table: Table, column: str) -> pd.Series:
    """The categories of each row as str, `|` between them; None where there are none.

    Args:
        table: the table.
        column: texts with `|` between categories, or lists of texts.

    Raises:
        InputError: another value, or a list in which a text holds `|` itself.
    """
    return _labels(table, column, _joined, CATEGORIES)


def _labels(
    table: Table, column: str, read: Callable[[object], str | None], expected: str
) -> pd.Series:
    """`read` gives a text, "" for none, or None for a value that is not what is expected."""
    cells = table.frame[column].astype(object)
    missing = cells.isna().to_numpy()
    found = ["" if none else read(cell) for none, cell in zip(missing, cells, strict=True)]
    reject(table, column, [label is None for label in found], expected)
    return pd.Series([label or None for label in found], dtype=object)


def _text(cell: object) -> str | None:
    if isinstance(cell, str):
        # CSV, and so items.csv, holds no NUL.
        return None if "\0" in cell else str(cell)
    if isinstance(cell, bool) or not isinstance(cell, NUMBERS):
        return None
    # Whole numbers are finite, but may be too large for `isfinite`.
    return str(cell) if isinstance(cell, (int, np.integer)) or math.isfinite(cell) else None


def _joined(cell: object) -> str | None:
    """A list, which Parquet holds as an array, with `|` between; other cells as titles."""
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    if not isinstance(cell, (list, tuple)):
        return _text(cell)
    if not all(isinstance(name, str) and not {"|", "\0"} & {*name} for name in cell):
        return None
    return "|".join(cell)
