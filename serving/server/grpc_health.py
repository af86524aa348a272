"""gRPC's health checks, whose watchers can be told that the server ends."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from grpc import ServicerContext
from grpc_health.v1.health import HealthServicer
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

SERVICES = ("", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")


class Health(HealthServicer):
    """Says SERVING of every service until told otherwise."""

    def __init__(self) -> None:
        # Threads of its own: whoever watches would hold one of the others for ever.
        threads = ThreadPoolExecutor(1, "health")
        super().__init__(experimental_non_blocking=True, experimental_thread_pool=threads)
        type(self).Check.experimental_thread_pool = threads  # type: ignore[attr-defined]
        self._watches: set[Callable] = set()
        for service in SERVICES:
            self.set(service, HealthCheckResponse.SERVING)

    def Watch(  # noqa: N802
        self,
        request: HealthCheckRequest,
        context: ServicerContext,
        send_response_callback: Callable | None = None,
    ) -> object:
        """Answer now and whenever the answer changes; a part of gRPC's interface."""
        if send_response_callback is not None:
            self._watches.add(send_response_callback)
            context.add_callback(lambda: self._watches.discard(send_response_callback))
        return super().Watch(request, context, send_response_callback)

    def Check(self, request: HealthCheckRequest, context: ServicerContext) -> HealthCheckResponse:  # noqa: N802
        """Answer now; a part of gRPC's interface."""
        return super().Check(request, context)

    def end_watches(self) -> None:
        """End the calls of those who watch."""
        for send in list(self._watches):
            send(None)
