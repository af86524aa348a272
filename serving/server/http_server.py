"""uvicorn as the embedded server runs it: how it waits for others, and how it ends."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import uvicorn

from serving.server.http_connection import HttpConnection

logger = logging.getLogger("serving")

TICKS_A_SECOND = 10  # uvicorn's


@dataclass(frozen=True)
class Patience:
    """How long the server waits for others.

    Attributes:
        connection: seconds that a connection may lie still.
        drain: seconds that requests under way have when the server is told to stop.
    """

    connection: float = 50.0
    drain: float = 30.0


class HttpServer(uvicorn.Server):
    """uvicorn's server with a limit to its patience.

    Args:
        app: the application (ASGI).
        patience: how long others may take.
        on_stop: called when the server is told to stop, before requests are finished.
    """

    def __init__(
        self,
        app: Callable,
        patience: Patience = Patience(),
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=HttpConnection,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_keep_alive=patience.connection,  # type: ignore[arg-type]
        )
        super().__init__(config)
        self._patience, self._on_stop = patience, on_stop
        self._ticks = max(1, int(patience.connection * TICKS_A_SECOND / 10))

    def stop(self) -> None:
        """Answer what is under way, then end; from any thread."""
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; connections are looked at ten times in what they may lie still."""
        for connection in list(self.server_state.connections):
            if not isinstance(connection, HttpConnection):
                continue
            connection.close_if_gone()
            if counter % self._ticks == 0:
                connection.close_if_stalled(self._patience.connection)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is under way, but not for ever."""
        self._on_stop()
        try:
            async with asyncio.timeout(self._patience.drain):
                await super().shutdown(sockets)
        except TimeoutError:
            unfinished = len(self.server_state.tasks)
            logger.warning("%d requests not finished in time are cut off", unfinished)
            self._cut_off()

    def _cut_off(self) -> None:
        """End what is under way; the tasks are cancelled as the event loop ends."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, HttpConnection):
                connection.transport.abort()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the caller's business."""
        yield


class _Process(HttpServer):
    """The server as all that its process does: signals end it."""

    def _cut_off(self) -> None:
        os._exit(0)

    def take_signals(self) -> None:
        """From now on the first signal ends the serving, a second one the process."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self.handle_exit)

    def handle_exit(self, number: int, frame: object) -> None:
        """A signal came."""
        if self.should_exit:
            os._exit(0)
        self.should_exit = True


def serve(
    app: Callable,
    listener: socket.socket,
    patience: Patience = Patience(),
    on_stop: Callable[[], None] = lambda: None,
    on_start: Callable[[], None] = lambda: None,
) -> None:
    """Answer requests until SIGINT or SIGTERM; requests under way are finished first.

    Args:
        app: the application (ASGI).
        listener: where connections come in.
        patience: how long others may take.
        on_stop: called when the server is told to stop, before requests are finished.
        on_start: called first; a signal that comes in it, or later, ends the serving.
    """
    # Whoever reads or writes much lets the connections run ten times a hundredth of a second.
    sys.setswitchinterval(0.001)
    server = _Process(app, patience, on_stop)
    # Not when uvicorn asks for it: an exit in between leaves its first coroutine behind.
    server.take_signals()
    on_start()
    server.run(sockets=[listener])
