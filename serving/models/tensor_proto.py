"""`TensorProto`s, as gRPC and SavedModels carry them, to and from tensors. Imports TensorFlow.

They are read by TensorFlow's own reader, as in TensorFlow Serving: a message with fewer values
than its shape has elements is filled up with the last one. They are written with typed fields
(`float_val`, `int64_val`, ...), which clients may read without TensorFlow.
"""

import math
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2

from serving.inference.tensor import VALUES_AT_ONCE, Tensor
from serving.protocol.errors import invalid_argument, unimplemented
from serving.protocol.proto_messages import DynamicMessage

NUMPY_RANK = 64  # dimensions of an array at most
# A few bytes could ask for all of the memory.
MOST_FILLED_UP = 2**22

_FIELDS = {
    types_pb2.DT_FLOAT: "float_val",
    types_pb2.DT_DOUBLE: "double_val",
    types_pb2.DT_INT8: "int_val",
    types_pb2.DT_INT16: "int_val",
    types_pb2.DT_INT32: "int_val",
    types_pb2.DT_INT64: "int64_val",
    types_pb2.DT_UINT8: "int_val",
    types_pb2.DT_UINT16: "int_val",
    types_pb2.DT_UINT32: "uint32_val",
    types_pb2.DT_UINT64: "uint64_val",
    types_pb2.DT_BOOL: "bool_val",
    types_pb2.DT_STRING: "string_val",
    types_pb2.DT_HALF: "half_val",
    types_pb2.DT_BFLOAT16: "half_val",
    types_pb2.DT_COMPLEX64: "scomplex_val",
    types_pb2.DT_COMPLEX128: "dcomplex_val",
}
# Fields that hold something else than the values: how the values' memory is seen.
_STORED_AS = {
    types_pb2.DT_HALF: "uint16",
    types_pb2.DT_BFLOAT16: "uint16",
    types_pb2.DT_COMPLEX64: "float32",
    types_pb2.DT_COMPLEX128: "float64",
}


def read_tensor_proto(proto: DynamicMessage, alias: str) -> Tensor:
    """The tensor of a `TensorProto`.

    Args:
        proto: any type and shape.
        alias: the input's name, for messages.

    Raises:
        ServingError: INVALID_ARGUMENT, its content does not fit its shape or type, or fills up
            a shape of more than 4 Mi elements or 32 MiB of text.
    """
    # A value takes a byte at least: only a shape to be filled up has more elements than bytes.
    elements = math.prod(dimension.size for dimension in proto.tensor_shape.dim)
    texts = proto.string_val
    repeated = (elements - len(texts)) * len(texts[-1]) if texts else 0
    sent = proto.ByteSize()
    if elements > max(MOST_FILLED_UP, sent) or repeated > max(8 * MOST_FILLED_UP, sent):
        raise invalid_argument(f"tensor parsing error: {alias}")
    try:
        dtype = tf.as_dtype(proto.dtype)
        return from_tensorflow(tf.io.parse_tensor(proto.SerializeToString(), dtype))
    except (tf.errors.OpError, TypeError, ValueError) as error:
        raise invalid_argument(f"tensor parsing error: {alias}") from error


def read_tensor_protos(protos: Mapping[str, DynamicMessage]) -> dict[str, Tensor]:
    """The tensors of several inputs; see `read_tensor_proto`."""
    return {alias: read_tensor_proto(proto, alias) for alias, proto in protos.items()}


def from_tensorflow(tensor: tf.Tensor) -> Tensor:
    """A TensorFlow tensor as the codecs see it."""
    shape = tuple(tensor.shape)
    if tensor.dtype == tf.string and math.prod(shape) > VALUES_AT_ONCE:
        flat = tf.reshape(tensor, [-1])
        starts = range(0, math.prod(shape), VALUES_AT_ONCE)
        parts = [flat[start : start + VALUES_AT_ONCE].numpy() for start in starts]
        return Tensor(np.concatenate(parts), shape)
    # Every operation outside of the graph costs a tenth of a small graph.
    if 0 < len(shape) <= NUMPY_RANK:
        return Tensor(tensor.numpy().ravel(), shape)
    return Tensor(tf.reshape(tensor, [-1]).numpy(), shape)


def type_name(tensor: Tensor) -> str:
    """The name of a tensor's TensorFlow type, such as `DT_INT64`."""
    return types_pb2.DataType.Name(_dtype(tensor).as_datatype_enum)


def write_tensor_proto(tensor: Tensor, alias: str, target: DynamicMessage) -> None:
    """Write a tensor into an empty `TensorProto`.

    Args:
        tensor: any type that a server returns.
        alias: the output's name, for messages.
        target: the `TensorProto` to fill.

    Raises:
        ServingError: UNIMPLEMENTED, a type without a field, such as a quantized one.
    """
    values = tensor.values
    dtype = _dtype(tensor)
    target.dtype = dtype.as_datatype_enum
    if target.dtype not in _FIELDS:
        raise unimplemented(f"Tensor name: {alias} has a type that cannot be sent: {dtype.name}")
    for size in tensor.shape:
        target.tensor_shape.dim.add(size=size)
    stored = values.view(_STORED_AS.get(target.dtype, values.dtype))
    field = getattr(target, _FIELDS[target.dtype])
    for start in range(0, len(stored), VALUES_AT_ONCE):
        field.extend(stored[start : start + VALUES_AT_ONCE].tolist())


def _dtype(tensor: Tensor) -> tf.DType:
    return tf.string if tensor.values.dtype == object else tf.as_dtype(tensor.values.dtype)
