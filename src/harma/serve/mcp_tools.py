"""Tools of an assistant that read: indexes, searches, chips, saved searches, events (MCP)."""

import base64
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from mcp.types import ContentBlock, ImageContent, TextContent
from pydantic_core import PydanticCustomError

from harma.errors import BusyError, NotFoundError, QueryError
from harma.index.ask_json import Asked
from harma.index.hit_list import HitList
from harma.index.pictures import as_jpeg, pictures_of
from harma.searches.asking import asked_with_marks, current_marks
from harma.searches.events import latest_events, read_events
from harma.searches.records import MarkCounts
from harma.searches.watches import WatchBook
from harma.serve.asked import AskedRules, asked_schema
from harma.serve.empty import why_empty
from harma.serve.finding import read
from harma.serve.mcp_answers import (
    STANDING_SAID,
    chip_row,
    event_row,
    hit_row,
    search_row,
    shortened,
    told,
)
from harma.serve.saved import saved_of
from harma.serve.served import ServedIndex
from harma.serve.service import Service
from harma.serve.settings import Limits
from harma.serve.summaries import summary_of

Values = Mapping[str, Any]
# Hits, and events, of an answer.
MOST_ROWS = 50
USUAL_ROWS = 10
# Longer side of a picture, pixels: assistants pay by its size.
USUAL_SIDE = 512
MOST_SIDE = 1024
# Seconds that a call waits for an index that is loading, and between two looks.
PATIENCE_S = 120.0
LOOK_S = 0.1
TEXT: dict[str, Any] = {"type": "string", "maxLength": 200}
INDEX = {**TEXT, "description": "id of an index; needed where there are several"}
SEARCH = {**TEXT, "description": "id of a saved search"}
ROWS = {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": USUAL_ROWS}


@dataclass(frozen=True)
class AssistantTool:
    """A tool.

    Attributes:
        name: of it.
        about: what it does, for the assistant.
        properties: JSON schema of each of its arguments.
        run: does it, in a thread; the arguments fit the schema.
        required: arguments that must be given.
        is_writing: it changes something.
    """

    name: str
    about: str
    properties: Mapping[str, Any]
    run: Callable[[Service, Values], list[ContentBlock]]
    required: Sequence[str] = ()
    is_writing: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of its arguments."""
        return {
            "type": "object",
            "properties": dict(self.properties),
            "required": list(self.required),
            "additionalProperties": False,
        }


def search_properties(limits: Limits) -> dict[str, Any]:
    """What a search may say: the package's declaration, but for pictures, which nobody uploads."""
    properties: dict[str, Any] = deepcopy(asked_schema(limits)["properties"])
    del properties["image"]
    properties["k"] = {**ROWS, "description": "hits"}
    return {"index": INDEX, **properties}


def reading_tools(limits: Limits) -> list[AssistantTool]:
    """The tools that read."""
    return [
        AssistantTool(
            "list_indexes",
            "The archives of imagery that can be searched: how many chips, where, of which dates.",
            {},
            _list_indexes,
        ),
        AssistantTool(
            "search",
            "Find places in aerial and satellite imagery by describing what should be seen, such as"
            " 'a harbour with storage tanks'. Also by chips to be like or unlike, in an area, of"
            " some dates. With before and after: places that match more now than then. "
            + STANDING_SAID,
            search_properties(limits),
            _search,
        ),
        AssistantTool(
            "show_chip",
            "The picture of a chip, as the model saw it, and where and when it was taken.",
            {
                "index": INDEX,
                "chip": {**TEXT, "description": "id of a chip, from a search"},
                "size": {
                    "type": "integer",
                    "minimum": 32,
                    "maximum": MOST_SIDE,
                    "default": USUAL_SIDE,
                    "description": "longer side at most, pixels",
                },
            },
            _show_chip,
            required=("chip",),
        ),
        AssistantTool(
            "list_saved_searches",
            "Searches that people have saved, with how many hits they marked good or bad, and"
            " whether they are watched.",
            {"index": INDEX, "k": ROWS},
            _list_saved_searches,
        ),
        AssistantTool(
            "run_saved_search",
            "Search again for what a saved search asks, with its marks as examples.",
            {"search": SEARCH, "k": ROWS},
            _run_saved_search,
            required=("search",),
        ),
        AssistantTool(
            "list_events",
            "New hits that the watch of a saved search has found: the latest first, or those after"
            " an event that is known.",
            {
                "search": SEARCH,
                "after": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "number of the last event that is known",
                },
                "k": ROWS,
            },
            _list_events,
            required=("search",),
        ),
    ]


