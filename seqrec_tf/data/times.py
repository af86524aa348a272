"""Times of a table, exactly: two that differ stay different and in order, however fine or large.

A float64 holds neither nanoseconds of today nor whole numbers above 2^53. So a time is a whole
number and a fraction, and only what needs no more than a float64 becomes one.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import trunc

import numpy as np
import pandas as pd

from seqrec_tf.data.columns import reject
from seqrec_tf.data.tables import Table

TIME = "a number or an ISO 8601 date"
LIKE_THE_FIRST = f"{TIME}, like the first row"
IN_RANGE = "a time from -2^63 to 2^63 - 1"
NUMBERS = (int, float, Decimal)
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
FINE = r"(?<=\d:\d\d)(\.\d{7,})"
"""Fractions of which pandas may drop digits, or with them years that are far away."""


@dataclass(frozen=True)
class Times:
    """A column of times.

    Attributes:
        whole: (rows,) int64.
        fraction: (rows,) float64 above -1 and up to 1, to be added to `whole`, after which it
            sorts; None if the file has nothing but whole numbers.
    """

    whole: np.ndarray
    fraction: np.ndarray | None = None

    def seconds(self) -> pd.Series:
        """int64, or the nearest float64 where a value has a fraction or is written as a float."""
        if self.fraction is None:
            return pd.Series(self.whole)
        if not self.fraction.any() and np.abs(self.whole.astype(np.float64)).max() > 2**53:
            return pd.Series(self.whole)
        return pd.Series(self.whole + self.fraction)

    def ranks(self) -> pd.Series | None:
        """int64 that sort like the times, if `seconds` calls different ones equal; else None."""
        seconds = self.seconds().to_numpy()
        if self.fraction is None or seconds.dtype == np.int64:
            return None
        order = np.lexsort((self.fraction, self.whole))
        later = _steps(self.whole[order]) | _steps(self.fraction[order])
        if not (later & ~_steps(seconds[order])).any():
            return None
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.cumsum(later)
        return pd.Series(ranks)


def _steps(values: np.ndarray) -> np.ndarray:
    """Where a value is another one than that before it."""
    return np.append(False, values[1:] != values[:-1])


def as_times(table: Table, column: str) -> Times:
    """Times of a column.

    Args:
        table: the table.
        column: numbers, kept as they are ("20240131" is a number), or dates in ISO 8601, which
            become unix seconds; dates without an offset are UTC. The first row says which.

    Raises:
        InputError: a missing value, one beyond int64, or one that is neither or not like the
            first.
    """
    values = table.frame[column]
    reject(table, column, values.isna(), TIME)
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.dtype.categories.dtype)
    if values.dtype == object:
        values = _typed(table, column, values)
    if pd.api.types.is_datetime64_any_dtype(values):
        return _of_dates(values)
    if pd.api.types.is_integer_dtype(values):
        reject(table, column, (values > 2**63 - 1).to_numpy(bool), IN_RANGE)
        return Times(values.to_numpy(np.int64))
    if pd.api.types.is_float_dtype(values):
        return _of_floats(table, column, values.to_numpy(np.float64))
    if not pd.api.types.is_string_dtype(values):
        raise table.error(0, column, TIME)
    return _of_texts(table, column, values)


def _typed(table: Table, column: str, values: pd.Series) -> pd.Series:
    """Python's objects as int64 if they are such numbers, else as their texts."""
    kinds = values.map(type)
    first = NUMBERS if kinds.iloc[0] in NUMBERS else (kinds.iloc[0],)
    reject(table, column, ~kinds.isin(first), LIKE_THE_FIRST)
    if kinds.isin((int,)).all():
        reject(table, column, ~values.between(-(2**63), 2**63 - 1), IN_RANGE)
        return values.astype(np.int64)
    # Dates of Parquet are Python objects; their text is ISO 8601.
    return values.map(str).astype(str)


def _of_floats(table: Table, column: str, values: np.ndarray) -> Times:
    reject(table, column, ~np.isfinite(values), TIME)
    reject(table, column, (values >= 2**63) | (values < -(2**63)), IN_RANGE)
    fraction, whole = np.modf(values)
    return Times(whole.astype(np.int64), fraction)


def _of_texts(table: Table, column: str, texts: pd.Series) -> Times:
    numbers = pd.to_numeric(texts, errors="coerce")
    floats = numbers.to_numpy(np.float64, na_value=np.nan)
    if not np.isfinite(floats[0]):
        return _parse_dates(table, column, texts.astype(str))
    reject(table, column, ~np.isfinite(floats), LIKE_THE_FIRST)
    if pd.api.types.is_signed_integer_dtype(numbers):
        return Times(numbers.to_numpy(np.int64))
    reject(table, column, np.abs(floats) > 2**63, IN_RANGE)
    wholes, fractions = zip(*map(_exactly, texts), strict=True)
    within = [-(2**63) <= whole < 2**63 for whole in wholes]
    reject(table, column, ~np.array(within), IN_RANGE)
    return Times(np.array(wholes, np.int64), np.array(fractions))


def _exactly(text: str) -> tuple[int, float]:
    """A number's whole part and the rest, both with its sign."""
    text = text.strip()
    if "e" in text or "E" in text:
        number = Fraction(text) if abs(float(text)) > 1e-300 else Fraction(0)
        return trunc(number), float(number - trunc(number))
    whole, _, digits = text.lstrip("+-").partition(".")
    sign = -1 if text[0] == "-" else 1
    return sign * int(whole.lstrip("0") or 0), sign * float(f"0.{digits}") if digits else 0.0


def _parse_dates(table: Table, column: str, texts: pd.Series) -> Times:
    # pandas would take "now" and "today" too.
    reject(table, column, ~texts.str.match(r"\s*\d{4}"), TIME)
    dates = _dates(texts)
    if dates.dt.unit != "ns" and not dates.isna().any():
        return _of_dates(dates)
    digits = texts.str.extract(FINE, expand=False)
    fine = digits.notna().to_numpy()
    dates = _dates(texts.str.replace(FINE, "", n=1, regex=True))
    reject(table, column, dates.isna(), TIME)
    times = _of_dates(dates)
    fraction = np.zeros(len(texts)) if times.fraction is None else times.fraction.copy()
    fraction[fine] = [float(f"0{text}") for text in digits[fine]]
    return Times(times.whole, fraction)


def _dates(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")


def _of_dates(dates: pd.Series) -> Times:
    if dates.dt.tz is not None:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    ticks = TICKS[dates.dt.unit]
    whole, rest = np.divmod(dates.to_numpy().astype(np.int64), ticks)
    return Times(whole, rest / ticks if rest.any() else None)
