"""Nested lists of JSON values -> tensors, with TensorFlow Serving's strict value types."""

import base64
import binascii
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np

from serving.inference.tensor import MAX_RANK, Tensor, string_values
from serving.protocol.errors import ServingError, invalid_argument
from serving.rest_api.json_document import Json, number_too_big, preview, type_name

# Small integers are range-checked as int32 and then wrap around, as in TensorFlow Serving.
_CHECKED_AS = {"DT_INT8": "DT_INT32", "DT_INT16": "DT_INT32", "DT_UINT8": "DT_INT32"}
_INTEGER_DTYPES: dict[str, type[np.integer]] = {
    "DT_INT8": np.int8,
    "DT_INT16": np.int16,
    "DT_INT32": np.int32,
    "DT_INT64": np.int64,
    "DT_UINT8": np.uint8,
    "DT_UINT32": np.uint32,
    "DT_UINT64": np.uint64,
}
_FLOAT_DTYPES = {"DT_FLOAT": np.float32, "DT_DOUBLE": np.float64}
SUPPORTED_DTYPES = {*_INTEGER_DTYPES, *_FLOAT_DTYPES, "DT_BOOL", "DT_STRING"}


def read_tensor(value: object, dtype: str, name: str) -> Tensor:
    """Read one tensor: a value, or nested lists of equal length.

    Args:
        value: parsed JSON; an object with the single key `b64` is a string.
        dtype: name of the TensorFlow type, such as `DT_INT64`; one of `SUPPORTED_DTYPES`.
        name: the input's alias, for error messages.

    Raises:
        ServingError: INVALID_ARGUMENT, a value of another type, or lists of unequal length.
    """
    shape = shape_of(value, name)
    return Tensor(read_values(flatten(value, shape), dtype), shape)


def shape_of(value: object, name: str) -> tuple[int, ...]:
    """The shape that the first elements suggest; `flatten` checks the others.

    Raises:
        ServingError: INVALID_ARGUMENT, more dimensions than a tensor can have.
    """
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if len(shape) > MAX_RANK:
            raise invalid_argument(f"tensor parsing error: {name}")
        if not value:
            break
        value = value[0]
    return tuple(shape)


def flatten(value: object, shape: tuple[int, ...]) -> list:
    """The elements of nested lists, in row-major order.

    Raises:
        ServingError: INVALID_ARGUMENT, the lists do not have this shape.
    """
    level: list[Any] = [value]
    for depth, size in enumerate(shape):
        for item in level:
            if not isinstance(item, list):
                raise invalid_argument(
                    f"JSON Value: {preview(item)} found at incorrect level: {depth + 1}"
                )
            if len(item) != size:
                raise invalid_argument(
                    f"Encountered list at unexpected size: {len(item)} at level: {depth} "
                    f"expected size: {size}"
                )
        level = list(chain.from_iterable(level))
    if list in set(map(type, level)):
        raise invalid_argument(f"Encountered list at unexpected level: {len(shape)}")
    return level


def read_values(values: list, dtype: str) -> np.ndarray:
    """Flat JSON values -> a flat array of one of the `SUPPORTED_DTYPES`.

    Raises:
        ServingError: INVALID_ARGUMENT, a value of another type or out of range.
    """
    if dtype in _INTEGER_DTYPES:
        return _integers(values, dtype)
    if dtype in _FLOAT_DTYPES:
        return _floats(values, dtype)
    if dtype == "DT_BOOL":
        _require(values, {bool}, dtype)
        return np.array(values, dtype=bool)
    return string_values(read_strings(values))


def read_strings(values: list) -> list[bytes]:
    """Strings and `{"b64": ...}` objects -> bytes.

    Raises:
        ServingError: INVALID_ARGUMENT, a value of another type, or bad base64.
    """
    if set(map(type, values)) <= {str}:
        return [value.encode("utf-8", "surrogateescape") for value in values]
    return [_string(value) for value in values]


def is_base64(value: object) -> bool:
    """Whether a value stands for a string: an object with the one key `b64` and string value."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _string(value: Json) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if not is_base64(value):
        raise _wrong_type(value, "DT_STRING")
    # Without padding and with line breaks is fine, as in TensorFlow Serving.
    text = "".join(value["b64"].split()).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        reason = f"Unable to base64 decode: {preview(value['b64'])}"
        raise invalid_argument(reason) from None


def _integers(values: list, dtype: str) -> np.ndarray:
    _require(values, {int}, dtype)
    checked = np.iinfo(_INTEGER_DTYPES[_CHECKED_AS.get(dtype, dtype)])
    if values and not checked.min <= min(values) <= max(values) <= checked.max:
        _require_all(values, lambda value: checked.min <= value <= checked.max, dtype)
    return np.array(values, dtype=checked.dtype).astype(_INTEGER_DTYPES[dtype])


def _floats(values: list, dtype: str) -> np.ndarray:
    _require(values, {int, float}, dtype)
    try:
        # Beyond float32 becomes infinity, silently.
        with np.errstate(over="ignore"):
            return np.array(values, dtype=np.float64).astype(_FLOAT_DTYPES[dtype])
    except OverflowError:
        raise number_too_big() from None


def _require(values: list, types: set[type], dtype: str) -> None:
    if not set(map(type, values)) <= types:
        _require_all(values, lambda value: type(value) in types, dtype)


def _require_all(values: list, accepted: Callable[[Json], bool], dtype: str) -> None:
    for value in values:
        if not accepted(value):
            raise _wrong_type(value, dtype)


def _wrong_type(value: object, dtype: str) -> ServingError:
    expected = dtype.removeprefix("DT_").lower()
    return invalid_argument(
        f"JSON Value: {preview(value)} Type: {type_name(value)} is not of expected type: {expected}"
    )
