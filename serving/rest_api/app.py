"""TensorFlow Serving's REST interface, and beside it health and metrics."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from serving.access_log import log_request
from serving.inference.deadline import require_time
from serving.inference.limits import Limits
from serving.inference.servable import Servable
from serving.inference.tensor import free_strings
from serving.metrics import CONTENT_TYPE, Metrics
from serving.models.registry import Registry
from serving.protocol.errors import ServingError
from serving.protocol.status import HTTP_STATUS, Code
from serving.protocol.urls import VERBS, Call, is_api_path, parse_call
from serving.rest_api.bodies import Bodies
from serving.rest_api.body import is_gzip, is_small
from serving.rest_api.disconnect import while_connected
from serving.rest_api.operations import INFERENCE, INFORMATION, find_model
from serving.rest_api.reader import Reader
from serving.rest_api.reading import Asked, read_request
from serving.rest_api.turns import turn
from serving.rest_api.workers import Workers

logger = logging.getLogger(__name__)

# Larger bodies, and all that is inflated to more than a little, wait for the largest.
MIDDLING_BYTES = 2**20

CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}

Result = TypeVar("Result")


@dataclass(frozen=True)
class RestOptions:
    """How the REST interface behaves.

    Attributes:
        threads: requests that run at the same time.
        waiting: requests that may wait for a thread; 0 is no limit.
        seconds: how long a request may take; 0 is no limit.
        limits: the largest request that is answered.
        cors: whether pages of other origins may ask.
        monitoring_path: where the metrics are; None for nowhere.
    """

    threads: int
    waiting: int = 0
    seconds: float = 30.0
    limits: Limits = Limits()
    cors: bool = False
    monitoring_path: str | None = None


class RestApi:
    """Answers every path; its grammar, `serving.protocol.urls`, is finer than any router's.

    Args:
        registry: the models to serve.
        options: see the class.
        metrics: where requests are counted.
    """

    def __init__(self, registry: Registry, options: RestOptions, metrics: Metrics):
        self._registry = registry
        self._options = options
        self._metrics = metrics
        self._workers = Workers(options.threads, options.waiting, options.seconds)
        self._bodies = Bodies(options.limits)
        # One process each, so that those of middling size do not wait for the largest.
        self._middling, self._large = (
            (Reader(), Workers(1, options.waiting, options.seconds)) for _ in range(2)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        request, started = Request(scope, receive), time.perf_counter()
        with self._metrics.in_flight():
            try:
                response = await self._respond(request)
            except ClientDisconnect:
                response = Response(status_code=HTTP_STATUS[Code.CANCELLED])
            await response(scope, receive, send)
        status, seconds = response.status_code, time.perf_counter() - started
        path = scope["raw_path"].decode("latin-1")
        log_request(request.method, path, status, seconds, response_bytes=len(response.body))

    def close(self) -> None:
        """End the threads and processes, after the last request."""
        self._workers.close()
        for reader, workers in (self._middling, self._large):
            workers.close()
            reader.close()

    async def _respond(self, request: Request) -> Response:
        path = _raw_path(request)
        if is_api_path(path):
            response = await self._respond_api(request, path)
            response.headers.update(CORS_HEADERS if self._options.cors else {})
            return response
        if request.method == "GET" and path in ("/livez", "/readyz"):
            return self._health(path)
        if self._options.monitoring_path and request.url.path == self._options.monitoring_path:
            if request.method != "GET" or "?" in path:
                return _error(ServingError(Code.INVALID_ARGUMENT, f"Malformed request: {path}"))
            return Response(self._metrics.text(self._registry.available()), media_type=CONTENT_TYPE)
        return HTMLResponse("<h1>404 Not Found</h1>", status_code=404)

    async def _respond_api(self, request: Request, path: str) -> Response:
        if request.method == "OPTIONS":
            return _answer_preflight(request)
        started, call, code = time.perf_counter(), None, Code.OK
        parts: list[bytes] = []
        try:
            # All of it is read first: a client that is still sending hears no answer.
            await self._bodies.read(request, parts)
            call = parse_call(request.method, path)
            encoding = request.headers.get("content-encoding", "")
            text = await while_connected(request.receive, self._answer(call, parts, encoding))
            return _json_response(text, HTTP_STATUS[Code.OK])
        except ServingError as error:
            code = error.code
            return _error(error)
        except ClientDisconnect:
            code = Code.CANCELLED
            raise
        finally:
            self._bodies.release(parts)
            if call is None or call.operation in VERBS:
                self._count(call, code, time.perf_counter() - started)

    async def _answer(self, call: Call, parts: list[bytes], encoding: str) -> str:
        if call.operation in INFORMATION:
            return await self._workers.run(self._inform, call)
        if is_small(parts, encoding):
            return await self._workers.run(self._read_and_infer, call, b"".join(parts), encoding)
        model, readable = find_model(self._registry, call)
        middling = sum(map(len, parts)) <= MIDDLING_BYTES and not is_gzip(encoding)
        reader, workers = self._middling if middling else self._large
        limits = self._options.limits
        # A copy of the list: a reader may go on when the request has timed out.
        asked = await workers.run(reader.read, call.operation, [*parts], encoding, limits, readable)
        return await self._workers.run(self._infer_large, call, model, asked)

    def _inform(self, call: Call) -> str:
        return _or_bug(call, INFORMATION[call.operation], self._registry, call)

    def _read_and_infer(self, call: Call, body: bytes, encoding: str) -> str:
        model, readable = find_model(self._registry, call)
        limits = self._options.limits
        with turn(len(body)):
            asked = _or_bug(call, read_request, call.operation, body, encoding, limits, readable)
        return self._infer(call, model, asked)

    def _infer_large(self, call: Call, model: Servable | None, asked: Asked) -> str:
        try:
            return self._infer(call, model, asked)
        finally:
            free_strings(asked.feeds)

    def _infer(self, call: Call, model: Servable | None, asked: Asked) -> str:
        return _or_bug(call, INFERENCE[call.operation], model, asked)

    def _count(self, call: Call | None, code: Code, seconds: float) -> None:
        operation = call.operation.capitalize() if call else ""
        known = call.model if call and call.model in self._registry.models() else ""
        self._metrics.request(known, operation, "REST", code, seconds)

    def _health(self, path: str) -> Response:
        """Alive is who answers; ready is who has a version of every model it serves."""
        if path == "/livez" or not self._registry.waiting():
            return PlainTextResponse("ok")
        return PlainTextResponse("a model has no version that answers", status_code=503)


def _or_bug(call: Call, function: Callable[..., Result], *arguments: object) -> Result:
    require_time()  # it may have waited for its turn
    try:
        return function(*arguments)
    except ServingError:
        raise
    except Exception as error:
        # A bug: the client gets an answer, the log gets the traceback.
        logger.exception("%s of model %s failed", call.operation, call.model)
        raise ServingError(Code.INTERNAL, str(error)) from error


def _raw_path(request: Request) -> str:
    path = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _answer_preflight(request: Request) -> Response:
    origin = request.headers.get("origin", "").lower()
    allowed = origin.startswith(("http://", "https://"))
    return Response(status_code=200 if allowed else 400)


def _error(error: ServingError) -> Response:
    return _json_response(error.body(), error.http_status)


def _json_response(text: str, status: int) -> Response:
    body = text.encode("utf-8", "surrogateescape")
    return Response(body, status_code=status, media_type="application/json")
