"""TensorFlow Serving's PredictionService: run signatures and describe them, over gRPC."""

from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceServicer

from serving.grpc_api.call import answering, find_model, signature_name
from serving.grpc_api.examples import CLASSIFY, REGRESS, Method, check_tasks, method_of
from serving.grpc_api.predict import predict
from serving.grpc_api.service import Service, answered
from serving.inference.examples import serialized_examples
from serving.protocol.errors import invalid_argument
from serving.protocol.proto_messages import DynamicMessage

METADATA_FIELD = "signature_def"


class PredictionService(Service, PredictionServiceServicer):
    """The service."""

    @answered
    def Predict(self, request: DynamicMessage) -> DynamicMessage:
        """Run any signature on tensors."""
        model = find_model(self.registry, request)
        response = predict_pb2.PredictResponse()
        name = signature_name(request.model_spec)
        predict(model, name, request, response.outputs)
        response.model_spec.CopyFrom(answering(model, name))
        return response

    @answered
    def Classify(self, request: DynamicMessage) -> DynamicMessage:
        """Run a signature on examples; classes and scores of each."""
        return self._run_examples(CLASSIFY, request, classification_pb2.ClassificationResponse())

    @answered
    def Regress(self, request: DynamicMessage) -> DynamicMessage:
        """Run a signature on examples; a number for each."""
        return self._run_examples(REGRESS, request, regression_pb2.RegressionResponse())

    @answered
    def MultiInference(self, request: DynamicMessage) -> DynamicMessage:
        """Run several classify and regress signatures of one model on the same examples."""
        if not request.tasks:
            raise invalid_argument("ModelSpec has no name specified.")
        model = find_model(self.registry, request.tasks[0])
        check_tasks(request.tasks)
        examples = serialized_examples(request.input)
        response = inference_pb2.MultiInferenceResponse()
        for task in request.tasks:
            name, method = signature_name(task.model_spec), method_of(task)
            result = response.results.add(model_spec=answering(model, name))
            method.run(model, name, examples, getattr(result, method.field))
        return response

    @answered
    def GetModelMetadata(self, request: DynamicMessage) -> DynamicMessage:
        """The signatures of a version."""
        model = find_model(self.registry, request)
        _check_fields(request.metadata_field)
        signatures = get_model_metadata_pb2.SignatureDefMap(signature_def=model.definitions)
        response = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=answering(model))
        response.metadata[METADATA_FIELD].Pack(signatures)
        return response

    def _run_examples(
        self, method: Method, request: DynamicMessage, response: DynamicMessage
    ) -> DynamicMessage:
        model = find_model(self.registry, request)
        name = signature_name(request.model_spec)
        method.run(model, name, serialized_examples(request.input), response.result)
        response.model_spec.CopyFrom(answering(model, name))
        return response


def _check_fields(fields: list[str]) -> None:
    if not fields:
        raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
    for field in fields:
        if field != METADATA_FIELD:
            raise invalid_argument(f"Metadata field {field} is not supported")
