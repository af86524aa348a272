"""Plain Python values <-> `TensorProto` messages, without TensorFlow or NumPy."""

from serving.client.transports.tensor_values import FIELDS, field_of, plain_values
from serving.client.transports.transport import Values, nested
from serving.client.transports.wire import DATA_TYPES, TensorProto
from serving.protocol.proto_messages import DynamicMessage

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
    getattr(message, FIELDS[dtype][0]).extend(values)
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
    dtype = TYPE_NAMES.get(message.dtype, f"type number {message.dtype}")
    stored = getattr(message, field_of(dtype, name))
    shape = tuple(dimension.size for dimension in message.tensor_shape.dim)
    return plain_values(dtype, shape, message.tensor_content, stored, name)
