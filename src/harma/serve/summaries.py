"""What is told of an index: counts, bounds and dates, the name of its model without its place."""

import datetime as dt
from pathlib import PurePath
from typing import Any

from harma.errors import BusyError
from harma.index.settings import FOREIGN
from harma.serve.group import ServedGroup
from harma.serve.live import LiveIndex
from harma.serve.served import ServedIndex


def summary_of(served: ServedIndex) -> dict[str, Any]:
    """What is told of an index (`harma.serve.answers.IndexSummary`)."""
    known: dict[str, Any] = {
        "id": served.id,
        "title": served.id,
        "state": served.state,
        "problem": served.problem,
    }
    if isinstance(served, ServedGroup):
        known["parts"] = [_part_of(part) for part in served.parts]
    if served.state != "ready":
        return known
    try:
        held = served.held()
        facts = served.facts()
    except BusyError as error:
        # Gone or damaged since the last look at it: the others are told of all the same.
        return {**known, "state": "failed", "problem": error.problem}
    settings = held.index.store.settings
    return {
        **known,
        "chips": facts["chips"],
        "sources": facts["sources"],
        "placed": facts["placed"],
        "dated": facts["dated"],
        "bounds": _bounds(facts["bounds"]),
        "dates": _days(facts["dates"]),
        "model": _model_name(settings.model),
        "version": held.version,
    }


def _part_of(part: LiveIndex) -> dict[str, Any]:
    """What is told of a part of a group (`harma.serve.answers.IndexPart`)."""
    known: dict[str, Any] = {"name": part.id, "state": part.state, "problem": part.problem}
    if part.state != "ready":
        return known
    try:
        held = part.held()
        return {**known, "chips": held.index.snapshot.num_chips, "version": held.version}
    except BusyError as error:
        return {**known, "state": "failed", "problem": error.problem}


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
