"""The embedded server: TensorFlow Serving's REST interface on starlette and uvicorn."""

import logging
import socket

import anyio
import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from serving.body import inflate
from serving.errors import ServingError
from serving.operations import OPERATIONS
from serving.registry import Registry
from serving.status import HTTP_STATUS, Code
from serving.urls import is_api_path, parse_call

logger = logging.getLogger(__name__)


def create_app(registry: Registry, workers: int) -> Starlette:
    """The application.

    Args:
        registry: the models to serve.
        workers: requests that run at the same time; others wait, without blocking the loop.
    """
    routes = [Mount("/", app=RestApi(registry, workers))]
    return Starlette(routes=routes)


class RestApi:
    """Answers every path; its grammar, `serving.urls`, is finer than any router's."""

    def __init__(self, registry: Registry, workers: int):
        self._registry = registry
        self._workers = workers
        self._limiter: anyio.CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            response = Response(status_code=HTTP_STATUS[Code.CANCELLED])
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        path = _raw_path(request)
        if not is_api_path(path):
            return HTMLResponse("<h1>404 Not Found</h1>", status_code=404)
        if request.method == "OPTIONS":
            return _answer_preflight(request)
        body = await request.body()
        return await to_thread.run_sync(
            self._answer, request, path, body, limiter=self._worker_limiter()
        )

    def _answer(self, request: Request, path: str, body: bytes) -> Response:
        try:
            call = parse_call(request.method, path)
            inflated = inflate(body, request.headers.get("content-encoding", ""))
            text = OPERATIONS[call.operation](self._registry, call, inflated)
            return _json_response(text, Code.OK)
        except ServingError as error:
            return _json_response(error.body(), error.code)
        except Exception as error:
            # A bug: the client gets an answer, the log gets the traceback.
            logger.exception("%s %s failed", request.method, path)
            return _json_response(ServingError(Code.INTERNAL, str(error)).body(), Code.INTERNAL)

    def _worker_limiter(self) -> anyio.CapacityLimiter:
        # A limiter belongs to the running event loop, so it is made on the first request.
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._workers)
        return self._limiter


def serve(registry: Registry, listener: socket.socket, workers: int) -> None:
    """Answer requests until SIGINT or SIGTERM; requests under way are finished first."""
    config = uvicorn.Config(
        create_app(registry, workers),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _raw_path(request: Request) -> str:
    path = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _answer_preflight(request: Request) -> Response:
    origin = request.headers.get("origin", "").lower()
    allowed = origin.startswith(("http://", "https://"))
    return Response(status_code=200 if allowed else 400)


def _json_response(text: str, code: Code) -> Response:
    body = text.encode("utf-8", "surrogateescape")
    return Response(body, status_code=HTTP_STATUS[code], media_type="application/json")
