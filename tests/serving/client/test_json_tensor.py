"""Tensors in metadata are read as protocol buffers' own reader reads them."""

import pytest
import tensorflow as tf
from google.protobuf.json_format import MessageToDict

from serving.client.transports.json_tensor import read_json_tensor
from serving.client.transports.wire import TensorProto
from serving.client.transports.wire_tensor import read_values
from serving.protocol.errors import InputError


def documents(proto) -> list[dict]:
    """As the servers write it: with all fields, and without those at their default."""
    names = {"preserving_proto_field_name": True}
    every = {"always_print_fields_with_no_presence": True}
    return [MessageToDict(proto, **names), MessageToDict(proto, **names, **every)]


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([1, -(2**63), 2**63 - 1], tf.int64),
        ([], tf.int64),
        (7, tf.int32),
        ([[3, 4]], tf.uint8),
        ([-1, 2], tf.int8),
        ([-300], tf.int16),
        ([2**32 - 1], tf.uint32),
        ([2**64 - 1], tf.uint64),
        (True, tf.bool),
        ([True, False], tf.bool),
        (0.1, tf.float32),
        ([0.1, float("inf"), -2.0], tf.float32),
        ([0.1], tf.float64),
        (["Amélie", "", b"\xff\xfe\xfb"], tf.string),
    ],
)
def test_every_type(value, dtype):
    proto = tf.make_tensor_proto(value, dtype)
    expected = read_values(TensorProto.FromString(proto.SerializeToString()), "x")
    for document in documents(proto):
        read = read_json_tensor(document, "x")
        assert (repr(read.values), read.shape) == (repr(expected.values), expected.shape)


def test_values_like_the_last_may_be_missing():
    shape = {"dim": [{"size": "2"}, {"size": 2}]}
    document = {"dtype": "DT_FLOAT", "tensor_shape": shape, "float_val": [0.5, "NaN"]}
    read = read_json_tensor(document, "x")
    assert (repr(read.values), read.shape) == ("[0.5, nan, nan, nan]", (2, 2))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "tensor 'x': expected one of DT_FLOAT.* Received: DT_INVALID"),
        ({"dtype": "DT_HALF"}, "tensor 'x': expected one of DT_FLOAT.* Received: DT_HALF"),
        ({"dtype": "DT_INT64", "int64_val": [1, 2]}, r"expected 1 values for shape \[\]"),
        ({"dtype": "DT_INT64", "int64_val": ["one"]}, "default of 'x': expected a tensor"),
        ({"dtype": "DT_INT64", "tensor_shape": []}, "default of 'x': expected a tensor"),
        ({"dtype": "DT_INT64", "tensor_content": "AAAA"}, "default of 'x': expected a tensor"),
    ],
)
def test_what_is_no_tensor(document, message):
    with pytest.raises(InputError, match=message):
        read_json_tensor(document, "x")
