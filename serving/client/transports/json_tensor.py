"""Tensors as metadata over REST shows them: int64 as text, bytes in base64.

Protocol buffers have a reader for this; importing it takes longer than asking, and a client that
asks over REST needs no package at all.
"""

import base64
from array import array
from collections.abc import Callable
from typing import Any

from serving.client.transports.tensor_values import field_of, plain_values
from serving.client.transports.transport import Values
from serving.protocol.errors import InputError


def read_json_tensor(document: dict[str, Any], name: str) -> Values:
    """A `TensorProto` in JSON, in plain Python.

    Args:
        document: its fields; a number may be written as text.
        name: the tensor's alias, for the error message.

    Raises:
        InputError: a type such as float16, or no tensor at all.
    """
    dtype = document.get("dtype", "DT_INVALID")
    field = field_of(dtype, name)
    try:
        dimensions = document.get("tensor_shape", {}).get("dim", [])
        shape = tuple(int(dimension.get("size", 0)) for dimension in dimensions)
        content = _bytes(document.get("tensor_content", ""))
        stored = [_READERS.get(dtype, int)(value) for value in document.get(field, [])]
        return plain_values(dtype, shape, content, stored, name)
    except (AttributeError, OverflowError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"default of {name!r}: expected a tensor. Received: {error}") from error


def _bytes(text: str) -> bytes:
    # Of both alphabets, with or without padding.
    return base64.b64decode(text.translate(str.maketrans("-_", "+/")) + "==")


def _float32(value: object) -> float:
    """The same number as over gRPC, out of its shortest decimal text."""
    return array("f", [float(value)])[0]  # type: ignore[arg-type]


_READERS: dict[str, Callable[[Any], Any]] = {
    "DT_FLOAT": _float32,
    "DT_DOUBLE": float,
    "DT_STRING": _bytes,
    "DT_BOOL": bool,
}
