"""Classify, Regress, MultiInference and GetModelMetadata over gRPC."""

import grpc
import pytest
import tensorflow as tf
from helpers.grpc_tools import SECONDS, example, refused
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    regression_pb2,
)

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"


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


def test_classify(served):
    request = classify_request("classify", example(x=[0.5]), example(x=[-2.0]))
    response = served.prediction.Classify(request, timeout=SECONDS)
    rows = [
        [(entry.label, entry.score) for entry in row.classes]
        for row in response.result.classifications
    ]
    assert rows == [[("low", -0.5), ("high", 0.5)], [("low", 2.0), ("high", -2.0)]]
    assert response.model_spec.signature_name == "classify"
    assert response.model_spec.version.value == 1


def test_classify_without_classes_or_scores(served):
    request = classify_request("scores_only", example(x=[0.5]))
    (row,) = served.prediction.Classify(request, timeout=SECONDS).result.classifications
    assert [(entry.label, entry.score) for entry in row.classes] == [("", -0.5), ("", 0.5)]
    request = classify_request("classes_only", example(x=[0.5]))
    (row,) = served.prediction.Classify(request, timeout=SECONDS).result.classifications
    assert [(entry.label, entry.score) for entry in row.classes] == [("low", 0), ("high", 0)]


def test_regress_with_context(served):
    request = regress_request("regress", example(), example(x=[0.5]), context=example(x=[3.0]))
    response = served.prediction.Regress(request, timeout=SECONDS)
    # The first takes x from the context, the second has its own.
    assert [entry.value for entry in response.result.regressions] == [30.0, 5.0]


def test_features_of_any_length(served):
    request = regress_request("regress_flat", example(ids=[1, 2, 3]), example(ids=[7]))
    response = served.prediction.Regress(request, timeout=SECONDS)
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
def test_examples_refused(served, method, request_, message):
    call = getattr(served.prediction, method)
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


def test_multi_inference(served):
    request = multi_request(("zoo", "regress", REGRESS), ("zoo", "classify", CLASSIFY))
    regression, classification = served.prediction.MultiInference(request, timeout=SECONDS).results
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
def test_multi_inference_refused(served, tasks, code, message):
    call = served.prediction.MultiInference
    refused(call, multi_request(*tasks), grpc.StatusCode[code], message)


def test_metadata(served):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "half"
    response = served.prediction.GetModelMetadata(request, timeout=SECONDS)
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
def test_metadata_refused(served, fields, message):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = "half"
    refused(served.prediction.GetModelMetadata, request, grpc.StatusCode.INVALID_ARGUMENT, message)
