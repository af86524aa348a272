"""Predict over gRPC."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from helpers.grpc_fixtures import free_port
from helpers.grpc_tools import SECONDS, arrays, connect, floats, predict, predict_request, refused
from tensorflow_serving.apis import (
    predict_pb2,
)


def test_predict(served):
    response = predict(served, "half", {"x": floats(1, 5)})
    # The typed field, which many clients read without TensorFlow.
    assert list(response.outputs["y"].float_val) == [2.5, 4.5]
    assert arrays(response) == {"y": [2.5, 4.5]}
    assert (response.model_spec.name, response.model_spec.version.value) == ("half", 20)
    assert response.model_spec.signature_name == "serving_default"


def test_predict_version(served):
    response = predict(served, "half", {"x": floats(1)}, version=20)
    assert response.model_spec.version.value == 20


def test_predict_all_types(served):
    inputs = {"text": [b"\xff\x00", b""], "integer": np.array([2**40, -1]), "flag": [True, False]}
    inputs["number"] = floats(0.5, np.inf)
    outputs = arrays(predict(served, "zoo", inputs, "everything"))
    assert outputs == {
        "text": [b"\xff\x00", b""],
        "integer": [2**40, -1],
        "flag": [True, False],
        "number": [0.5, np.inf],
    }


def test_predict_half_precision_and_scalars(served):
    # REST can carry neither.
    outputs = arrays(predict(served, "zoo", {"h": np.array([1.5], np.float16)}, "half"))
    assert outputs == {"y": [1.5]}
    response = predict(served, "zoo", {"x": floats(1.5)}, "half_out")
    assert response.outputs["y"].dtype == tf.float16.as_datatype_enum
    assert arrays(response) == {"y": [1.5]}
    assert arrays(predict(served, "zoo", {"x": floats(1, 2)}, "sum")) == {"sum": 3.0}


def test_predict_ragged_history(served):
    inputs = {"movie_ids": np.array([5, 6, 7]), "row_splits": np.array([0, 1, 3])}
    outputs = arrays(predict(served, "seqrec", inputs, "ragged"))
    assert outputs["movie_ids"] == [[2, 3, 0], [3, 4, 0]]


def test_predict_a_tensor_with_one_value_for_all(served):
    request = predict_request("half", {})
    request.inputs["x"].dtype = tf.float32.as_datatype_enum
    request.inputs["x"].tensor_shape.dim.add(size=3)
    request.inputs["x"].float_val.append(2)
    assert arrays(served.prediction.Predict(request, timeout=SECONDS)) == {"y": [3.0, 3.0, 3.0]}


def test_predict_a_large_message(served):
    # Beyond gRPC's usual limit of 4 MiB, both ways.
    outputs = predict(served, "half", {"x": np.zeros(2_000_000, np.float32)}).outputs
    assert outputs["y"].ByteSize() > 4 * 2**20


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, [2.0, 6.0]),
        ({"factor": np.float32(10)}, [10.0, 30.0]),
        ({"term": np.float32(1)}, [3.0, 7.0]),
        ({"factor": np.float32(10), "term": np.float32(1)}, [11.0, 31.0]),
    ],
)
def test_inputs_with_defaults_may_be_left_out(served, inputs, expected):
    assert arrays(predict(served, "line", {"x": floats(1, 3)} | inputs))["y"] == expected


def test_output_filter(served):
    assert arrays(predict(served, "line", {"x": floats(1)}, output_filter=["y"])) == {"y": [2.0]}


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (predict_request("nobody", {}), "NOT_FOUND", "Servable not found for request: Latest(nob"),
        (predict_request("half", {}, version=9), "NOT_FOUND", "Specific(half, 9)"),
        (predict_request("half", {}, label="l"), "INVALID_ARGUMENT", "version label: l"),
        (predict_request("", {}), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (predict_pb2.PredictRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
        (
            predict_request("half", {}, "none"),
            "FAILED_PRECONDITION",
            'Serving signature key "none" not found.',
        ),
        (
            predict_request("half", {}),
            "INVALID_ARGUMENT",
            "0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}.",
        ),
        (
            predict_request("half", {"x": [1.0], "z": [1.0]}),
            "INVALID_ARGUMENT",
            "2!=1 len({x,z}) != len({x}). Sent extra: {z}. Missing but required: {}.",
        ),
        (
            predict_request("line", {"term": 1.0}),
            "INVALID_ARGUMENT",
            "Signature input alias: x not found in request and no default value provided",
        ),
        (
            predict_request("line", {"x": [1.0], "z": 1.0}),
            "INVALID_ARGUMENT",
            "invalid name. Used request inputs: x, request input: x,z",
        ),
        (predict_request("half", {"x": np.array([1])}), "INVALID_ARGUMENT", "float"),
        (
            predict_request("line", {"x": [1.0]}, output_filter=["q"]),
            "INVALID_ARGUMENT",
            "output tensor alias not found in signature: q Outputs expected to be in the set "
            "{factor,y}.",
        ),
        (
            predict_request("line", {"x": [1.0]}, output_filter=["y", "y"]),
            "INVALID_ARGUMENT",
            "duplicate output tensor alias: y",
        ),
        (predict_request("zoo", {"i": np.array([7])}, "pick"), "INVALID_ARGUMENT", "7 is not in"),
    ],
)
def test_predict_refused(served, request_, code, message):
    refused(served.prediction.Predict, request_, grpc.StatusCode[code], message)


@pytest.mark.parametrize(
    "broken",
    [
        "dtype: DT_FLOAT tensor_shape { dim { size: 2 } } tensor_content: 'abc'",
        "dtype: DT_FLOAT tensor_shape { dim { size: -2 } }",
        "dtype: DT_FLOAT tensor_shape { dim { size: 1000000000000 } } float_val: 1",
        "dtype: DT_FLOAT tensor_shape { dim { size: 1000000000 } } float_val: 1",
        "dtype: DT_INVALID",
        "dtype: 4711",
        "dtype: DT_RESOURCE",
    ],
)
def test_broken_tensors_are_refused(served, broken):
    request = predict_request("half", {})
    text_format.Parse(broken, request.inputs["x"])
    refused(
        served.prediction.Predict,
        request,
        grpc.StatusCode.INVALID_ARGUMENT,
        "tensor parsing error: x",
    )


def test_messages_are_cut(served):
    request = predict_request("half", {}, "s" * 5000)
    with pytest.raises(grpc.RpcError) as caught:
        served.prediction.Predict(request, timeout=SECONDS)
    assert caught.value.details().endswith("s...TRUNCATED")
    assert len(caught.value.details()) == 1024 + len("...TRUNCATED")


def test_more_rows_than_the_default_allows(start_server, model_root):
    """Filled up with its last value, a tensor of a million rows has less than a hundred bytes."""
    port = free_port()
    flags = ["--model_name=half", f"--model_base_path={model_root}/half", f"--port={port}"]
    server = start_server(*flags)
    predict, answers = connect(port).prediction.Predict, []
    try:
        for rows in (2**14, 2**20):
            request = predict_request("half", {"x": floats(1)})
            request.inputs["x"].tensor_shape.dim[0].size = rows
            assert request.ByteSize() < 100
            if rows == 2**14:
                answers = arrays(predict(request, timeout=SECONDS))["y"]
            else:
                message = f"expected at most 16384 rows in a request, but got: {rows}"
                refused(predict, request, grpc.StatusCode.RESOURCE_EXHAUSTED, message)
    finally:
        server.stop()
    assert answers == [2.5] * 2**14
