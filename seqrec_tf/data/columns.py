"""Turn raw values of a table into ids, times, ratings, counts and texts, or name the wrong one.

Ids are compared by their text, whatever type the file gives them: 7 and "7" are one id, "7" and
"007" are two.
"""

import re

import numpy as np
import pandas as pd

from seqrec_tf.data.tables import Table

LARGEST = 2**63 - 1
CANONICAL = re.compile(r"0|-?[1-9][0-9]{0,18}")
ID = "an id, an integer or a string"
TIME = "a number or an ISO 8601 date"
COUNT = "a whole number from 0 to 2^53"


def as_ids(table: Table, column: str, id_type: str = "auto", lowest: int = 1) -> pd.Series:
    """Ids as int64 or as text.

    Args:
        table: the table.
        column: a column of integers or strings.
        id_type: "int64", "string", or "auto": int64 if every value is the canonical decimal text
            of an int64 from `lowest` on ("7", not "007"), else string.
        lowest: smallest int64 id; 1 for items, as 0 is padding.

    Returns:
        Series of int64 or str, one value a row.

    Raises:
        InputError: a missing or empty id, one of another kind, or with id_type "int64" one that
            is not such a number.
    """
    codes, texts = _factorize_texts(table, column)
    numbers = [] if id_type == "string" else [_canonical(text, lowest) for text in texts]
    if id_type == "string" or (id_type == "auto" and None in numbers):
        return pd.Series(texts, dtype=str).take(codes).reset_index(drop=True)
    if None in numbers:
        row = int(np.argmax(codes == numbers.index(None)))
        positive = f" from {lowest} on (0 is padding; --id-type string takes any text)"
        raise table.error(row, column, f"an int64 id{positive if lowest > 0 else ''}")
    return pd.Series(np.array(numbers, dtype=np.int64)[codes])


def _factorize_texts(table: Table, column: str) -> tuple[np.ndarray, list[str]]:
    """Each row's position in the list of distinct ids, and that list in order of appearance."""
    values = table.frame[column]
    reject(table, column, values.isna(), ID)
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.dtype.categories.dtype)
    if values.dtype == object:
        # Before factorize: a list cannot be hashed, and True and 1.0 would count as 1.
        reject(table, column, ~values.map(type).isin((int, str)), ID)
    elif not (pd.api.types.is_integer_dtype(values) or pd.api.types.is_string_dtype(values)):
        raise table.error(0, column, ID)
    codes, distinct = pd.factorize(values)
    texts = [str(value) for value in distinct]
    blank = [code for code, text in enumerate(texts) if not text.strip()]
    reject(table, column, np.isin(codes, blank), ID)
    return codes, texts


def _canonical(text: str, lowest: int) -> int | None:
    if not CANONICAL.fullmatch(text):
        return None
    number = int(text)
    return number if lowest <= number <= LARGEST else None


def as_seconds(table: Table, column: str) -> pd.Series:
    """Times as numbers.

    Args:
        table: the table.
        column: numbers, kept as they are ("20240131" is a number), or dates in ISO 8601, which
            become unix seconds; dates without an offset are UTC. The first row says which.

    Returns:
        Series of int64, or of float64 where a value has a fraction.

    Raises:
        InputError: a missing value, or one that is neither or not like the first.
    """
    values = table.frame[column]
    reject(table, column, values.isna(), TIME)
    if values.dtype == object:
        kinds = values.map(type)
        first = (int, float) if kinds.iloc[0] in (int, float) else (kinds.iloc[0],)
        reject(table, column, ~kinds.isin(first), f"{TIME}, like the first row")
        # Dates of Parquet are Python objects; their text is ISO 8601.
        values = values if kinds.iloc[0] in (int, float, str) else values.map(str).astype(str)
    if pd.api.types.is_datetime64_any_dtype(values):
        return _unix_seconds(values)
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_timedelta64_dtype(values):
        raise table.error(0, column, TIME)
    numbers = pd.to_numeric(values, errors="coerce")
    if not np.isfinite(_float(numbers)[0]):
        return _parse_dates(table, column, values)
    reject(table, column, ~np.isfinite(_float(numbers)), f"{TIME}, like the first row")
    whole = pd.api.types.is_signed_integer_dtype(numbers)
    return pd.Series(numbers.to_numpy(np.int64 if whole else np.float64))


def _parse_dates(table: Table, column: str, values: pd.Series) -> pd.Series:
    texts = values.astype(str)
    dates = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    # pandas would take "now" and "today" too.
    reject(table, column, dates.isna() | ~texts.str.match(r"\s*\d{4}"), TIME)
    return _unix_seconds(dates)


def _unix_seconds(dates: pd.Series) -> pd.Series:
    if dates.dt.tz is not None:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    microseconds = dates.to_numpy("datetime64[us]").astype(np.int64)
    if (microseconds % 1_000_000 == 0).all():
        return pd.Series(microseconds // 1_000_000)
    return pd.Series(microseconds / 1_000_000)


def as_ratings(table: Table, column: str) -> pd.Series:
    """Ratings as float32.

    Raises:
        InputError: a missing value or one that is not a finite number.
    """
    return pd.Series(_finite(table, column, "a number").astype(np.float32))


def as_counts(table: Table, column: str) -> pd.Series:
    """How often something happened, as int64.

    Raises:
        InputError: a missing value, a fraction, or a number that is negative or too large.
    """
    numbers = _finite(table, column, COUNT)
    whole = (numbers % 1 == 0) & (numbers >= 0) & (numbers <= 2**53)
    reject(table, column, ~whole, COUNT)
    return pd.Series(numbers.astype(np.int64))


def as_texts(table: Table, column: str) -> pd.Series:
    """Texts as they are, "" among them.

    Raises:
        InputError: a missing value or one that is no text.
    """
    values = table.frame[column].astype(object)
    reject(table, column, ~values.map(lambda value: isinstance(value, str)), "a text")
    return values.reset_index(drop=True)


def _finite(table: Table, column: str, expected: str) -> np.ndarray:
    values = table.frame[column]
    reject(table, column, values.isna(), expected)
    reject(table, column, values.map(type).isin((bool, np.bool_)), expected)
    numbers = _float(pd.to_numeric(values, errors="coerce"))
    reject(table, column, ~np.isfinite(numbers), expected)
    return numbers


def _float(numbers: pd.Series) -> np.ndarray:
    return numbers.to_numpy(dtype=np.float64, na_value=np.nan)


def reject(table: Table, column: str, wrong: pd.Series | np.ndarray, expected: str) -> None:
    """Raise `table.error` for the first row that is marked wrong, if there is one."""
    wrong = np.asarray(wrong, dtype=bool)
    if wrong.any():
        raise table.error(int(wrong.argmax()), column, expected)
