"""Metrics of a server for Prometheus: requests, how long they took, what waits."""

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from harma.serve.service import Service

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# Of addresses that no operation has: strangers choose them, and each would be a counter.
NO_OPERATION = "none"


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "harma_requests",
            "Requests that were answered",
            ["operation", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "harma_request_seconds",
            "How long answers took",
            ["operation"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._waiting = Gauge(
            "harma_queue",
            "Requests that are worked on or wait",
            ["queue"],
            registry=self._registry,
        )
        self._num_chips = Gauge(
            "harma_chips", "Chips of an index", ["index"], registry=self._registry
        )
        self._ready = Gauge(
            "harma_ready", "Whether an index is ready", ["index"], registry=self._registry
        )

    def count(self, operation: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)

    def page(self, service: "Service") -> bytes:
        """All of them as Prometheus reads them."""
        for queue in service.queues:
            self._waiting.labels(queue.name).set(queue.num_inside)
        for index in service.indexes.values():
            is_ready = index.state == "ready"
            self._ready.labels(index.id).set(is_ready)
            if is_ready:
                self._num_chips.labels(index.id).set(index.facts()["chips"])
        return generate_latest(self._registry)


class MetricsMiddleware:
    """Counts every answer by its operation.

    Args:
        app: what answers.
        metrics: count.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        start = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            operation = getattr(scope.get("route"), "operation_id", None) or NO_OPERATION
            self._metrics.count(operation, status, time.perf_counter() - start)
