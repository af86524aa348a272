"""A server in the process of whoever asks it: for tests and notebooks.

Requests are answered in threads of its own, whatever the caller's thread does; signals stay the
caller's business, and nothing is left running afterwards.
"""

import atexit
import threading
from contextlib import ExitStack, closing
from os import PathLike, fspath
from types import TracebackType
from typing import Self

from serving.models.model_config import ModelConfig, local_path
from serving.models.versions import find_versions, require_versions
from serving.protocol.errors import InputError, UnreadableError
from serving.server.grpc_server import reserve_grpc_port, serve_grpc
from serving.server.listener import base_url, open_listener
from serving.server.options import DEFAULTS, ServerOptions

ADDRESS = "127.0.0.1"


class Server:
    """Serves a model over TensorFlow Serving's protocol, in this process, to this machine.

    with serving.Server("models/seqrec") as server:
        answers = serving.Recommender(server.url).recommend([[1193, 661]])

    In a notebook, `start` and `stop` do what entering and leaving `with` do. It can be started
    again, on another port, and there may be several at a time.

    Args:
        model_base_path: folder of the model's version directories; the newest is served, and newer
            ones as they come.
        model_name: the name that clients ask for.
        port: the port for REST; 0 picks a free one.
        grpc: whether gRPC is served as well, on a port that is picked; needs the extra `grpc`.
        options: how it behaves.
    """

    def __init__(
        self,
        model_base_path: str | PathLike[str],
        model_name: str = "seqrec",
        *,
        port: int = 0,
        grpc: bool = False,
        options: ServerOptions = DEFAULTS,
    ) -> None:
        self._model_base_path = model_base_path
        self._model_name = model_name
        self._port = port
        self._grpc = grpc
        self._options = options
        self._running: ExitStack | None = None
        self._urls: dict[str, str] = {}

    @property
    def url(self) -> str:
        """Where REST is served: `http://127.0.0.1:PORT`.

        Raises:
            RuntimeError: the server is not running.
        """
        return self._url("http")

    @property
    def grpc_url(self) -> str:
        """Where gRPC is served: `grpc://127.0.0.1:PORT`.

        Raises:
            RuntimeError: the server is not running, or not over gRPC.
        """
        return self._url("grpc")

    def start(self) -> Self:
        """Load the model and answer requests, until `stop` or the end of the process.

        Raises:
            InputError: there is no version to serve in the folder, none can be loaded, or the port
                is taken.
            RuntimeError: the server is running already.
        """
        if self._running is not None:
            raise RuntimeError(f"the server is running already, at {self.url}")
        config = self._config()
        with ExitStack() as stack:
            self._urls = self._start(config, stack)
            stack.callback(self._urls.clear)
            self._running = stack.pop_all()
        atexit.register(self.stop)
        return self

    def stop(self) -> None:
        """Finish the requests under way, for `drain_seconds` at most, and end all threads.

        Nothing happens if the server is not running.
        """
        stack, self._running = self._running, None
        if stack is not None:
            atexit.unregister(self.stop)
            stack.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _url(self, scheme: str) -> str:
        if scheme not in self._urls:
            what = "Server(..., grpc=True) and `with`" if scheme == "grpc" else "`with`"
            raise RuntimeError(f"expected a server that runs: {what}, or start(). Received: none")
        return self._urls[scheme]

    def _config(self) -> ModelConfig:
        base_path = local_path(fspath(self._model_base_path)).absolute()
        if "\0" in str(base_path):
            raise InputError(f"expected a base path without NUL. Received: {str(base_path)!r}")
        config = ModelConfig(self._model_name, base_path)
        try:
            require_versions(config, find_versions(config.name, base_path))
        except OSError as error:
            reason = f"base path {base_path}: {error.strerror or error}"
            raise UnreadableError(f"model {config.name!r}: {reason}") from error
        return config

    def _start(self, config: ModelConfig, stack: ExitStack) -> dict[str, str]:
        """Start everything; the stack ends it. The URLs by scheme."""
        listener = stack.enter_context(closing(open_listener(ADDRESS, self._port, "port")))
        grpc_port = reserve_grpc_port(ADDRESS, 0) if self._grpc else None
        urls = {"http": base_url(listener)}
        if grpc_port is not None:
            urls["grpc"] = base_url(grpc_port).replace("http", "grpc", 1)
            stack.enter_context(closing(grpc_port))
        # Only now: it imports TensorFlow, and what is wrong above is said at once.
        from serving.server.http_server import HttpServer
        from serving.server.running import Running

        running = Running(self._options)
        stack.callback(running.close)
        running.manager.reload([config])
        running.follow()
        stop_grpc = stack.enter_context(serve_grpc(running, grpc_port))
        listener.listen()
        server = HttpServer(running.application(), running.patience, stop_grpc)
        # Whoever ends the process without `stop` is not held up.
        thread = threading.Thread(target=server.run, args=([listener],), name="http", daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.stop)
        return urls
