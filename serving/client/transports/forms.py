"""Histories of any lengths as the tensors that signatures take."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from serving.client.transports.transport import Values
from serving.protocol.errors import InputError

SMALLEST, LARGEST = -(2**63), 2**63 - 1


def components(rows: Sequence[Sequence[int | str]]) -> tuple[Values, Values]:
    """Ragged rows as their flat values, `(total,)`, and where rows start and end, `(rows + 1,)`."""
    splits = [0]
    for row in rows:
        splits.append(splits[-1] + len(row))
    return vector([item for row in rows for item in row]), vector(splits)


def padded(rows: Sequence[Sequence[int | str]], padding: int | str) -> Values:
    """Ragged rows as a matrix `(rows, longest)`, at least one column, padded on the right."""
    width = max(1, *map(len, rows))
    flat = [item for row in rows for item in [*row, *[padding] * (width - len(row))]]
    return Values(flat, (len(rows), width))


def vector(values: list[Any]) -> Values:
    """A tensor `(values,)`."""
    return Values(values, (len(values),))


def scalar(value: object) -> Values:
    """A tensor `()`."""
    return Values([value], ())


def as_ids(items: Iterable[int | str], dtype: str) -> list[int] | list[str]:
    """Raw ids as the model's type.

    Args:
        items: numbers, or texts.
        dtype: `DT_STRING`, or else 64-bit integers are expected.

    Raises:
        InputError: an id that is no 64-bit integer where these are expected, or no list.
    """
    # A text would be taken for a list of its letters.
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise InputError(f"expected a list, such as a history of ids. Received: {items!r}")
    if dtype == "DT_STRING":
        return [str(item) for item in items]
    return [_as_integer(item) for item in items]


def _as_integer(item: int | str) -> int:
    number = int(item) if re.fullmatch(r"-?[0-9]{1,19}", str(item)) else None
    if number is None or not SMALLEST <= number <= LARGEST:
        raise InputError(f"ids: expected 64-bit integers. Received: {item!r}")
    return number
