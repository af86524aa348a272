"""TensorProtos to tensors and back, compared with TensorFlow's own."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto

from serving.inference.tensor import Tensor
from serving.models.tensor_proto import read_tensor_proto, type_name, write_tensor_proto
from serving.protocol.errors import ServingError
from serving.protocol.status import Code

EVERY_TYPE = [
    np.array([[1.5, -np.inf]], np.float32),
    np.array([0.1], np.float64),
    np.array([1.5, -0.0], np.float16),
    tf.constant([1.5, 3.0], tf.bfloat16).numpy(),
    np.array([1 + 2j, -1j], np.complex64),
    np.array([1 + 2j], np.complex128),
    *(
        np.array([np.iinfo(f"{kind}{bits}").max], f"{kind}{bits}")
        for kind in ("int", "uint")
        for bits in (8, 16, 32, 64)
    ),
    np.array([True, False]),
    np.array([b"", b"\xff\x00"], object),
]


def written(tensor: Tensor) -> TensorProto:
    proto = TensorProto()
    write_tensor_proto(tensor, "y", proto)
    return proto


@pytest.mark.parametrize("array", EVERY_TYPE, ids=lambda array: array.dtype.name)
def test_every_type(array):
    proto = written(Tensor(array.ravel(), array.shape))
    assert not proto.tensor_content
    np.testing.assert_array_equal(tf.make_ndarray(proto), array)
    assert tf.make_ndarray(proto).dtype == array.dtype
    for sent in (proto, tf.make_tensor_proto(array)):
        tensor = read_tensor_proto(sent, "x")
        assert (tensor.shape, tensor.values.dtype) == (array.shape, array.dtype)
        assert tensor.values.tolist() == array.ravel().tolist()


def test_many_dimensions():
    shape = (2, *[1] * 100, 3)
    tensor = read_tensor_proto(written(Tensor(np.arange(6), shape)), "x")
    assert (tensor.shape, tensor.values.tolist()) == (shape, [0, 1, 2, 3, 4, 5])


def test_empty():
    tensor = read_tensor_proto(written(Tensor(np.array([], np.int64), (3, 0))), "x")
    assert tensor.shape == (3, 0)


def test_types_by_name():
    assert type_name(Tensor(np.array([b""], object), (1,))) == "DT_STRING"
    assert type_name(Tensor(np.array([1], np.int32), (1,))) == "DT_INT32"


def test_broken():
    proto = tf.make_tensor_proto([1.0, 2.0])
    proto.tensor_content = b"abc"
    with pytest.raises(ServingError, match="tensor parsing error: x"):
        read_tensor_proto(proto, "x")


@pytest.mark.parametrize(
    ("dtype", "field", "value", "shape"),
    [
        (tf.int64, "int64_val", 1, [400_000, 11]),
        (tf.int64, "int64_val", 1, [2**23]),
        (tf.bool, "bool_val", True, [2**12, 2**12]),
        (tf.string, "string_val", b"", [2**23]),
        (tf.string, "string_val", b"1 " * 5000, [2**14]),
    ],
)
def test_a_few_bytes_do_not_ask_for_all_of_the_memory(dtype, field, value, shape):
    proto = TensorProto(dtype=dtype.as_datatype_enum)
    proto.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    getattr(proto, field).append(value)
    with pytest.raises(ServingError, match="tensor parsing error: x"):
        read_tensor_proto(proto, "x")


def test_one_long_text_after_many_short_ones():
    texts = np.array([b"1"] * 5000 + [b"1 " * 10_000], object)
    assert read_tensor_proto(written(Tensor(texts, texts.shape)), "x").shape == (5001,)


def test_quantized_types_cannot_be_sent():
    values = tf.constant([1], tf.int8).numpy().view(tf.qint8.as_numpy_dtype)
    with pytest.raises(ServingError, match="Tensor name: y has a type") as caught:
        written(Tensor(values, (1,)))
    assert caught.value.code == Code.UNIMPLEMENTED