def index_of(service: Service, name: str | None) -> ServedIndex:
    """An index that is ready, by its id, or the only one.

    Raises:
        QueryError: there are several, and none is named.
        NotFoundError: there is none of this name.
        BusyError: it is loading still, or cannot be opened.
    """
    known = ", ".join(service.indexes)
    if name is None and len(service.indexes) > 1:
        raise QueryError(f"there are several indexes; say which: {known}")
    served = service.indexes.get(name or known)
    if served is None:
        raise NotFoundError(f"there is no index {name!r}; there are {known}")
    _wait_for(served)
    # What was written since by others is seen.
    served.refresh()
    return served


def _wait_for(served: ServedIndex) -> None:
    end = time.monotonic() + PATIENCE_S
    while served.state == "loading":
        if time.monotonic() > end:
            raise BusyError(f"the index {served.id} is still loading; try again in a minute")
        time.sleep(LOOK_S)


def found(service: Service, index: ServedIndex, values: Values) -> tuple[Asked, HitList]:
    """What a search is understood as, and its hits.

    Raises:
        QueryError: it is not usable: also by a number that is none, or a very long area, which the
            schema does not tell.
    """
    try:
        AskedRules(service.settings.limits).check(dict(values))
    except PydanticCustomError as error:
        raise QueryError(error.message()) from error
    asked = read(service, index, values)
    return asked, index.index.find(asked.query, asked.where, asked.page)


def text(content: str) -> list[ContentBlock]:
    """An answer of words alone."""
    return [TextContent(type="text", text=content)]


def answered(index: ServedIndex, hits: HitList, **further: Any) -> list[ContentBlock]:
    """An answer of hits, which says what joined short texts."""
    rows = [hit_row(rank, hit) for rank, hit in enumerate(hits, 1)]
    if hits.expanded:
        further["joined"] = [shortened(str(expansion)) for expansion in hits.expanded]
    return text(told("hits", rows, index=index.id, **further))


# -- what each of them does ------------------------------------------------------------------------


def _list_indexes(service: Service, _: Values) -> list[ContentBlock]:
    return text(told("indexes", [summary_of(served) for served in service.indexes.values()]))


def _search(service: Service, values: Values) -> list[ContentBlock]:
    index = index_of(service, values.get("index"))
    said = {name: value for name, value in values.items() if name != "index"}
    asked, hits = found(service, index, {"k": USUAL_ROWS, **said})
    if not hits:
        return answered(index, hits, **why_empty(index.index, asked.where))
    return answered(index, hits)


def _show_chip(service: Service, values: Values) -> list[ContentBlock]:
    index = index_of(service, values.get("index"))
    chip = index.chip(values["chip"])
    size = values.get("size", USUAL_SIDE)
    picture = pictures_of(index.index.store, [chip], size=size, known=index.records())[0]
    about = {"chip": chip.id, "index": index.id, **chip_row(chip)}
    if picture.problem:
        # Its words name files.
        about["picture"] = "the small one of the index, as the scene cannot be read now"
    data = base64.b64encode(as_jpeg(picture.image)).decode("ascii")
    shown = ImageContent(type="image", data=data, mime_type="image/jpeg")
    return [shown, *text(told("chips", [about]))]


def _list_saved_searches(service: Service, values: Values) -> list[ContentBlock]:
    index = index_of(service, values.get("index"))
    book = index.searches
    searches = book.all()
    counts = book.counts()
    watches = {watch.search: watch for watch in WatchBook(book.database).all(book.index_name)}
    shown = searches[: values.get("k", USUAL_ROWS)]
    rows = [
        search_row(search, counts.get(search.id, MarkCounts()), watches.get(search.id))
        for search in shown
    ]
    return text(told("searches", rows, index=index.id, num_searches=len(searches)))


def _run_saved_search(service: Service, values: Values) -> list[ContentBlock]:
    saved = saved_of(service, values["search"])
    index = index_of(service, saved.index.id)
    store = index.index.store
    current = current_marks(saved.book, saved.search.id, store)
    asked = asked_with_marks(saved.search, current, store, named=index.source_name)
    page = replace(asked.page, k=values.get("k", USUAL_ROWS))
    hits = index.index.find(asked.query, asked.where, page)
    marks = Counter(mark.mark for mark in current.marks)
    return answered(index, hits, search=saved.search.id, marks=marks)


def _list_events(service: Service, values: Values) -> list[ContentBlock]:
    saved = saved_of(service, values["search"])
    database = saved.book.database
    k = values.get("k", USUAL_ROWS)
    if "after" in values:
        events = read_events(database, saved.search.id, after=values["after"], k=k)
    else:
        events = latest_events(database, saved.search.id, k)
    rows = [event_row(event) for event in events]
    return text(told("events", rows, search=saved.search.id, index=saved.index.id))
