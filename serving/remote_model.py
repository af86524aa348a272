"""A model behind the REST interface of TensorFlow Serving, or of the embedded server."""

import json
import re
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np

from serving.errors import InputError, ServingError
from serving.status import HTTP_STATUS, Code
from serving.tensor import Tensor

AVAILABLE = "AVAILABLE"


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
    """A model on a server.

    Args:
        url: the server's base URL.
        name: the model's name on the server.
        timeout: seconds to wait for an answer.

    Raises:
        InputError: `url` is none.
    """

    def __init__(self, url: str, name: str, timeout: float = 30.0):
        if not re.match(r"https?://[^/\s]", url):
            raise InputError(f"--url: expected http://HOST:PORT. Received: {url!r}")
        # Imported here, for it takes longer than everything else in --help.
        import requests

        self._session = requests.Session()
        self._timeout = timeout
        self._url = f"{url.rstrip('/')}/v1/models/{quote(name, safe='')}"

    def states(self) -> dict[int, VersionState]:
        """The versions that the server knows; none if it does not know the model.

        Raises:
            InputError: the server cannot be reached, or is something else.
        """
        code, answer = self._ask("GET", "")
        if code != HTTP_STATUS[Code.OK]:
            return {}
        try:
            return {
                int(each["version"]): VersionState(each["state"], each["status"]["error_message"])
                for each in answer["model_version_status"]
            }
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{self._url}: expected a model's status; wrong server?") from error

    def labelled(self, label: str) -> int | None:
        """The version that a label leads to; None if the server does not know the label.

        Raises:
            InputError: as `states`.
        """
        code, answer = self._ask("GET", f"/labels/{quote(label, safe='')}/metadata")
        if code != HTTP_STATUS[Code.OK]:
            return None
        try:
            return int(answer["model_spec"]["version"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{self._url}: expected metadata; wrong server?") from error

    def predict(self, version: int, signature_name: str, feeds: dict[str, Tensor]) -> dict:
        """Run a signature of one version; alias -> nested lists.

        Raises:
            ServingError: the server refuses, or answers with something else than outputs.
            InputError: as `states`.
        """
        inputs = {alias: _lists(tensor) for alias, tensor in feeds.items()}
        body = json.dumps({"signature_name": signature_name, "inputs": inputs})
        code, answer = self._ask("POST", f"/versions/{version}:predict", body)
        if code != HTTP_STATUS[Code.OK]:
            raise ServingError(Code.UNKNOWN, f"HTTP {code}: {str(answer)[:300]}")
        if not isinstance(answer, dict) or not isinstance(answer.get("outputs"), dict):
            raise ServingError(Code.UNKNOWN, f"no named outputs: {str(answer)[:300]}")
        return answer["outputs"]

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, object]:
        import requests

        url = self._url + path
        try:
            response = self._session.request(method, url, data=body, timeout=self._timeout)
            # Titles may hold bytes that are not UTF-8; servers pass them through.
            return response.status_code, json.loads(response.content.decode("utf-8", "replace"))
        except requests.ConnectionError as error:
            raise InputError(f"nothing answers at {url}; is the server running there?") from error
        except requests.RequestException as error:
            raise InputError(f"{url}: {error}") from error
        except json.JSONDecodeError as error:
            raise InputError(f"{url}: expected JSON; is this a model server?") from error


@dataclass(frozen=True)
class RemoteVersion:
    """One version of it, to be asked like a model in memory."""

    model: RemoteModel
    version: int

    def run(self, signature_name: str, feeds: dict[str, Tensor]) -> dict[str, Tensor]:
        """Run a signature: alias -> tensor to alias -> tensor.

        Raises:
            ServingError, InputError: as `RemoteModel.predict`.
        """
        outputs = self.model.predict(self.version, signature_name, feeds)
        return {alias: _tensor(value) for alias, value in outputs.items()}


def _lists(tensor: Tensor) -> list:
    values = tensor.values
    if values.dtype == object:
        values = np.array([value.decode("utf-8") for value in values], object)
    return values.reshape(tensor.shape).tolist()


def _tensor(value: list) -> Tensor:
    try:
        array = np.array(value)
    except ValueError as error:
        raise ServingError(Code.UNKNOWN, f"rows of different sizes: {error}") from error
    return Tensor(array.ravel(), array.shape)
