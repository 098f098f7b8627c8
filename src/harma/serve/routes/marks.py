"""Routes of marks: read, set, taken away, exported and imported as files."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from harma.searches.asking import current_marks
from harma.searches.chips import on_chips
from harma.searches.records import Mark, MarkCounts
from harma.serve.exports import ExportFormat, export_of, export_responses
from harma.serve.gate import who_of
from harma.serve.problems import responses
from harma.serve.saved import Saved, mark_features, saved_of
from harma.serve.saved_models import MarkChange, MarkChanges, MarkCollection, MarksSet
from harma.serve.service import Service


def routes(service: Service) -> APIRouter:
    """The routes of marks."""
    router = APIRouter(tags=["marks"])

    @router.get(
        "/v1/searches/{search}/marks",
        operation_id="marks",
        summary="The marks of a saved search, in the order of their time",
        response_model=MarkCollection,
        responses=responses(404, 503, 507),
    )
    async def marks(search: str) -> Response:
        def read() -> Response:
            features = _features(saved_of(service, search))
            return JSONResponse({"type": "FeatureCollection", "features": features})

        return await service.saved_work.run(read)

    @router.put(
        "/v1/searches/{search}/marks",
        operation_id="set_marks",
        summary="Set marks, or take them away; they are on disk when this is answered",
        response_model=MarksSet,
        responses=responses(404, 422, 503, 507),
    )
    async def set_marks(request: Request, search: str, body: MarkChanges) -> Response:
        who = who_of(request)
        return await service.saved_work.run(
            lambda: JSONResponse(_set(saved_of(service, search), body.marks, who))
        )

    @router.get(
        "/v1/searches/{search}/marks/export",
        operation_id="export_marks",
        summary="The marks of a saved search as a file",
        response_class=Response,
        responses={**export_responses(), **responses(404, 422, 503, 507)},
    )
    async def export_marks(
        search: str,
        format: ExportFormat = "geojson",  # noqa: A002
    ) -> Response:
        def written() -> Response:
            saved = saved_of(service, search)
            return export_of(_features(saved), format, f"{saved.search.name}-marks")

        return await service.saved_work.run(written)

    return router


def _features(saved: Saved) -> list[dict[str, Any]]:
    return mark_features(current_marks(saved.book, saved.search.id, saved.index.index.store))


def _set(saved: Saved, changes: list[MarkChange], who: str) -> dict[str, Any]:
    """Set marks and take others away; of one chip the last change stands."""
    last = {change.chip: change for change in changes}
    marks = [
        Mark(change.chip, change.mark, change.note or "")
        for change in last.values()
        if change.mark is not None
    ]
    search = saved.search.id
    changed = saved.book.put_marks(
        search,
        on_chips(saved.index.index.store, marks),
        drop=[change.chip for change in last.values() if change.mark is None],
        who=who,
        keep_notes=[change.chip for change in last.values() if change.note is None],
    )
    counts = saved.book.counts(search).get(search, MarkCounts())
    return {"version": changed.version, "counts": vars(counts)}
