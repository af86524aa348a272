"""A model asked over TensorFlow Serving's gRPC interface. Needs the extra `client`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import grpc

from serving.client.transports.retrying import RequestError, Retries
from serving.client.transports.transport import (
    Served,
    Signature,
    TensorSpec,
    Transport,
    Values,
    without_password,
)
from serving.client.transports.wire import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    ModelSpec,
    PredictRequest,
    PredictResponse,
    SignatureDefMap,
)
from serving.client.transports.wire_tensor import TYPE_NAMES, read_tensor, read_values, write_tensor
from serving.protocol.proto_messages import DynamicMessage
from serving.protocol.status import Code

SERVICE = "/tensorflow.serving.PredictionService"
CHANNEL_OPTIONS = (
    # Answers of thousands of histories are larger than the 4 MiB that gRPC allows.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Otherwise a server that is back after a second is only tried again after many.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)

Method = Callable[..., DynamicMessage]  # of gRPC: takes the message and its `timeout`


class GrpcTransport(Transport):
    """gRPC without encryption. Threads may share one."""

    def __init__(self, served: Served, timeout: float, retries: Retries):
        super().__init__(served, timeout, retries)
        address = served.url.removeprefix("grpc://")
        self._channel = grpc.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._ask_predict = self._method("Predict", PredictResponse)
        self._ask_metadata = self._method("GetModelMetadata", GetModelMetadataResponse)

    def close(self) -> None:
        """Close the channel, for good."""
        self._channel.close()

    def _method(self, name: str, answer: type[DynamicMessage]) -> Method:
        method: Method = self._channel.unary_unary(
            f"{SERVICE}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        return method

    def _ask_signatures(self, timeout: float) -> dict[str, Signature]:
        request = GetModelMetadataRequest(
            model_spec=self._model_spec(), metadata_field=["signature_def"]
        )
        response = self._exchange(self._ask_metadata, request, timeout)
        return _signatures(SignatureDefMap.FromString(response.metadata["signature_def"].value))

    def _predict(
        self, signature: str, inputs: Mapping[str, Values], timeout: float
    ) -> dict[str, Any]:
        request = PredictRequest(model_spec=self._model_spec(signature))
        specs = self.signatures[signature].inputs
        for name, tensor in inputs.items():
            request.inputs[name].CopyFrom(write_tensor(tensor, specs[name].dtype))
        response = self._exchange(self._ask_predict, request, timeout)
        return {name: read_tensor(tensor, name) for name, tensor in response.outputs.items()}

    def _exchange(self, method: Method, request: DynamicMessage, timeout: float) -> DynamicMessage:
        try:
            return method(request, timeout=timeout)
        except grpc.RpcError as error:
            code = Code(error.code().value[0])
            message = f"{without_password(self.served.url)}: {code.name}: {error.details()}"
            raise RequestError(message, code) from error

    def _model_spec(self, signature: str = "") -> DynamicMessage:
        spec = ModelSpec(name=self.served.model, signature_name=signature)
        if self.served.version is not None:
            spec.version.value = self.served.version
        if self.served.label is not None:
            spec.version_label = self.served.label
        return spec


def _signatures(definitions: DynamicMessage) -> dict[str, Signature]:
    return {
        name: Signature(
            _specs(definition.inputs),
            _specs(definition.outputs),
            {alias: partial(read_values, p, alias) for alias, p in definition.defaults.items()},
        )
        for name, definition in definitions.signature_def.items()
    }


def _specs(tensors: Mapping[str, DynamicMessage]) -> dict[str, TensorSpec]:
    return {
        name: TensorSpec(
            TYPE_NAMES.get(info.dtype, f"type {info.dtype}"),
            tuple(dimension.size for dimension in info.tensor_shape.dim),
        )
        for name, info in tensors.items()
    }
