"""Routes of searches: by JSON or by an address, further pages, exports, detections."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from harma.index.ask import Expand
from harma.index.ask_json import said
from harma.serve.answers import Answer, DetectionProperties, Detections, hit_columns
from harma.serve.asked import EXAMPLE_BODY, AskedRules, hits_of_answer
from harma.serve.caching import ASK_FIRST, NOT_MODIFIED, cached, is_known, not_modified
from harma.serve.detections import detection_features, merged_detections, over
from harma.serve.exports import ExportFormat, export_of, export_responses
from harma.serve.features import hit_features
from harma.serve.finding import PageOfHits, answer, deep_enough, empty_of, find
from harma.serve.known_parameters import check_known_parameters
from harma.serve.problems import responses
from harma.serve.results import Kept
from harma.serve.served import ServedIndex
from harma.serve.service import Service

LEAST_SCORE = Query(
    description="hits of this score (gain, of a change) or a higher one; none takes all kept ones",
    allow_inf_nan=False,
)
LEAST_STANDING = Query(description="hits of this standing or a better one")
StandingWord = Literal["clear", "likely", "weak"]
Numbers = Annotated[str | None, Query(pattern=r"^[-+.\deE]+(,[-+.\deE]+)*$", max_length=200)]


def routes(service: Service) -> APIRouter:
    """The routes of searches."""
    router = APIRouter(tags=["search"], dependencies=[Depends(check_known_parameters)])
    rules = AskedRules(service.settings.limits)
    _add_search(router, service, rules)
    _add_search_by_address(router, service, rules)
    _add_pages(router, service)
    _add_export(router, service)
    _add_detections(router, service)
    return router


def _add_search(router: APIRouter, service: Service, rules: AskedRules) -> None:
    @router.post(
        "/v1/indexes/{index}/search",
        operation_id="search",
        summary="Search an index by text, example, place and date; find change",
        response_model=Answer,
        responses=responses(400, 404, 413, 422, 503),
        openapi_extra={"requestBody": {"content": {"application/json": {"example": EXAMPLE_BODY}}}},
    )
    async def search(
        request: Request,
        index: str,
        body: Annotated[dict[str, Any], rules.validator, rules.schema],
    ) -> Response:
        served = service.index(index)
        return await service.search_work.run(lambda: _answered(service, served, request, body))


def _add_search_by_address(router: APIRouter, service: Service, rules: AskedRules) -> None:
    limits = service.settings.limits

    @router.get(
        "/v1/indexes/{index}/search",
        operation_id="search_by_address",
        summary="Search an index by what stands in the address",
        response_model=Answer,
        responses={**NOT_MODIFIED, **responses(404, 422, 503)},
    )
    async def search_by_address(
        request: Request,
        index: str,
        q: Annotated[
            str,
            Query(
                max_length=limits.text,
                min_length=1,
                description="what should be seen",
                examples=["a harbour with tanks"],
            ),
        ],
        k: Annotated[int, hits_of_answer(limits)] = limits.usual_k,
        bbox: Numbers = None,
        near: Numbers = None,
        radius_km: Annotated[float | None, Query(gt=0, allow_inf_nan=False)] = None,
        since: str | None = None,
        until: str | None = None,
        before: str | None = None,
        after: str | None = None,
        source: Annotated[list[str] | None, Query(max_length=limits.examples)] = None,
        expand: Annotated[
            Expand | None, Query(description="off: a short text stays as it is; else it is joined")
        ] = None,
    ) -> Response:
        given: dict[str, Any] = {
            "text": q,
            "expand": expand,
            "k": k,
            "bbox": _numbers(bbox),
            "near": _numbers(near),
            "radius_km": radius_km,
            "date": _dates(since, until),
            "before": before,
            "after": after,
            "source": source,
        }
        values = rules.checked(said(given))
        served = service.index(index)
        return await service.search_work.run(lambda: _answered(service, served, request, values))


def _add_pages(router: APIRouter, service: Service) -> None:
    limits = service.settings.limits

    @router.get(
        "/v1/indexes/{index}/results/{query}",
        operation_id="results",
        summary="A further page of the hits of a search",
        response_model=Answer,
        responses=responses(404, 410, 422, 503),
    )
    async def results(
        request: Request,
        index: str,
        query: str,
        after: Annotated[int, Query(ge=0, le=limits.kept_hits)] = 0,
        k: Annotated[int, hits_of_answer(limits)] = limits.usual_k,
    ) -> Response:
        served, kept = _kept(service, index, query)
        page = PageOfHits(after, k)
        return await service.search_work.run(lambda: _further(service, served, request, kept, page))


def _add_export(router: APIRouter, service: Service) -> None:
    @router.get(
        "/v1/indexes/{index}/results/{query}/export",
        operation_id="export_results",
        summary="The hits of a search as a file",
        response_class=Response,
        responses={**export_responses(), **responses(404, 410, 422, 503)},
    )
    async def export(
        index: str,
        query: str,
        format: ExportFormat = "geojson",  # noqa: A002
        least_score: Annotated[float | None, LEAST_SCORE] = None,
        standing: Annotated[StandingWord | None, LEAST_STANDING] = None,
    ) -> Response:
        served, kept = _kept(service, index, query)

        def written() -> Response:
            hits = deep_enough(service, served, kept).hits
            features = hit_features(index, over(hits, least_score, standing))
            columns = hit_columns(of_change="before" in kept.asked)
            return export_of(features, format, f"{index}-hits", columns)

        return await service.search_work.run(written)


def _add_detections(router: APIRouter, service: Service) -> None:
    @router.get(
        "/v1/indexes/{index}/results/{query}/detections",
        operation_id="detections",
        summary="Hits that touch each other merged, with their areas",
        response_model=Detections,
        responses={
            200: {"content": export_responses()[200]["content"]},
            **responses(404, 410, 422, 503),
        },
    )
    async def detections(
        index: str,
        query: str,
        least_score: Annotated[float | None, LEAST_SCORE] = None,
        standing: Annotated[StandingWord | None, LEAST_STANDING] = None,
        format: ExportFormat | None = None,  # noqa: A002
    ) -> Response:
        served, kept = _kept(service, index, query)

        def merged() -> Response:
            hits = over(deep_enough(service, served, kept).hits, least_score, standing)
            found = merged_detections(hits)
            features = detection_features(query, found)
            if format is not None:
                columns = list(DetectionProperties.model_fields)
                return export_of(features, format, f"{index}-detections", columns)
            num_chips = sum(len(detection.hits) for detection in found)
            return JSONResponse(
                {
                    "type": "FeatureCollection",
                    "num_chips": num_chips,
                    "num_without_place": len(hits) - num_chips,
                    "features": features,
                }
            )

        return await service.search_work.run(merged)


def _kept(service: Service, index: str, query: str) -> tuple[ServedIndex, Kept]:
    """A kept result list, which must be of the index that the address names."""
    served = service.index(index)
    kept = service.results.get(query)
    if kept.index != index:
        return served, service.results.get("")
    return served, kept


def _answered(
    service: Service, served: ServedIndex, request: Request, values: dict[str, Any]
) -> Response:
    """The first page of a search; nothing where a client has it already."""
    kept, k = find(service, served, values)
    tag = f"{kept.id}-{k}"
    if request.method == "GET" and is_known(request, tag):
        return not_modified(tag, ASK_FIRST)
    response = _page(service, served, request, kept, PageOfHits(0, k))
    return cached(response, tag, ASK_FIRST)


def _further(
    service: Service, served: ServedIndex, request: Request, kept: Kept, page: PageOfHits
) -> Response:
    """A further page, for which further hits are looked for where they are needed."""
    deep = deep_enough(service, served, kept, page.after + page.k)
    return _page(service, served, request, deep, page)


def _page(
    service: Service, served: ServedIndex, request: Request, kept: Kept, page: PageOfHits
) -> Response:
    """A page as an answer; written here, in a thread, as a thousand hits take a while."""
    empty = empty_of(service, served, kept)
    return JSONResponse(answer(request, kept, page, empty=empty))


def _numbers(text: str | None) -> list[float | str] | None:
    """Numbers between commas; what is none stays, for the schema to say so."""
    if text is None:
        return None
    return [_number(part) for part in text.split(",")]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _dates(since: str | None, until: str | None) -> list[str | None] | None:
    if since is None and until is None:
        return None
    return [since, until]
