"""Plain Python values <-> `TensorProto`, without TensorFlow or NumPy."""

import math
from array import array
from typing import Any

from serving.client.transports.transport import Values, nested
from serving.client.transports.wire import DATA_TYPES, TensorProto
from serving.protocol.errors import InputError
from serving.protocol.proto_messages import DynamicMessage

# Type -> the field with its values, and how `array` calls it in `tensor_content`.
_FIELDS = {
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
TYPE_NAMES = {number: name for name, number in DATA_TYPES.items()}


def write_tensor(tensor: Values, dtype: str) -> DynamicMessage:
    """A tensor of the type, such as `DT_INT64`, as a message."""
    message = TensorProto(dtype=DATA_TYPES[dtype])
    for size in tensor.shape:
        message.tensor_shape.dim.add(size=size)
    # Without it a scalar's shape would be missing rather than empty.
    message.tensor_shape.SetInParent()
    values = tensor.values
    if dtype == "DT_STRING":
        values = [value.encode() for value in values]
    getattr(message, _FIELDS[dtype][0]).extend(values)
    return message


def read_tensor(message: DynamicMessage, name: str) -> object:
    """A message as nested lists; as `read_values`."""
    tensor = read_values(message, name)
    return nested(tensor.values, tensor.shape)


def read_values(message: DynamicMessage, name: str) -> Values:
    """A message in plain Python; text is UTF-8 with other bytes replaced.

    Args:
        message: the tensor.
        name: its alias, for the error message.

    Raises:
        InputError: a type such as float16, or a message that contradicts itself.
    """
    dtype = TYPE_NAMES.get(message.dtype)
    if dtype not in _FIELDS:
        raise InputError(
            f"tensor {name!r}: expected one of {', '.join(_FIELDS)}. "
            f"Received: type number {message.dtype}"
        )
    shape = tuple(dimension.size for dimension in message.tensor_shape.dim)
    values = _flat_values(message, dtype)
    missing = math.prod(shape) - len(values)
    # A message may leave away values at the end that are the same as the last.
    if missing and (missing < 0 or not values):
        raise InputError(
            f"tensor {name!r}: expected {math.prod(shape)} values for shape {list(shape)}. "
            f"Received: {len(values)}"
        )
    return Values(values + values[-1:] * missing, shape)


def _flat_values(message: DynamicMessage, dtype: str) -> list[Any]:
    field, code = _FIELDS[dtype]
    if message.tensor_content and code:
        values = array(code, message.tensor_content).tolist()
        return list(map(bool, values)) if dtype == "DT_BOOL" else values
    values = list(getattr(message, field))
    if dtype == "DT_STRING":
        return [value.decode("utf-8", "replace") for value in values]
    return values
