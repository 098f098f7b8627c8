"""Routes of indexes: which there are, what each holds, whether it is ready."""

import datetime as dt
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter

from harma.index.settings import FOREIGN
from harma.serve.answers import IndexList, IndexSummary
from harma.serve.problems import responses
from harma.serve.served import ServedIndex
from harma.serve.service import Service


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


def summary_of(served: ServedIndex) -> dict[str, Any]:
    """What is told of an index (`harma.serve.answers.IndexSummary`)."""
    known = {
        "id": served.id,
        "title": served.id,
        "state": served.state,
        "problem": served.problem,
    }
    if served.state != "ready":
        return known
    facts = served.facts()
    settings = served.index.store.settings
    return {
        **known,
        "chips": facts["chips"],
        "sources": facts["sources"],
        "placed": facts["placed"],
        "dated": facts["dated"],
        "bounds": _bounds(facts["bounds"]),
        "dates": _days(facts["dates"]),
        "model": _model_name(settings.model),
        "version": served.version,
    }


def _bounds(bounds: list[float | None]) -> list[float | None] | None:
    return None if None in bounds else bounds


def _days(dates: list[str]) -> list[str] | None:
    """The days of the first and last moment."""
    if "None" in dates:
        return None
    return [dt.datetime.fromisoformat(when).date().isoformat() for when in dates]


def _model_name(model: str) -> str:
    """The last part of where a model is: the rest is the server's."""
    return PurePath(model.removeprefix(FOREIGN)).name
