"""What the gRPC services have in common: errors, counts and the access log."""

import functools
import logging
import time
from collections.abc import Callable
from typing import TypeVar

import grpc

from serving.access_log import log_request
from serving.inference.deadline import Deadline, run_until
from serving.metrics import Metrics
from serving.models.registry import Registry
from serving.protocol.errors import ServingError
from serving.protocol.proto_messages import DynamicMessage
from serving.protocol.status import HTTP_STATUS, Code

# Messages travel in a header; TensorFlow Serving cuts them at this length.
LONGEST_MESSAGE = 1024
COUNTED = ("Predict", "Classify", "Regress", "MultiInference")

logger = logging.getLogger(__name__)

# TensorFlow Serving's canonical codes are gRPC's own.
_GRPC_CODES = {code.value[0]: code for code in grpc.StatusCode}


class Service:
    """A service of models.

    Args:
        registry: the models that are served.
        metrics: where requests are counted.
    """

    def __init__(self, registry: Registry, metrics: Metrics):
        self.registry = registry
        self.metrics = metrics

    def note(self, method: str, request: DynamicMessage, code: Code, seconds: float) -> None:
        """Count an answered request and write its line in the access log."""
        if method in COUNTED:
            asked = request.tasks[:1] if method == "MultiInference" else [request]
            name = asked[0].model_spec.name if asked else ""
            known = name if name in self.registry.models() else ""
            self.metrics.request(known, method, "GRPC", code, seconds)
        log_request("gRPC", f"/{type(self).__name__}/{method}", HTTP_STATUS[code], seconds)


Serving = TypeVar("Serving", bound=Service)


def answered(
    method: Callable[[Serving, DynamicMessage], DynamicMessage],
) -> Callable[[Serving, DynamicMessage, grpc.ServicerContext], DynamicMessage]:
    """Make a gRPC handler of a method that takes a request, and returns a response or raises.

    A `ServingError` is answered with its code; anything else is a bug, answered with INTERNAL.
    """

    @functools.wraps(method)
    def handle(
        self: Serving, request: DynamicMessage, context: grpc.ServicerContext
    ) -> DynamicMessage:
        code, message, started = Code.OK, "", time.perf_counter()
        deadline = Deadline(context.time_remaining())
        # The end of a call, also because its client gave up; then its graph is cancelled.
        if not context.add_callback(deadline.end):
            deadline.end()  # while it waited for this thread
        with self.metrics.in_flight():
            try:
                return run_until(deadline, method, self, request)
            except ServingError as error:
                code, message = error.code, error.message
            except Exception as error:
                logger.exception("%s failed", method.__name__)
                code, message = Code.INTERNAL, str(error)
            finally:
                self.note(method.__name__, request, code, time.perf_counter() - started)
        return context.abort(_GRPC_CODES[code], _shortened(message))  # which raises

    return handle


def _shortened(message: str) -> str:
    if len(message) <= LONGEST_MESSAGE:
        return message
    return message[:LONGEST_MESSAGE] + "...TRUNCATED"
