"""A model asked over TensorFlow Serving's REST interface, in column form.

On `http.client`: a request takes a tenth of a millisecond, and the import a tenth of a second less
than that of the usual packages.
"""

import http.client
import json
import re
import threading
from array import array
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from serving.errors import InputError
from serving.retrying import RequestError, Retries
from serving.status import HTTP_STATUS, Code
from serving.transport import Served, Signature, TensorSpec, Transport, Values, nested

# Of several codes with one status the first: 400 is INVALID_ARGUMENT.
_CODES = {HTTP_STATUS[code]: code for code in reversed(Code)}


class RestTransport(Transport):
    """REST over HTTP/1.1 with kept connections, one for every thread that asks.

    Raises:
        InputError: the URL is none.
    """

    def __init__(self, served: Served, timeout: float, retries: Retries):
        super().__init__(served, timeout, retries)
        try:
            self._place = urlsplit(served.url)
            self._place.port  # noqa: B018 (the property raises where the port is no number)
        except ValueError as error:
            raise InputError(f"url: {error}. Received: {served.url!r}") from error
        self._path = self._place.path.rstrip("/") + model_path(served)
        self._local = threading.local()

    def close(self) -> None:
        """Close this thread's connection; it opens again when needed."""
        connection = self._local.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()

    def _ask_signatures(self, timeout: float) -> dict[str, Signature]:
        path = f"{self._path}/metadata"
        try:
            metadata = json.loads(self._exchange("GET", path, None, timeout))["metadata"]
            signatures = metadata["signature_def"]["signature_def"]
            return {name: _signature(definition) for name, definition in signatures.items()}
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{self._where(path)}: the answer is no model metadata; wrong server?"
            ) from error

    def _predict(self, signature: str, inputs: Mapping[str, Values], timeout: float) -> dict:
        body = predict_body(signature, inputs)
        path = f"{self._path}:predict"
        specs = self.signatures[signature].outputs
        try:
            outputs = json.loads(self._exchange("POST", path, body, timeout))["outputs"]
            if len(specs) == 1:
                outputs = dict.fromkeys(specs, outputs)
            return {name: _typed(outputs[name], spec) for name, spec in specs.items()}
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(
                f"{self._where(path)}: expected the outputs {', '.join(sorted(specs))}; was "
                "another model published? A new client asks for its signatures."
            ) from error

    def _exchange(self, method: str, path: str, body: str | None, timeout: float) -> str:
        """Send a request and return the answer's text; every failure is a `RequestError`."""
        connection = self._connection(timeout)
        try:
            connection.request(method, path, body and body.encode())
            response = connection.getresponse()
            # Titles may hold bytes that are not UTF-8; servers pass them through.
            text = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._no_answer(path, error) from error
        if response.status != 200:
            raise self._refusal(path, response, text)
        if not response.headers.get("content-type", "").startswith("application/json"):
            raise InputError(
                f"{self._where(path)}: expected JSON; is this a model server? Received: {text[:80]}"
            )
        return text

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            secure = self._place.scheme == "https"
            kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            connection = kind(self._place.hostname, self._place.port, timeout=timeout)
            self._local.connection = connection
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        return connection

    def _no_answer(self, path: str, error: Exception) -> RequestError:
        where = self._where(path)
        if isinstance(error, TimeoutError):
            return RequestError(f"{where}: no answer in time ({error})", Code.DEADLINE_EXCEEDED)
        message = f"nothing answers at {where}; is the server running there? ({error})"
        return RequestError(message, Code.UNAVAILABLE)

    def _refusal(self, path: str, response: http.client.HTTPResponse, text: str) -> RequestError:
        message = f"{self._where(path)}: HTTP {response.status}: {_reason(text)}"
        wait = response.headers.get("retry-after", "")
        code = _CODES.get(response.status, Code.UNKNOWN)
        return RequestError(message, code, float(wait) if wait.isdecimal() else 0.0)

    def _where(self, path: str) -> str:
        return f"{self._place.scheme}://{self._place.netloc}{path}"


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


def _signature(definition: dict) -> Signature:
    return Signature(_specs(definition["inputs"]), _specs(definition["outputs"]))


def _specs(tensors: dict) -> dict[str, TensorSpec]:
    return {name: _spec(info) for name, info in tensors.items()}


def _spec(info: dict) -> TensorSpec:
    # A ragged or sparse output has no shape of its own.
    dimensions = info.get("tensor_shape", {}).get("dim", [])
    return TensorSpec(info["dtype"], tuple(int(dimension["size"]) for dimension in dimensions))


def _typed(value: object, spec: TensorSpec) -> object:
    """Float32 numbers out of their shortest decimal text, so that gRPC's are the same."""
    if spec.dtype != "DT_FLOAT":
        return value
    if not isinstance(value, list):
        return array("f", [value])[0]
    if value and isinstance(value[0], list):
        return [_typed(row, spec) for row in value]
    return array("f", value).tolist()


def _reason(text: str) -> str:
    """The message of an error answer, or its first characters where it is no JSON."""
    try:
        return json.loads(text)["error"]
    except (json.JSONDecodeError, KeyError, TypeError):
        return re.sub(r"\s+", " ", text[:80]) or "no message"
