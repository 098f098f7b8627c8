"""Routes for those who run the server: alive, ready, metrics for Prometheus."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from harma.serve.answers import Alive, Ready
from harma.serve.problems import plain_problem, responses
from harma.serve.service import Service


def routes(service: Service) -> APIRouter:
    """The routes of health."""
    router = APIRouter(tags=["server"])

    @router.get(
        "/healthz", operation_id="healthz", summary="The server answers", response_model=Alive
    )
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get(
        "/readyz",
        operation_id="readyz",
        summary="Indexes are open and their models are warm",
        response_model=Ready,
        responses=responses(503),
    )
    async def readyz() -> Response | dict[str, str]:
        states = [{"id": index.id, "state": index.state} for index in service.indexes.values()]
        if all(index["state"] == "ready" for index in states):
            return {"status": "ready"}
        waiting = ", ".join(
            f"{index['id']} is {index['state']}" for index in states if index["state"] != "ready"
        )
        return plain_problem(503, f"not all indexes are ready: {waiting}", indexes=states)

    if service.settings.has_metrics:

        @router.get(
            "/metrics",
            operation_id="metrics",
            summary="Counters for Prometheus",
            response_class=Response,
            responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        )
        async def metrics() -> Response:
            return Response(service.metrics.page(service), media_type=CONTENT_TYPE_LATEST)

    return router
