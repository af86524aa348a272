"""How the gRPC server ends: new calls are refused at once, those under way are finished.

gRPC's own `stop` would refuse health checks as well, which are to say NOT_SERVING until the end,
and wait for whoever watches them.
"""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import grpc
from grpc import HandlerCallDetails, RpcMethodHandler, ServicerContext

if TYPE_CHECKING:
    from serving.server.grpc_health import Health

HEALTH_METHODS = "/grpc.health.v1.Health/"

Result = TypeVar("Result")


class CountingPool(ThreadPoolExecutor):
    """Threads that know when they have nothing to do."""

    def __init__(self, threads: int, name: str):
        super().__init__(threads, name)
        self._unfinished = 0
        self._changed = threading.Condition()

    def submit(
        self, function: Callable[..., Result], /, *arguments: object, **options: object
    ) -> Future[Result]:
        """Run a function in one of the threads."""
        self._count(1)
        future = super().submit(function, *arguments, **options)
        future.add_done_callback(lambda _: self._count(-1))
        return future

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until everything has ended, for so long at most; whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: self._unfinished == 0, seconds)

    def _count(self, change: int) -> None:
        with self._changed:
            self._unfinished += change
            self._changed.notify_all()


class Refusal(grpc.ServerInterceptor):
    """Refuses all calls but health checks from when it is told to.

    Attributes:
        active: whether it refuses.
    """

    active = False

    def __init__(self) -> None:
        # Not in the threads of the calls under way, which may all be taken.
        self._pool = ThreadPoolExecutor(1, "refusal")

        def refuse(request: bytes, context: ServicerContext) -> None:
            context.abort(grpc.StatusCode.UNAVAILABLE, "The server is stopping")

        refuse.experimental_thread_pool = self._pool  # type: ignore[attr-defined]
        self._handler = grpc.unary_unary_rpc_method_handler(refuse)

    def intercept_service(
        self,
        continuation: Callable[[HandlerCallDetails], RpcMethodHandler],
        handler_call_details: HandlerCallDetails,
    ) -> RpcMethodHandler:
        """The method that answers a call; a part of gRPC's interface."""
        if not self.active or handler_call_details.method.startswith(HEALTH_METHODS):
            return continuation(handler_call_details)
        return self._handler

    def close(self) -> None:
        """End its thread."""
        self._pool.shutdown(wait=False)


class Drain:
    """The end of a server.

    Args:
        server: a `grpc.Server` whose interceptor is `refusal`.
        pool: its threads.
        refusal: its interceptor.
        health: its `serving.server.grpc_health.Health`, or None.
        seconds: how long calls under way may take.
    """

    def __init__(
        self,
        server: grpc.Server,
        pool: CountingPool,
        refusal: Refusal,
        health: "Health | None",
        seconds: float,
    ):
        self._server = server
        self._pool = pool
        self._refusal = refusal
        self._health = health
        self._seconds = seconds
        self._until = math.inf

    def begin(self) -> None:
        """Refuse new calls, and say so to health checks."""
        if not self._refusal.active:
            self._until = time.monotonic() + self._seconds
            self._refusal.active = True
            if self._health is not None:
                self._health.enter_graceful_shutdown()

    def finish(self) -> None:
        """Wait for the calls under way and for their answers to be sent; then stop."""
        self.begin()
        self._pool.wait_until_idle(self._left())
        if self._health is not None:
            self._health.end_watches()
        self._server.stop(self._left()).wait()
        # Not waited for: what was cut off may still run.
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._refusal.close()

    def _left(self) -> float:
        return max(0.0, self._until - time.monotonic())
