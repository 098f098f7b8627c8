"""Tools of an assistant that write, where the operator allows it: save, mark, watch (MCP)."""

from typing import Any

from mcp.types import ContentBlock

from harma.index.standing import STANDINGS
from harma.searches.chips import on_chips
from harma.searches.keeping import kept_asked, model_of_vectors
from harma.searches.records import MARKS, Mark, MarkCounts, Watch
from harma.searches.watches import WatchBook
from harma.searches.watching import run_watch
from harma.serve.mcp_answers import told
from harma.serve.mcp_tools import (
    SEARCH,
    TEXT,
    AssistantTool,
    Values,
    found,
    index_of,
    search_properties,
    text,
)
from harma.serve.saved import saved_of
from harma.serve.service import Service
from harma.serve.settings import Limits

# Who is told to have saved and marked.
WHO = "assistant"
MOST_MARKS = 200


def writing_tools(limits: Limits) -> list[AssistantTool]:
    """The tools that write."""
    asked = search_properties(limits)
    # A saved search says how many hits it gives when it is asked.
    del asked["k"]
    mark = {
        "type": "object",
        "properties": {
            "chip": {**TEXT, "description": "id of a chip, from a search"},
            "mark": {"enum": [*MARKS, None], "description": "null takes the mark away"},
            "note": {"type": "string", "maxLength": 1000},
        },
        "required": ["chip", "mark"],
        "additionalProperties": False,
    }
    return [
        AssistantTool(
            "save_search",
            "Save a search under a name, so that people and you can run, mark and watch it.",
            {"name": TEXT, **asked},
            _save_search,
            required=("name",),
            is_writing=True,
        ),
        AssistantTool(
            "mark",
            "Mark chips of a saved search good, bad or unsure: the next run takes good ones as"
            " examples to be like, bad ones to be unlike.",
            {
                "search": SEARCH,
                "marks": {"type": "array", "items": mark, "minItems": 1, "maxItems": MOST_MARKS},
            },
            _mark,
            required=("search", "marks"),
            is_writing=True,
        ),
        AssistantTool(
            "watch",
            "Watch a saved search: new scenes whose hits reach the threshold become events. What is"
            " there now is known already.",
            {
                "search": SEARCH,
                "standing": {"enum": list(STANDINGS), "default": "likely"},
                "least_score": {"type": "number", "description": "in place of a standing"},
            },
            _watch,
            required=("search",),
            is_writing=True,
        ),
    ]


def _save_search(service: Service, values: Values) -> list[ContentBlock]:
    index = index_of(service, values.get("index"))
    asked = {name: value for name, value in values.items() if name not in ("index", "name")}
    # What cannot be searched for is not kept.
    found(service, index, {**asked, "k": 1})
    kept = kept_asked(asked, index.index, named=index.source_name)
    search = index.searches.create(
        values["name"], kept, who=WHO, model=model_of_vectors(kept, index.index)
    )
    return text(told("saved", [{"search": search.id, "index": index.id, "name": search.name}]))


def _mark(service: Service, values: Values) -> list[ContentBlock]:
    saved = saved_of(service, values["search"])
    index = index_of(service, saved.index.id)
    # Of one chip the last word stands.
    last = {change["chip"]: change for change in values["marks"]}
    marks: list[Mark] = []
    dropped: list[str] = []
    for chip, change in last.items():
        if change["mark"] is None:
            dropped.append(chip)
        else:
            marks.append(Mark(chip, change["mark"], change.get("note", "")))
    unchanged = [chip for chip, change in last.items() if "note" not in change]
    search = saved.search.id
    saved.book.put_marks(
        search,
        on_chips(index.index.store, marks),
        drop=dropped,
        who=WHO,
        keep_notes=unchanged,
    )
    counts = saved.book.counts(search).get(search, MarkCounts())
    return text(told("marks", [vars(counts)], search=search))


def _watch(service: Service, values: Values) -> list[ContentBlock]:
    saved = saved_of(service, values["search"])
    index = index_of(service, saved.index.id)
    search = saved.search.id
    watches = WatchBook(saved.book.database)
    before: dict[str, Any] = {}
    for watch in watches.all(saved.book.index_name):
        if watch.search == search:
            # Whom a person lets it tell goes on being told.
            before = {"webhook": watch.webhook, "notify": watch.notify}
    least = values.get("least_score")
    standing = None if least is not None else values.get("standing", "likely")
    watches.put(Watch(search, standing=standing, least_score=least, **before))
    run = run_watch(index.index, saved.book, search)
    return text(told("watched", [{"search": search, "told": run.told}]))
