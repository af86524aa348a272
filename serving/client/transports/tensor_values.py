"""The values of a tensor in plain Python, whether a message or JSON had them."""

import math
from array import array
from collections.abc import Sequence
from typing import Any

from serving.client.transports.transport import Values
from serving.protocol.errors import InputError

# Type -> the field with its values, and how `array` calls it in `tensor_content`.
FIELDS = {
    "DT_FLOAT": ("float_val", "f"),
    "DT_DOUBLE": ("double_val", "d"),
    "DT_INT32": ("int_val", "i"),
    "DT_UINT8": ("int_val", "B"),
    "DT_INT16": ("int_val", "h"),
    "DT_INT8": ("int_val", "b"),
    "DT_STRING": ("string_val", ""),
    "DT_INT64": ("int64_val", "q"),
    "DT_BOOL": ("bool_val", "B"),
    "DT_UINT32": ("uint32_val", "I"),
    "DT_UINT64": ("uint64_val", "Q"),
}


def field_of(dtype: str, name: str) -> str:
    """The field with the values of a type.

    Args:
        dtype: the type, such as `DT_INT64`.
        name: the tensor's alias, for the error message.

    Raises:
        InputError: a type such as float16.
    """
    if dtype not in FIELDS:
        raise InputError(f"tensor {name!r}: expected one of {', '.join(FIELDS)}. Received: {dtype}")
    return FIELDS[dtype][0]


def plain_values(
    dtype: str, shape: tuple[int, ...], content: bytes, stored: Sequence[Any], name: str
) -> Values:
    """A tensor in plain Python; text is UTF-8 with other bytes replaced.

    Args:
        dtype: its type, such as `DT_INT64`; one of `FIELDS`.
        shape: the size of every dimension.
        content: `tensor_content`, the values as memory; empty if they are in their field.
        stored: the values in their field; strings are bytes.
        name: its alias, for the error message.

    Raises:
        InputError: more or fewer values than the shape has.
    """
    values = _flat_values(dtype, content, stored)
    missing = math.prod(shape) - len(values)
    # A message may leave away values at the end that are the same as the last.
    if missing and (missing < 0 or not values):
        raise InputError(
            f"tensor {name!r}: expected {math.prod(shape)} values for shape {list(shape)}. "
            f"Received: {len(values)}"
        )
    return Values(values + values[-1:] * missing, shape)


def _flat_values(dtype: str, content: bytes, stored: Sequence[Any]) -> list[Any]:
    code = FIELDS[dtype][1]
    if content and code:
        values = array(code, content).tolist()
        return list(map(bool, values)) if dtype == "DT_BOOL" else values
    if dtype == "DT_STRING":
        return [value.decode("utf-8", "replace") for value in stored]
    return list(stored)
