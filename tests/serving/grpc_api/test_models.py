"""The state of models and another configuration, over gRPC."""

import grpc
import pytest
from google.protobuf import text_format
from helpers.grpc_tools import SECONDS, arrays, floats, predict, predict_request, refused
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
)


def status_request(model, version=None) -> get_model_status_pb2.GetModelStatusRequest:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = model
    if version is not None:
        request.model_spec.version.value = version
    return request


def test_status(served):
    request = status_request("half", 20)
    (version,) = served.models.GetModelStatus(request, timeout=SECONDS).model_version_status
    assert version.version == 20
    assert version.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE
    assert (version.status.error_code, version.status.error_message) == (0, "")


def test_status_refused(served):
    call, not_found = served.models.GetModelStatus, grpc.StatusCode.NOT_FOUND
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
def restored(served):
    """A server whose models are those of the other tests again afterwards."""
    yield served
    served.models.HandleReloadConfigRequest(reload_request(served.config_text), timeout=SECONDS)


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


def test_reload_in_other_words(restored, model_root):
    """No platform but the old type, a URI, no number; no version at all; and no model at all."""
    call = restored.models.HandleReloadConfigRequest
    fields = f'name: "half" base_path: "file://{model_root}/half" model_type: TENSORFLOW'
    asked = predict_request("half", {"x": floats(1)})
    for policy, is_served in (("latest {}", True), ("specific {}", False), ("all {}", True)):
        text = f"model_config_list {{ config {{ {fields} model_version_policy {{ {policy} }} }} }}"
        call(reload_request(text), timeout=SECONDS)
        if is_served:
            assert predict(restored, "half", {"x": floats(1)}).model_spec.version.value == 20
        else:
            refused(restored.prediction.Predict, asked, grpc.StatusCode.NOT_FOUND, "Latest(half)")
    response = call(reload_request("model_config_list {}"), timeout=SECONDS)
    assert response.status.error_code == 0
    refused(restored.prediction.Predict, asked, grpc.StatusCode.NOT_FOUND, "Latest(half)")
    assert restored.server.get("/readyz").status_code == 200


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
def test_reload_refused(served, text, code, message):
    call = served.models.HandleReloadConfigRequest
    refused(call, reload_request(text), grpc.StatusCode[code], message)
    assert arrays(predict(served, "half", {"x": floats(1)})) == {"y": [2.5]}
