"""Routes of marks: read, set, taken away, exported and imported as files."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from harma.searches.asking import CurrentMarks, current_marks
from harma.searches.chips import on_chips
from harma.searches.mark_files import write_marks
from harma.searches.mark_import import import_marks
from harma.searches.records import Mark, MarkCounts
from harma.serve.exports import ExportFormat, export_responses, file_response
from harma.serve.gate import who_of
from harma.serve.mark_reading import read_sent_marks
from harma.serve.media_types import BYTES, CSV, GEOJSON, JSON, PARQUET
from harma.serve.problems import plain_problem, responses
from harma.serve.saved import Saved, mark_features, saved_of
from harma.serve.saved_models import (
    MarkChange,
    MarkChanges,
    MarkCollection,
    MarksImported,
    MarksSet,
)
from harma.serve.service import Service

FORM_OF_TYPE = {
    GEOJSON: "geojson",
    JSON: "geojson",
    CSV: "csv",
    PARQUET: "geoparquet",
}
# Rows that are named in an answer; the rest is counted.
SHOWN_ROWS = 20
IMPORT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            GEOJSON: {"schema": {"type": "object"}},
            CSV: {"schema": {"type": "string"}},
            PARQUET: BYTES,
        },
    }
}


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
            features = mark_features(_current(saved_of(service, search)))
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
            content = write_marks(_current(saved).marks, format)
            return file_response(content, format, f"{saved.search.name}-marks")

        return await service.saved_work.run(written)

    @router.post(
        "/v1/searches/{search}/marks/import",
        operation_id="import_marks",
        summary="Set the marks of a file: by chip, or by place where its chips are not known",
        response_model=MarksImported,
        responses=responses(404, 413, 415, 422, 503, 507),
        openapi_extra=IMPORT_BODY,
    )
    async def import_(request: Request, search: str) -> Response:
        form = _form_of(request.headers.get("content-type", ""))
        if form is None:
            kinds = ", ".join(FORM_OF_TYPE)
            return plain_problem(415, f"a file of marks is of one of the types {kinds}")
        content = await request.body()
        who = who_of(request)
        return await service.search_work.run(
            lambda: JSONResponse(_imported(saved_of(service, search), content, form, who))
        )

    return router


def _form_of(content_type: str) -> str | None:
    """The form of a file by its media type."""
    return FORM_OF_TYPE.get(content_type.partition(";")[0].strip().lower())


def _imported(saved: Saved, content: bytes, form: str, who: str) -> dict[str, Any]:
    """Import a file, and tell what became of its rows."""
    store = saved.index.index.store
    file = read_sent_marks(content, form)
    imported = import_marks(saved.book, saved.search.id, store, file, who=who)
    return {
        "set": imported.num_set,
        "unknown": list(imported.unknown[:SHOWN_ROWS]),
        "num_unknown": len(imported.unknown),
        "bad": [{"row": row.number, "reason": row.reason} for row in imported.refused[:SHOWN_ROWS]],
        "num_bad": len(imported.refused),
    }


def _current(saved: Saved) -> CurrentMarks:
    return current_marks(saved.book, saved.search.id, saved.index.index.store)


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
