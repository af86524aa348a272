"""The client's own messages against the real ones of tensorflow-serving-api."""

import pytest

from serving.client.transports import wire
from serving.client.transports.transport import Values
from serving.client.transports.wire_tensor import read_tensor, write_tensor
from serving.protocol.errors import InputError

pytest.importorskip("tensorflow_serving")


@pytest.fixture(scope="module")
def real():
    """Message -> the real class."""
    from google.protobuf.any_pb2 import Any
    from google.protobuf.wrappers_pb2 import Int64Value
    from tensorflow.core.framework.tensor_pb2 import TensorProto
    from tensorflow.core.framework.tensor_shape_pb2 import TensorShapeProto
    from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef, TensorInfo
    from tensorflow_serving.apis import get_model_metadata_pb2, model_pb2, predict_pb2

    classes = [
        *(Any, Int64Value, TensorProto, TensorShapeProto, TensorShapeProto.Dim),
        *(SignatureDef, TensorInfo, model_pb2.ModelSpec),
        *(predict_pb2.PredictRequest, predict_pb2.PredictResponse),
        get_model_metadata_pb2.GetModelMetadataRequest,
        get_model_metadata_pb2.GetModelMetadataResponse,
        get_model_metadata_pb2.SignatureDefMap,
    ]
    return {message.DESCRIPTOR.name: message for message in classes}


def kind(field):
    """A field's type as it is on the wire; an enumeration is an int32 there."""
    if field.type == field.TYPE_ENUM:
        return field.TYPE_INT32
    return field.type


@pytest.mark.parametrize("name", sorted(wire.MESSAGES))
def test_fields_are_those_of_the_real_messages(real, name):
    theirs = {field.name: field for field in real[name].DESCRIPTOR.fields}
    for ours in wire.CLASSES[name].DESCRIPTOR.fields:
        assert_same_field(ours, theirs[ours.name])


def assert_same_field(ours, theirs):
    facts = [(f.number, kind(f), f.is_repeated) for f in (ours, theirs)]
    assert facts[0] == facts[1], ours.full_name
    if ours.message_type is not None and ours.message_type.GetOptions().map_entry:
        for part in ("key", "value"):
            entries = [f.message_type.fields_by_name[part] for f in (ours, theirs)]
            assert_same_field(*entries)
    elif ours.message_type is not None:
        assert ours.message_type.name == theirs.message_type.name


def test_data_types_are_the_real_ones():
    from tensorflow.core.framework.types_pb2 import DataType

    assert {name: DataType.Value(name) for name in wire.DATA_TYPES} == wire.DATA_TYPES


@pytest.mark.parametrize(
    ("dtype", "values", "shape"),
    [
        ("DT_INT64", [1, -(2**63), 2**63 - 1, 0], (2, 2)),
        ("DT_INT64", [], (0, 3)),
        ("DT_INT32", [7], ()),
        ("DT_BOOL", [True, False], (2,)),
        ("DT_STRING", ["Amélie", ""], (2, 1)),
        ("DT_FLOAT", [0.5, -2.0, 3.0], (3,)),
    ],
)
def test_tensors_travel_both_ways(real, dtype, values, shape):
    import tensorflow as tf

    sent = real["TensorProto"].FromString(
        write_tensor(Values(values, shape), dtype).SerializeToString()
    )
    tensor = tf.io.parse_tensor(sent.SerializeToString(), tf.as_dtype(sent.dtype))
    expected = [value.encode() for value in values] if dtype == "DT_STRING" else values
    assert tensor.shape == shape
    assert tensor.numpy().ravel().tolist() == expected

    # Numbers arrive as bytes from TensorFlow, strings in a field of their own.
    received = read(tf.make_tensor_proto(tensor))
    assert received == read_tensor(write_tensor(Values(values, shape), dtype), "x")
    if dtype != "DT_STRING":
        assert received == tensor.numpy().tolist()


def read(proto):
    return read_tensor(wire.TensorProto.FromString(proto.SerializeToString()), "x")


def test_values_like_the_last_may_be_missing(real):
    proto = real["TensorProto"](dtype="DT_FLOAT", float_val=[0.5, 2.0])
    for size in (2, 2):
        proto.tensor_shape.dim.add(size=size)
    assert read(proto) == [[0.5, 2.0], [2.0, 2.0]]


def test_bytes_that_are_no_text():
    import tensorflow as tf

    assert read(tf.make_tensor_proto([b"Am\xe9lie"])) == ["Am\N{REPLACEMENT CHARACTER}lie"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dtype": "DT_HALF"}, "tensor 'x': expected one of DT_FLOAT.* Received: type number 19"),
        ({"dtype": "DT_INT64", "int64_val": [1, 2]}, r"expected 1 values for shape \[\]"),
        ({"dtype": "DT_INT64"}, r"expected 1 values for shape \[\]. Received: 0"),
    ],
)
def test_tensors_that_cannot_be_read(real, fields, message):
    with pytest.raises(InputError, match=message):
        read(real["TensorProto"](**fields))
