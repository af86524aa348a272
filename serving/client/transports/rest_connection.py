"""Requests to a model server over HTTP, and what it means when they fail."""

import base64
import json
import re
import threading
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

from serving.client.transports.connection import (
    Answer,
    Connection,
    MalformedAnswerError,
    get_request,
    post_request,
)
from serving.client.transports.retrying import RequestError
from serving.client.transports.transport import without_password
from serving.protocol.errors import InputError
from serving.protocol.status import HTTP_STATUS, Code

# Of several codes with one status the first: 400 is INVALID_ARGUMENT.
_CODES = {HTTP_STATUS[code]: code for code in reversed(Code)}


Json = Any  # a document that has been parsed, as the server sent it


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
            self._host = _host(self._place)
        except ValueError as error:
            raise InputError(f"url: {error}. Received: {self._shown_url!r}") from error
        self._path = quote(self._place.path.rstrip("/"), safe="/%:@!$&'()*+,;=~")
        self._headers = _authorization(self._place)
        self._local = threading.local()

    def ask(self, path: str, timeout: float, body: str | None = None) -> Json:
        """GET a path below the URL, or POST a body to it; the JSON of the answer.

        Raises:
            RequestError: no answer, or a refusal.
            InputError: what answers is no model server.
        """
        answer = self._exchange(path, timeout, body)
        # Titles may hold bytes that are not UTF-8; servers pass them through.
        text = answer.body.decode("utf-8", "replace")
        is_json = answer.header("content-type").startswith("application/json")
        try:
            if answer.status == 200 and is_json:
                return json.loads(text)
        except json.JSONDecodeError:
            is_json = False
        # A model server's own 404 is JSON; other failures may be those of a proxy before it.
        if not is_json and answer.status in (200, 404):
            raise InputError(
                f"{self.where(path)}: expected JSON; is this a model server? "
                f"Received: {_first_words(text)}"
            )
        raise self._refusal(path, answer, text)

    def close(self) -> None:
        """Close this thread's connection; it opens again when needed."""
        connection = self._local.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()

    def where(self, path: str) -> str:
        """The whole URL of a path, for messages; without the password."""
        return self._shown_url + path

    def _exchange(self, path: str, timeout: float, body: str | None) -> Answer:
        where = (self._host, self._path + path)
        if body is None:
            request = get_request(*where, self._headers)
        else:
            request = post_request(*where, body.encode(), self._headers)
        connection = self._connection(timeout)
        try:
            return connection.exchange(request)
        except (OSError, MalformedAnswerError) as error:
            raise self._no_answer(path, error) from error

    def _connection(self, timeout: float) -> Connection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            secure = self._place.scheme == "https"
            address = (self._place.hostname or "", self._place.port or (443 if secure else 80))
            # All requests of this package only read, so sending one twice is harmless.
            connection = Connection(address, timeout, secure, again=True)
            self._local.connection = connection
        connection.timeout = timeout
        return connection

    def _no_answer(self, path: str, error: Exception) -> RequestError:
        where = self.where(path)
        if isinstance(error, TimeoutError):
            return RequestError(f"{where}: no answer in time ({error})", Code.DEADLINE_EXCEEDED)
        message = f"nothing answers at {where}; is the server running there? ({error})"
        return RequestError(message, Code.UNAVAILABLE)

    def _refusal(self, path: str, answer: Answer, text: str) -> RequestError:
        message = f"{self.where(path)}: HTTP {answer.status}: {_reason(text)}"
        wait = answer.header("retry-after")
        code = _CODES.get(answer.status, Code.UNKNOWN)
        return RequestError(message, code, float(wait) if wait.isdecimal() else 0.0)


def _host(place: SplitResult) -> str:
    """The header `Host`: as in the URL, without the password, in ASCII."""
    return place.netloc.rpartition("@")[2].encode("idna").decode()


def _authorization(place: SplitResult) -> str:
    """The header line of HTTP basic authentication; "" where the URL has no name."""
    if place.username is None:
        return ""
    pair = f"{unquote(place.username)}:{unquote(place.password or '')}"
    return f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"


def _reason(text: str) -> str:
    """The message of an error answer, or its first characters where it is no JSON."""
    try:
        return str(json.loads(text)["error"])
    except (json.JSONDecodeError, KeyError, TypeError):
        return _first_words(text) or "no message"


def _first_words(text: str) -> str:
    return re.sub(r"\s+", " ", text[:80])
