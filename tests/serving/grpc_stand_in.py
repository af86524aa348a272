"""A gRPC server of the real `tensorflow-serving-api` classes: argument FOLDER holds models.

Prints its port. Knows Predict and GetModelMetadata, of one version a model.
"""

import sys
from concurrent import futures
from pathlib import Path

import grpc
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc as service

from serving.models import read_definitions
from serving.versions import find_versions


class PredictionService(service.PredictionServiceServicer):
    """The models, by name."""

    def __init__(self, root: Path):
        newest = {path.name: find_versions(path.name, path)[0] for path in root.iterdir()}
        self.directories = {name: found for name, found in newest.items()}
        self.models = {
            name: tf.saved_model.load(str(directory.path)) for name, directory in newest.items()
        }

    def Predict(self, request, context):  # noqa: N802 (gRPC's name)
        self.check(request.model_spec, context)
        function = self.models[request.model_spec.name].signatures[
            request.model_spec.signature_name or "serving_default"
        ]
        feeds = {
            name: tf.constant(tf.make_ndarray(proto)) for name, proto in request.inputs.items()
        }
        response = predict_pb2.PredictResponse()
        for name, tensor in function(**feeds).items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(tensor))
        return response

    def GetModelMetadata(self, request, context):  # noqa: N802
        self.check(request.model_spec, context)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, definition in read_definitions(self.directories[request.model_spec.name]).items():
            signatures.signature_def[name].CopyFrom(definition)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.metadata["signature_def"].Pack(signatures)
        return response

    def check(self, model_spec, context):
        if model_spec.name not in self.models:
            message = f"Servable not found for request: Latest({model_spec.name})"
            context.abort(grpc.StatusCode.NOT_FOUND, message)


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(4))
    service.add_PredictionServiceServicer_to_server(PredictionService(Path(sys.argv[1])), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()
