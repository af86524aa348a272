"""A model asked over TensorFlow Serving's REST interface, in column form."""

import json
from array import array
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from serving.client.transports.json_tensor import read_json_tensor
from serving.client.transports.rest_connection import Json, RestConnection
from serving.client.transports.retrying import Retries
from serving.client.transports.transport import (
    Served,
    Signature,
    TensorSpec,
    Transport,
    Values,
    nested,
)
from serving.protocol.errors import InputError


class RestTransport(Transport):
    """REST. Threads may share one.

    Raises:
        InputError: the URL is none.
    """

    def __init__(self, served: Served, timeout: float, retries: Retries):
        super().__init__(served, timeout, retries)
        self._connection = RestConnection(served.url)
        self._path = model_path(served)

    def close(self) -> None:
        """Close this thread's connection; it opens again when needed."""
        self._connection.close()

    def _ask_signatures(self, timeout: float) -> dict[str, Signature]:
        path = f"{self._path}/metadata"
        answer = self._connection.ask(path, timeout)
        try:
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            return {name: _signature(definition) for name, definition in signatures.items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{self._connection.where(path)}: the answer is no model metadata; wrong server?"
            ) from error

    def _predict(
        self, signature: str, inputs: Mapping[str, Values], timeout: float
    ) -> dict[str, Any]:
        path = f"{self._path}:predict"
        body = predict_body(signature, self.complete(signature, inputs))
        answer = self._connection.ask(path, timeout, body)
        specs = self.signatures[signature].outputs
        try:
            outputs = answer["outputs"]
            if len(specs) == 1:
                outputs = dict.fromkeys(specs, outputs)
            return {name: _typed(outputs[name], spec) for name, spec in specs.items()}
        except (KeyError, TypeError) as error:
            raise InputError(
                f"{self._connection.where(path)}: expected the outputs "
                f"{', '.join(sorted(specs))}; was another model published? A new client asks for "
                "its signatures."
            ) from error


def model_path(served: Served) -> str:
    """The path of a model's status, `/v1/models/NAME...`; its calls add `:predict` and the like."""
    place = "" if served.version is None else f"/versions/{served.version}"
    if served.label is not None:
        place = f"/labels/{quote(served.label, safe='')}"
    return f"/v1/models/{quote(served.model, safe='')}{place}"


def predict_body(signature: str, inputs: Mapping[str, Values]) -> str:
    """The JSON of a predict call in column form."""
    columns = {name: nested(tensor.values, tensor.shape) for name, tensor in inputs.items()}
    return json.dumps({"signature_name": signature, "inputs": columns})


def _signature(definition: dict[str, Any]) -> Signature:
    defaults = definition.get("defaults", {})
    return Signature(
        _specs(definition["inputs"]),
        _specs(definition["outputs"]),
        {name: partial(read_json_tensor, document, name) for name, document in defaults.items()},
    )


def _specs(tensors: dict[str, Any]) -> dict[str, TensorSpec]:
    return {name: _spec(info) for name, info in tensors.items()}


def _spec(info: dict[str, Any]) -> TensorSpec:
    # A ragged or sparse output has no shape of its own.
    dimensions = info.get("tensor_shape", {}).get("dim", [])
    return TensorSpec(info["dtype"], tuple(int(dimension["size"]) for dimension in dimensions))


def _typed(value: Json, spec: TensorSpec) -> Json:
    """Float32 numbers out of their shortest decimal text, so that gRPC's are the same."""
    if spec.dtype != "DT_FLOAT":
        return value
    if not isinstance(value, list):
        return array("f", [value])[0]
    if value and isinstance(value[0], list):
        return [_typed(row, spec) for row in value]
    return array("f", value).tolist()
