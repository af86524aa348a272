"""Turn raw values of a table into ids, ratings, counts and texts, or name the wrong one.

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
UNICODE = "of whole Unicode characters"
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
    numbers = [] if id_type == "string" else [canonical(text, lowest) for text in texts]
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
    if not (pd.api.types.is_integer_dtype(values) or _is_texts(values)):
        values = values.astype(object)
        # Before factorize: a list cannot be hashed, and True and 1.0 would count as 1.
        kinds = values.map(type)
        wrong = [kind for kind in kinds.unique() if not _is_id(kind)]
        reject(table, column, kinds.isin(wrong), ID)
    codes, distinct = pd.factorize(values)
    texts = [_id_text(value) for value in distinct]
    blank = [code for code, text in enumerate(texts) if not text.strip()]
    reject(table, column, np.isin(codes, blank), ID)
    broken = [code for code, text in enumerate(texts) if "\0" in text or not is_unicode(text)]
    reject(table, column, np.isin(codes, broken), f"{ID}, {UNICODE}, without NUL")
    return codes, texts


def _is_texts(values: pd.Series) -> bool:
    return values.dtype != object and pd.api.types.is_string_dtype(values)


def _id_text(value: int | np.integer | str) -> str:
    # Not `str(value)`: types derived from str and int may write themselves otherwise.
    if isinstance(value, str):
        return str.__str__(value)
    # Python writes no more digits than some thousands; nobody has such an id.
    return str(int(value)) if abs(int(value)) < 10**1000 else ""


def _is_id(kind: type) -> bool:
    return issubclass(kind, (int, np.integer, str)) and not issubclass(kind, bool)


def is_unicode(text: str) -> bool:
    """Whether UTF-8, and so any file or graph, can hold a text: no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def canonical(text: str, lowest: int) -> int | None:
    """The int64 that a text is the canonical decimal text of; None if there is none."""
    if not CANONICAL.fullmatch(text):
        return None
    number = int(text)
    return number if lowest <= number <= LARGEST else None


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
    reject(table, column, ~values.map(is_unicode), f"a text {UNICODE}")
    return values.reset_index(drop=True)


def _finite(table: Table, column: str, expected: str) -> np.ndarray:
    values = table.frame[column]
    reject(table, column, values.isna(), expected)
    reject(table, column, values.map(type).isin((bool, np.bool_)), expected)
    if values.dtype == object:  # an int of JSON may be longer than pandas can take
        values = values.map(_number_text)
    numbers = _float(pd.to_numeric(values, errors="coerce"))
    reject(table, column, ~np.isfinite(numbers), expected)
    return numbers


def _number_text(value: object) -> str:
    # Python writes no more digits than some thousands.
    return "inf" if isinstance(value, int) and abs(value) > LARGEST**9 else str(value)


def _float(numbers: pd.Series) -> np.ndarray:
    return numbers.to_numpy(dtype=np.float64, na_value=np.nan)


def reject(table: Table, column: str, wrong: pd.Series | np.ndarray, expected: str) -> None:
    """Raise `table.error` for the first row that is marked wrong, if there is one."""
    wrong = np.asarray(wrong, dtype=bool)
    if wrong.any():
        raise table.error(int(wrong.argmax()), column, expected)
