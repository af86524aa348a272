"""What the server counts, under TensorFlow Serving's names, in Prometheus' text form."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics import disable_created_metrics

from serving.protocol.status import Code

PREFIX = ":tensorflow:serving:"
CONTENT_TYPE = "text/plain"

# TensorFlow Serving's: 10 microseconds, and 1.8 times as much each time.
_MICROSECONDS = [10 * 1.8**power for power in range(33)]

disable_created_metrics()


class Metrics:
    """The counters of one server. Safe to use from several threads."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        latency: dict[str, Any] = {"buckets": _MICROSECONDS, "registry": registry}
        self._requests = Counter(
            f"{PREFIX}request_count", "Requests.", ["model_name", "status"], registry=registry
        )
        self._request_latency = Histogram(
            f"{PREFIX}request_latency",
            "Microseconds from the request to its answer.",
            ["model_name", "API", "entrypoint"],
            **latency,
        )
        self._runtime_latency = Histogram(
            f"{PREFIX}runtime_latency",
            "Microseconds in the graph.",
            ["model_name", "API", "runtime"],
            **latency,
        )
        self._in_flight = Gauge(
            f"{PREFIX}requests_in_flight", "Requests under way.", registry=registry
        )
        self._available = Gauge(
            f"{PREFIX}versions_available", "Versions served.", ["model_name"], registry=registry
        )

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Count a request as being under way."""
        self._in_flight.inc()
        try:
            yield
        finally:
            self._in_flight.dec()

    def request(self, model: str, api: str, entrypoint: str, code: Code, seconds: float) -> None:
        """Count an answered request.

        Args:
            model: one that is served, or "" so that strangers cannot make up label values.
            api: `Predict`, `Classify` or another.
            entrypoint: `REST` or `GRPC`.
            code: how it ended.
            seconds: how long it took.
        """
        self._requests.labels(model, code.name).inc()
        self._request_latency.labels(model, api, entrypoint).observe(seconds * 1e6)

    @contextmanager
    def runtime(self, model: str) -> Iterator[None]:
        """Time the graph."""
        started = time.perf_counter()
        yield
        seconds = time.perf_counter() - started
        self._runtime_latency.labels(model, "Predict", "TF2").observe(seconds * 1e6)

    def text(self, available: dict[str, list[int]]) -> bytes:
        """All counts; `available` are the versions that answer, by model."""
        self._available.clear()
        for model, versions in available.items():
            self._available.labels(model).set(len(versions))
        # Prometheus' library appends what TensorFlow Serving's names do not have.
        return generate_latest(self._registry).replace(b"request_count_total", b"request_count")
