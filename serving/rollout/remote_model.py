"""A model behind the REST interface of TensorFlow Serving, or of the embedded server."""

from dataclasses import dataclass, replace

import numpy as np

from serving.client.transports.rest_connection import Json, RestConnection
from serving.client.transports.rest_transport import RestTransport, model_path
from serving.client.transports.retrying import RequestError, Retries
from serving.client.transports.transport import Served, Values
from serving.inference.tensor import Tensor
from serving.protocol.errors import InputError, ServingError
from serving.protocol.status import Code

AVAILABLE = "AVAILABLE"
ONCE = Retries(attempts=1)


@dataclass(frozen=True)
class VersionState:
    """How a version is.

    Attributes:
        state: `AVAILABLE`, `LOADING` and so on; `END` after it was unloaded or failed to load.
        error: why it failed to load; "" if it did not.
    """

    state: str
    error: str


class RemoteModel:
    """A model on a server, and its versions.

    Args:
        url: the server's base URL.
        name: the model's name on the server.
        timeout: seconds to wait for an answer.

    Raises:
        InputError: `url` is none.
    """

    def __init__(self, url: str, name: str, timeout: float = 30.0):
        self._connection = RestConnection(url)
        self._served = Served(url, name)
        self._timeout = timeout

    def states(self) -> dict[int, VersionState]:
        """The versions that the server knows; none if it does not know the model.

        Raises:
            RequestError: the server cannot be reached.
            InputError: it is something else.
        """
        path = model_path(self._served)
        answer = self._ask(path, Code.NOT_FOUND)
        try:
            return {
                int(each["version"]): VersionState(each["state"], each["status"]["error_message"])
                for each in (answer["model_version_status"] if answer else ())
            }
        except (KeyError, TypeError, ValueError) as error:
            where = self._connection.where(path)
            raise InputError(f"{where}: expected a model's status; wrong server?") from error

    def labelled(self, label: str) -> int | None:
        """The version that a label leads to; None if the server does not know the label.

        Raises:
            RequestError, InputError: as `states`.
        """
        path = f"{model_path(replace(self._served, label=label))}/metadata"
        answer = self._ask(path, Code.NOT_FOUND, Code.INVALID_ARGUMENT)
        try:
            return int(answer["model_spec"]["version"]) if answer else None
        except (KeyError, TypeError, ValueError) as error:
            where = self._connection.where(path)
            raise InputError(f"{where}: expected metadata; wrong server?") from error

    def version(self, number: int) -> "RemoteVersion":
        """One of its versions."""
        served = replace(self._served, version=number)
        return RemoteVersion(RestTransport(served, self._timeout, ONCE))

    def _ask(self, path: str, *unknown: Code) -> Json | None:
        """The answer; None where it is a refusal with one of the codes."""
        try:
            return self._connection.ask(path, self._timeout)
        except RequestError as error:
            if error.code in unknown:
                return None
            raise


@dataclass(frozen=True)
class RemoteVersion:
    """A version on a server, to be asked like a model in memory."""

    transport: RestTransport

    def run(self, signature_name: str, feeds: dict[str, Tensor]) -> dict[str, Tensor]:
        """Run a signature: alias -> tensor to alias -> tensor.

        Raises:
            ServingError: the server does not answer, refuses, or answers something else.
        """
        inputs = {alias: _values(tensor) for alias, tensor in feeds.items()}
        try:
            outputs = self.transport.predict(signature_name, inputs)
        except InputError as error:
            raise ServingError(Code.UNKNOWN, str(error)) from error
        return {alias: _tensor(value) for alias, value in outputs.items()}


def _values(tensor: Tensor) -> Values:
    values = tensor.values.tolist()
    if tensor.values.dtype == object:
        values = [value.decode("utf-8") for value in values]
    return Values(values, tensor.shape)


def _tensor(value: list) -> Tensor:
    try:
        array = np.array(value)
    except ValueError as error:
        raise ServingError(Code.UNKNOWN, f"rows of different sizes: {error}") from error
    return Tensor(array.ravel(), array.shape)
