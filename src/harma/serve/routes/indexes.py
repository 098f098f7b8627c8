"""Routes of indexes: which there are, what each holds, whether it is ready."""

from typing import Any

from fastapi import APIRouter

from harma.serve.answers import IndexList, IndexSummary
from harma.serve.problems import responses
from harma.serve.service import Service
from harma.serve.summaries import summary_of


def routes(service: Service) -> APIRouter:
    """The routes of indexes."""
    router = APIRouter(tags=["indexes"])

    def all_summaries() -> list[dict[str, Any]]:
        return [summary_of(index) for index in service.indexes.values()]

    @router.get(
        "/v1/indexes",
        operation_id="indexes",
        summary="All indexes, and whether they are ready",
        response_model=IndexList,
        response_model_exclude_unset=True,
    )
    async def indexes() -> dict[str, Any]:
        return {"indexes": await service.tile_work.run(all_summaries)}

    @router.get(
        "/v1/indexes/{index}",
        operation_id="index",
        summary="What an index holds, and whether it is ready",
        response_model=IndexSummary,
        response_model_exclude_unset=True,
        responses=responses(404),
    )
    async def index_(index: str) -> dict[str, Any]:
        served = service.index(index)
        return await service.tile_work.run(lambda: summary_of(served))

    return router
