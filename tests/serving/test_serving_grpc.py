"""gRPC: TensorFlow's own clients against a real server process."""

import signal
import socket
import threading
import time
from types import SimpleNamespace

import grpc
import numpy as np
import pytest
import tensorflow as tf
from conftest import save
from google.protobuf import text_format
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow.core.example.example_pb2 import Example
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

SECONDS = 30
CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def connect(port: int) -> SimpleNamespace:
    """The clients of all services on a port."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options)
    return SimpleNamespace(
        prediction=prediction_service_pb2_grpc.PredictionServiceStub(channel),
        models=model_service_pb2_grpc.ModelServiceStub(channel),
        health=health_pb2_grpc.HealthStub(channel),
    )


@pytest.fixture(scope="module")
def line_root(tmp_path_factory):
    """`y = x * factor + term`; factor is 2 and term 0 if they are left out."""
    root = tmp_path_factory.mktemp("line")
    two, zero = tf.constant(2.0), tf.constant(0.0)
    number = tf.TensorSpec([], tf.float32)
    save(
        tf,
        {
            "serving_default": (
                lambda x, factor=two, term=zero: {"y": x * factor + term, "factor": factor},
                [tf.TensorSpec([None], tf.float32), number, number],
            )
        },
        root / "1",
    )
    return root


@pytest.fixture(scope="module")
def config_text(model_root, line_root):
    places = {path.name: path for path in sorted(model_root.iterdir())} | {"line": line_root}
    entries = [
        f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" }}'
        for name, path in places.items()
    ]
    return f"model_config_list {{ {' '.join(entries)} }}"


@pytest.fixture(scope="module")
def running(config_text, start_server, tmp_path_factory):
    """A server with gRPC, health checks and metrics: the process and its clients."""
    folder, port = tmp_path_factory.mktemp("config"), free_port()
    (folder / "models.config").write_text(config_text, encoding="utf-8")
    (folder / "monitoring.config").write_text('prometheus_config { enable: true path: "/metrics" }')
    server = start_server(
        f"--model_config_file={folder}/models.config",
        f"--monitoring_config_file={folder}/monitoring.config",
        f"--port={port}",
        "--enable_grpc_healthcheck_service",
        "--grpc_channel_arguments=grpc.max_connection_age_ms=600000",
    )
    yield SimpleNamespace(server=server, port=port, config_text=config_text, **vars(connect(port)))
    server.stop()


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


def predict(running, *arguments, **options):
    request = predict_request(*arguments, **options)
    return running.prediction.Predict(request, timeout=SECONDS)


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


def test_predict(running):
    response = predict(running, "half", {"x": floats(1, 5)})
    # The typed field, which many clients read without TensorFlow.
    assert list(response.outputs["y"].float_val) == [2.5, 4.5]
    assert arrays(response) == {"y": [2.5, 4.5]}
    assert (response.model_spec.name, response.model_spec.version.value) == ("half", 20)
    assert response.model_spec.signature_name == "serving_default"


def test_predict_version(running):
    response = predict(running, "half", {"x": floats(1)}, version=20)
    assert response.model_spec.version.value == 20


def test_predict_all_types(running):
    inputs = {"text": [b"\xff\x00", b""], "integer": np.array([2**40, -1]), "flag": [True, False]}
    inputs["number"] = floats(0.5, np.inf)
    outputs = arrays(predict(running, "zoo", inputs, "everything"))
    assert outputs == {
        "text": [b"\xff\x00", b""],
        "integer": [2**40, -1],
        "flag": [True, False],
        "number": [0.5, np.inf],
    }


def test_predict_half_precision_and_scalars(running):
    # REST can carry neither.
    outputs = arrays(predict(running, "zoo", {"h": np.array([1.5], np.float16)}, "half"))
    assert outputs == {"y": [1.5]}
    response = predict(running, "zoo", {"x": floats(1.5)}, "half_out")
    assert response.outputs["y"].dtype == tf.float16.as_datatype_enum
    assert arrays(response) == {"y": [1.5]}
    assert arrays(predict(running, "zoo", {"x": floats(1, 2)}, "sum")) == {"sum": 3.0}


def test_predict_ragged_history(running):
    inputs = {"movie_ids": np.array([5, 6, 7]), "row_splits": np.array([0, 1, 3])}
    outputs = arrays(predict(running, "seqrec", inputs, "ragged"))
    assert outputs["movie_ids"] == [[2, 3, 0], [3, 4, 0]]


def test_predict_a_tensor_with_one_value_for_all(running):
    request = predict_request("half", {})
    request.inputs["x"].dtype = tf.float32.as_datatype_enum
    request.inputs["x"].tensor_shape.dim.add(size=3)
    request.inputs["x"].float_val.append(2)
    assert arrays(running.prediction.Predict(request, timeout=SECONDS)) == {"y": [3.0, 3.0, 3.0]}


def test_predict_a_large_message(running):
    # Beyond gRPC's usual limit of 4 MiB, both ways.
    outputs = predict(running, "half", {"x": np.zeros(2_000_000, np.float32)}).outputs
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
def test_inputs_with_defaults_may_be_left_out(running, inputs, expected):
    assert arrays(predict(running, "line", {"x": floats(1, 3)} | inputs))["y"] == expected


def test_output_filter(running):
    assert arrays(predict(running, "line", {"x": floats(1)}, output_filter=["y"])) == {"y": [2.0]}


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
def test_predict_refused(running, request_, code, message):
    refused(running.prediction.Predict, request_, grpc.StatusCode[code], message)


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
def test_broken_tensors_are_refused(running, broken):
    request = predict_request("half", {})
    text_format.Parse(broken, request.inputs["x"])
    refused(
        running.prediction.Predict,
        request,
        grpc.StatusCode.INVALID_ARGUMENT,
        "tensor parsing error: x",
    )


def test_messages_are_cut(running):
    request = predict_request("half", {}, "s" * 5000)
    with pytest.raises(grpc.RpcError) as caught:
        running.prediction.Predict(request, timeout=SECONDS)
    assert caught.value.details().endswith("s...TRUNCATED")
    assert len(caught.value.details()) == 1024 + len("...TRUNCATED")


def classify_request(signature, *examples, context=None):
    return example_request(classification_pb2.ClassificationRequest(), signature, examples, context)


def regress_request(signature, *examples, context=None):
    return example_request(regression_pb2.RegressionRequest(), signature, examples, context)


def example_request(request, signature, examples, context):
    request.model_spec.name = "zoo"
    request.model_spec.signature_name = signature
    fill_input(request.input, examples, context)
    return request


def fill_input(target, examples, context=None):
    if context is None:
        target.example_list.examples.extend(examples)
    else:
        target.example_list_with_context.examples.extend(examples)
        target.example_list_with_context.context.CopyFrom(context)


def test_classify(running):
    request = classify_request("classify", example(x=[0.5]), example(x=[-2.0]))
    response = running.prediction.Classify(request, timeout=SECONDS)
    rows = [
        [(entry.label, entry.score) for entry in row.classes]
        for row in response.result.classifications
    ]
    assert rows == [[("low", -0.5), ("high", 0.5)], [("low", 2.0), ("high", -2.0)]]
    assert response.model_spec.signature_name == "classify"
    assert response.model_spec.version.value == 1


def test_classify_without_classes_or_scores(running):
    request = classify_request("scores_only", example(x=[0.5]))
    (row,) = running.prediction.Classify(request, timeout=SECONDS).result.classifications
    assert [(entry.label, entry.score) for entry in row.classes] == [("", -0.5), ("", 0.5)]
    request = classify_request("classes_only", example(x=[0.5]))
    (row,) = running.prediction.Classify(request, timeout=SECONDS).result.classifications
    assert [(entry.label, entry.score) for entry in row.classes] == [("low", 0), ("high", 0)]


def test_regress_with_context(running):
    request = regress_request("regress", example(), example(x=[0.5]), context=example(x=[3.0]))
    response = running.prediction.Regress(request, timeout=SECONDS)
    # The first takes x from the context, the second has its own.
    assert [entry.value for entry in response.result.regressions] == [30.0, 5.0]


def test_features_of_any_length(running):
    request = regress_request("regress_flat", example(ids=[1, 2, 3]), example(ids=[7]))
    response = running.prediction.Regress(request, timeout=SECONDS)
    assert [entry.value for entry in response.result.regressions] == [6.0, 7.0]


@pytest.mark.parametrize(
    ("method", "request_", "message"),
    [
        ("Classify", classify_request("classify"), "Input is empty."),
        ("Classify", classify_request("none", example()), "No signature was found with the name"),
        ("Classify", classify_request("text", example()), "Expected exactly one input"),
        ("Classify", classify_request("classify", example()), "x"),
        ("Regress", regress_request("classify", example(x=[1.0])), "exactly one regress output"),
    ],
)
def test_examples_refused(running, method, request_, message):
    call = getattr(running.prediction, method)
    refused(call, request_, grpc.StatusCode.INVALID_ARGUMENT, message)


def multi_request(*tasks) -> inference_pb2.MultiInferenceRequest:
    """Tasks are (model, signature, method)."""
    request = inference_pb2.MultiInferenceRequest()
    for model, signature, method in tasks:
        task = request.tasks.add(method_name=method)
        task.model_spec.name = model
        task.model_spec.signature_name = signature
    fill_input(request.input, [example(x=[0.5])])
    return request


def test_multi_inference(running):
    request = multi_request(("zoo", "regress", REGRESS), ("zoo", "classify", CLASSIFY))
    regression, classification = running.prediction.MultiInference(request, timeout=SECONDS).results
    assert regression.regression_result.regressions[0].value == 5.0
    (row,) = classification.classification_result.classifications
    assert [(entry.label, entry.score) for entry in row.classes] == [("low", -0.5), ("high", 0.5)]
    assert regression.model_spec.signature_name == "regress"
    assert classification.model_spec.version.value == 1


@pytest.mark.parametrize(
    ("tasks", "code", "message"),
    [
        ([], "INVALID_ARGUMENT", "no name"),
        (
            [("zoo", "regress", REGRESS), ("half", "regress", REGRESS)],
            "INVALID_ARGUMENT",
            "must access the same model name",
        ),
        (
            [("zoo", "regress", REGRESS), ("zoo", "regress", REGRESS)],
            "INVALID_ARGUMENT",
            "Duplicate evaluation of signature: regress",
        ),
        (
            [("zoo", "regress", "predict")],
            "UNIMPLEMENTED",
            "Unsupported signature method_name: predict",
        ),
        ([("none", "regress", REGRESS)], "NOT_FOUND", "Latest(none)"),
    ],
)
def test_multi_inference_refused(running, tasks, code, message):
    call = running.prediction.MultiInference
    refused(call, multi_request(*tasks), grpc.StatusCode[code], message)


def test_metadata(running):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "half"
    response = running.prediction.GetModelMetadata(request, timeout=SECONDS)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    definition = signatures.signature_def["serving_default"]
    assert definition.inputs["x"].dtype == tf.float32.as_datatype_enum
    assert definition.outputs["y"].name
    assert (response.model_spec.name, response.model_spec.version.value) == ("half", 20)


@pytest.mark.parametrize(
    ("fields", "message"),
    [([], "at least one metadata_field"), (["graph"], "Metadata field graph is not supported")],
)
def test_metadata_refused(running, fields, message):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = "half"
    refused(running.prediction.GetModelMetadata, request, grpc.StatusCode.INVALID_ARGUMENT, message)


def status_request(model, version=None) -> get_model_status_pb2.GetModelStatusRequest:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = model
    if version is not None:
        request.model_spec.version.value = version
    return request


def test_status(running):
    request = status_request("half", 20)
    (version,) = running.models.GetModelStatus(request, timeout=SECONDS).model_version_status
    assert version.version == 20
    assert version.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE
    assert (version.status.error_code, version.status.error_message) == (0, "")


def test_status_refused(running):
    call, not_found = running.models.GetModelStatus, grpc.StatusCode.NOT_FOUND
    refused(call, status_request("none"), not_found, "Could not find any versions of model none")
    refused(call, status_request("half", 9), not_found, "Could not find version 9 of model half")


def reload_request(text: str) -> model_management_pb2.ReloadConfigRequest:
    return text_format.Parse(f"config {{ {text} }}", model_management_pb2.ReloadConfigRequest())


def half_config(model_root, more: str = "") -> str:
    return (
        f'model_config_list {{ config {{ name: "half" base_path: "{model_root}/half" '
        f'model_platform: "tensorflow" model_version_policy {{ all {{}} }} {more} }} }}'
    )


@pytest.fixture
def restored(running):
    """A server whose models are those of the other tests again afterwards."""
    yield running
    running.models.HandleReloadConfigRequest(reload_request(running.config_text), timeout=SECONDS)


def test_reload(restored, model_root):
    call = restored.models.HandleReloadConfigRequest
    response = call(reload_request(half_config(model_root)), timeout=SECONDS)
    assert response.status.error_code == 0
    labels = 'version_labels { key: "stable" value: 1 }'
    call(reload_request(half_config(model_root, labels)), timeout=SECONDS)
    labelled = predict(restored, "half", {"x": floats(1)}, label="stable")
    assert labelled.model_spec.version.value == 1
    assert predict(restored, "half", {"x": floats(1)}).model_spec.version.value == 20
    request = predict_request("line", {"x": [1.0]})
    refused(restored.prediction.Predict, request, grpc.StatusCode.NOT_FOUND, "Latest(line)")


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", "INVALID_ARGUMENT", "Only ModelConfigList is currently supported"),
        ("custom_model_config {}", "INVALID_ARGUMENT", "Only ModelConfigList is currently"),
        ('model_config_list { config { name: "m" } }', "INVALID_ARGUMENT", "base_path"),
        (
            'model_config_list { config { name: "m" base_path: "/none" '
            'model_platform: "tensorflow" } }',
            "FAILED_PRECONDITION",
            "base path /none does not exist",
        ),
    ],
)
def test_reload_refused(running, text, code, message):
    call = running.models.HandleReloadConfigRequest
    refused(call, reload_request(text), grpc.StatusCode[code], message)
    assert arrays(predict(running, "half", {"x": floats(1)})) == {"y": [2.5]}


@pytest.mark.parametrize("service", ["", "tensorflow.serving.PredictionService"])
def test_health(running, service):
    request = health_pb2.HealthCheckRequest(service=service)
    response = running.health.Check(request, timeout=SECONDS)
    assert response.status == health_pb2.HealthCheckResponse.SERVING


def test_grpc_requests_are_counted(running):
    predict(running, "half", {"x": floats(1)})
    text = running.server.get("/metrics").text
    assert 'API="Predict",entrypoint="GRPC",le="+Inf",model_name="half"' in text


def test_the_graph_of_a_client_who_gave_up_is_cancelled(running):
    request = predict_request("zoo", {"steps": np.array([2**40])}, "slow")
    with pytest.raises(grpc.RpcError) as caught:
        running.prediction.Predict(request, timeout=0.5)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    until = time.monotonic() + SECONDS
    # The one request under way is then that for the metrics.
    while "requests_in_flight 1.0" not in (text := running.server.get("/metrics").text):
        assert time.monotonic() < until, text


def test_no_health_service_unless_asked_for_and_stopping(start_server, model_root):
    port = free_port()
    flags = ("--model_name=m", f"--model_base_path={model_root}/zoo", f"--port={port}")
    server, clients, answers = start_server(*flags), connect(port), []
    refused(
        clients.health.Check,
        health_pb2.HealthCheckRequest(),
        grpc.StatusCode.UNIMPLEMENTED,
        "",
    )

    def count():
        response = predict(clients, "m", {"steps": np.array([400_000])}, "slow")
        answers.append(arrays(response))

    request = threading.Thread(target=count)
    request.start()
    time.sleep(0.5)
    assert request.is_alive(), "the request must still be under way when the signal comes"
    assert server.stop(signal.SIGTERM) == 0
    request.join()
    assert answers == [{"steps": 400_000}]


def test_port_taken(run_module, model_root):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        flags = ("--rest_api_port=0", f"--model_base_path={model_root}/half", f"--port={port}")
        ended = run_module("serving", *flags)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("error: --port: cannot listen on 127.0.0.1 ")


@pytest.mark.parametrize("arguments", ["grpc.a", "=1"])
def test_bad_channel_arguments(run_module, arguments):
    ended = run_module("serving", f"--grpc_channel_arguments={arguments}")
    assert ended.returncode == 2
    assert f"expected KEY=VALUE,... Received: '{arguments}'" in ended.stderr
