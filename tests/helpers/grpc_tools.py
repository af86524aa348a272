"""TensorFlow's own gRPC clients, and requests in a line."""

from types import SimpleNamespace

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2_grpc
from tensorflow.core.example.example_pb2 import Example
from tensorflow_serving.apis import (
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

SECONDS = 30


def connect(port: int) -> SimpleNamespace:
    """The port, and the clients of all services on it."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options)
    return SimpleNamespace(
        port=port,
        prediction=prediction_service_pb2_grpc.PredictionServiceStub(channel),
        models=model_service_pb2_grpc.ModelServiceStub(channel),
        health=health_pb2_grpc.HealthStub(channel),
    )


def predict_request(model, inputs, signature="", version=None, label=None, output_filter=()):
    request = predict_pb2.PredictRequest(output_filter=output_filter)
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    for alias, value in inputs.items():
        request.inputs[alias].CopyFrom(tf.make_tensor_proto(value))
    return request


def predict(served, *arguments, **options):
    request = predict_request(*arguments, **options)
    return served.prediction.Predict(request, timeout=SECONDS)


def arrays(response) -> dict:
    return {alias: tf.make_ndarray(proto).tolist() for alias, proto in response.outputs.items()}


def floats(*values) -> np.ndarray:
    return np.array(values, np.float32)


def example(**features) -> Example:
    """Features are lists of float or int."""
    result = Example()
    for name, values in features.items():
        feature = result.features.feature[name]
        target = feature.int64_list if isinstance(values[0], int) else feature.float_list
        target.value.extend(values)
    return result


def refused(call, request, code: grpc.StatusCode, message: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=SECONDS)
    assert (caught.value.code(), message in caught.value.details()) == (code, True), caught.value
