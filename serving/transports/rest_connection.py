"""Requests to a model server over HTTP, and what it means when they fail.

On `http.client`: a request takes a tenth of a millisecond, and the import a tenth of a second less
than that of the usual packages.
"""

import base64
import http.client
import json
import re
import threading
from urllib.parse import SplitResult, unquote, urlsplit

from serving.errors import InputError
from serving.status import HTTP_STATUS, Code
from serving.transports.retrying import RequestError
from serving.transports.transport import without_password

# Of several codes with one status the first: 400 is INVALID_ARGUMENT.
_CODES = {HTTP_STATUS[code]: code for code in reversed(Code)}


class RestConnection:
    """HTTP/1.1 with kept connections, one for every thread that asks.

    Args:
        url: `http://HOST:PORT` or `https://HOST/PATH`; with `NAME:PASSWORD@` before the host, both
            are sent with every request (HTTP basic authentication).

    Raises:
        InputError: the URL is none.
    """

    def __init__(self, url: str):
        self._shown_url = without_password(url).rstrip("/")
        if not re.match(r"https?://[^/\s]", url):
            raise InputError(f"url: expected http://HOST:PORT. Received: {self._shown_url!r}")
        try:
            self._place = urlsplit(url)
            self._place.port  # noqa: B018 (the property raises where the port is no number)
        except ValueError as error:
            raise InputError(f"url: {error}. Received: {self._shown_url!r}") from error
        self._path = self._place.path.rstrip("/")
        self._headers = _authorization(self._place)
        self._local = threading.local()

    def ask(self, path: str, timeout: float, body: str | None = None) -> object:
        """GET a path below the URL, or POST a body to it; the JSON of the answer.

        Raises:
            RequestError: no answer, or a refusal.
            InputError: what answers is no model server.
        """
        response, text = self._exchange(path, timeout, body)
        is_json = response.headers.get("content-type", "").startswith("application/json")
        try:
            if response.status == 200 and is_json:
                return json.loads(text)
        except json.JSONDecodeError:
            is_json = False
        # A model server's own 404 is JSON; other failures may be those of a proxy before it.
        if not is_json and response.status in (200, 404):
            raise InputError(
                f"{self.where(path)}: expected JSON; is this a model server? "
                f"Received: {_first_words(text)}"
            )
        raise self._refusal(path, response, text)

    def close(self) -> None:
        """Close this thread's connection; it opens again when needed."""
        connection = self._local.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()

    def where(self, path: str) -> str:
        """The whole URL of a path, for messages; without the password."""
        return self._shown_url + path

    def _exchange(
        self, path: str, timeout: float, body: str | None
    ) -> tuple[http.client.HTTPResponse, str]:
        connection = self._connection(timeout)
        try:
            method, content = ("GET", None) if body is None else ("POST", body.encode())
            connection.request(method, self._path + path, content, self._headers)
            response = connection.getresponse()
            # Titles may hold bytes that are not UTF-8; servers pass them through.
            return response, response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._no_answer(path, error) from error

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
        where = self.where(path)
        if isinstance(error, TimeoutError):
            return RequestError(f"{where}: no answer in time ({error})", Code.DEADLINE_EXCEEDED)
        message = f"nothing answers at {where}; is the server running there? ({error})"
        return RequestError(message, Code.UNAVAILABLE)

    def _refusal(self, path: str, response: http.client.HTTPResponse, text: str) -> RequestError:
        message = f"{self.where(path)}: HTTP {response.status}: {_reason(text)}"
        wait = response.headers.get("retry-after", "")
        code = _CODES.get(response.status, Code.UNKNOWN)
        return RequestError(message, code, float(wait) if wait.isdecimal() else 0.0)


def _authorization(place: SplitResult) -> dict[str, str]:
    if place.username is None:
        return {}
    pair = f"{unquote(place.username)}:{unquote(place.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _reason(text: str) -> str:
    """The message of an error answer, or its first characters where it is no JSON."""
    try:
        return json.loads(text)["error"]
    except (json.JSONDecodeError, KeyError, TypeError):
        return _first_words(text) or "no message"


def _first_words(text: str) -> str:
    return re.sub(r"\s+", " ", text[:80])
