"""Routes of saved searches: kept, listed, changed, deleted, asked again with their marks."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from harma.searches.keeping import kept_asked, model_of_vectors
from harma.serve.asked import EXAMPLE_BODY, NOT_AN_EXAMPLE, AskedRules, hits_of_answer
from harma.serve.gate import who_of
from harma.serve.marked_answers import next_to_mark, searched_again
from harma.serve.next_up import How
from harma.serve.problems import responses
from harma.serve.saved import Saved, saved_of, shown_search, shown_searches
from harma.serve.saved_models import NAME, MarkedAnswer, SearchAgain, SearchList, ShownSearch
from harma.serve.served import ServedIndex
from harma.serve.service import Service


def routes(service: Service) -> APIRouter:
    """The routes of saved searches."""
    router = APIRouter(tags=["saved searches"])
    _add_reading(router, service)
    _add_keeping(router, service)
    _add_asking(router, service)
    return router


def _add_reading(router: APIRouter, service: Service) -> None:
    @router.get(
        "/v1/searches",
        operation_id="searches",
        summary="Saved searches, those that changed last first",
        response_model=SearchList,
        responses=responses(404, 422, 503, 507),
    )
    async def searches(
        request: Request,
        index: Annotated[str | None, Query(description="id of one index; none takes all")] = None,
        drafts: Annotated[bool, Query(description="those without a name, too")] = False,
    ) -> Response:
        indexes = list(service.indexes.values())
        if index is not None:
            indexes = [service.index(index)]

        def listed() -> Response:
            if index is not None:
                # Asked for by name, it says itself why it cannot be read.
                _ = indexes[0].searches
            return JSONResponse(shown_searches(request, indexes, drafts=drafts))

        return await service.saved_work.run(listed)

    @router.get(
        "/v1/searches/{search}",
        operation_id="saved_search",
        summary="A saved search",
        response_model=ShownSearch,
        responses=responses(404, 503, 507),
    )
    async def saved_search(request: Request, search: str) -> Response:
        return await service.saved_work.run(lambda: _shown(service, request, search))


def _add_keeping(router: APIRouter, service: Service) -> None:
    rules = AskedRules(service.settings.limits)
    checked = _checked_but_vectors(rules)

    class NewSearch(BaseModel):
        """A search to keep."""

        model_config = ConfigDict(extra="forbid", strict=True)

        index: Annotated[str, Field(max_length=200, examples=["archive"])]
        name: Annotated[str, NAME] = ""
        asked: Annotated[dict[str, Any], AfterValidator(checked), rules.schema]
        is_draft: bool = False

    class SearchChange(BaseModel):
        """What is to be another; what is left out stays."""

        model_config = ConfigDict(extra="forbid", strict=True)

        name: Annotated[str | None, NAME] = None
        asked: Annotated[
            dict[str, Any] | None,
            AfterValidator(lambda asked: None if asked is None else checked(asked)),
            WithJsonSchema({"anyOf": [rules.schema.json_schema, {"type": "null"}]}),
        ] = None
        version: int | None = Field(None, ge=1, description="that is changed; 409 if it is not")

    @router.post(
        "/v1/searches",
        operation_id="save_search",
        summary="Save a search, or a draft of one to put marks on",
        status_code=201,
        response_model=ShownSearch,
        responses=responses(404, 422, 503, 507),
        openapi_extra=_example(index="archive", name="harbours", asked=EXAMPLE_BODY),
    )
    async def save_search(request: Request, body: NewSearch) -> Response:
        index = service.index(body.index)

        def saved() -> Response:
            asked = _kept(service, index, body.asked)
            search = index.searches.create(
                body.name,
                asked,
                is_draft=body.is_draft,
                who=who_of(request),
                model=model_of_vectors(asked, index.index),
            )
            return JSONResponse(shown_search(request, index, search, None), 201)

        return await service.search_work.run(saved)

    @router.patch(
        "/v1/searches/{search}",
        operation_id="change_search",
        summary="Name a saved search or a draft, or change what it asks",
        response_model=ShownSearch,
        responses=responses(404, 409, 422, 503, 507),
        openapi_extra=_example(name="harbours of the north", version=3),
    )
    async def change_search(request: Request, search: str, body: SearchChange) -> Response:
        def changed() -> Response:
            saved = saved_of(service, search)
            asked = None
            model = ""
            if body.asked is not None:
                asked = _kept(service, saved.index, body.asked)
                model = model_of_vectors(asked, saved.index.index)
            saved.book.change(
                search, name=body.name, asked=asked, version=body.version, model=model
            )
            return _shown(service, request, search)

        return await service.search_work.run(changed)

    @router.delete(
        "/v1/searches/{search}",
        operation_id="delete_search",
        summary="Delete a saved search with its marks, its watch and its events",
        status_code=204,
        response_class=Response,
        responses=responses(404, 503, 507),
    )
    async def delete_search(search: str) -> Response:
        await service.saved_work.run(lambda: saved_of(service, search).book.delete(search))
        return Response(status_code=204)


def _add_asking(router: APIRouter, service: Service) -> None:
    limits = service.settings.limits

    async def answered(search: str, answer: Callable[[Saved], dict[str, Any]]) -> Response:
        def found() -> Response:
            return JSONResponse(answer(saved_of(service, search)))

        return await service.search_work.run(found)

    @router.post(
        "/v1/searches/{search}/search",
        operation_id="search_again",
        summary="Search again, with the marks as examples",
        response_model=MarkedAnswer,
        responses=responses(404, 422, 503, 507),
    )
    async def search_again(request: Request, search: str, body: SearchAgain) -> Response:
        k = None if body.k is None else min(body.k, limits.k)
        return await answered(search, lambda saved: searched_again(service, request, saved, k))

    @router.get(
        "/v1/searches/{search}/next",
        operation_id="next_to_mark",
        summary="Hits without a mark: the best, or those of which a mark says most",
        response_model=MarkedAnswer,
        responses=responses(404, 422, 503, 507),
    )
    async def next_(
        request: Request,
        search: str,
        how: How = "best",
        k: Annotated[int | None, hits_of_answer(limits)] = None,
    ) -> Response:
        return await answered(search, lambda saved: next_to_mark(service, request, saved, k, how))


def _shown(service: Service, request: Request, search: str) -> Response:
    saved = saved_of(service, search)
    counts = saved.book.counts(search).get(search)
    return JSONResponse(shown_search(request, saved.index, saved.search, counts))


def _kept(service: Service, index: ServedIndex, asked: dict[str, Any]) -> dict[str, Any]:
    """A search as it can be kept: uploads as vectors."""
    return kept_asked(asked, index.index, uploaded=service.seen_by(index), named=index.source_name)


def _checked_but_vectors(rules: AskedRules) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The check of a search that may hold vectors: of pictures that it was saved with."""

    def check(asked: dict[str, Any]) -> dict[str, Any]:
        looked_at = dict(asked)
        if _is_vector(asked.get("image")):
            looked_at["image"] = _standing_in(asked["image"], "upload")
        for name in ("like", "unlike"):
            examples = asked.get(name)
            if isinstance(examples, list):
                looked_at[name] = [
                    _standing_in(each, "chip") if _is_vector(each) else each for each in examples
                ]
        rules.check(looked_at)
        return asked

    return check


def _is_vector(example: object) -> bool:
    return isinstance(example, dict) and NOT_AN_EXAMPLE in example


def _standing_in(example: dict[str, Any], kind: str) -> dict[str, Any]:
    """An example of another kind for one that is a vector: its weight and its number count too."""
    rest = {name: value for name, value in example.items() if name != NOT_AN_EXAMPLE}
    return {**rest, kind: NOT_AN_EXAMPLE}


def _example(**body: Any) -> dict[str, Any]:
    """An example of a body, for OpenAPI."""
    return {"requestBody": {"content": {"application/json": {"example": body}}}}
