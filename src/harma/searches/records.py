"""Records: a saved search, a mark, a watch, an event."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What a person says of a hit.
MARKS = ("good", "bad", "unsure")


@dataclass(frozen=True)
class SavedSearch:
    """A search that is kept.

    Attributes:
        id: of it.
        name: a person's; "" of a draft.
        asked: what is looked for, as JSON (`harma.index.ask_json`).
        is_draft: it was kept because something was marked, and nobody has named it yet.
        version: counts every change of it and of its marks.
        created: when.
        changed: when it or a mark of it changed last.
        who: made it, where that is known.
        model: fingerprint of the model whose vectors are in `asked`; "" where none are.
    """

    id: str
    name: str
    asked: Mapping[str, Any]
    is_draft: bool
    version: int
    created: dt.datetime
    changed: dt.datetime
    who: str = ""
    model: str = ""


@dataclass(frozen=True)
class Mark:
    """What a person says of a chip.

    Attributes:
        chip: id of it.
        mark: one of `MARKS`.
        note: a person's words.
        who: said it, where that is known.
        earlier: others who had said something of it before, the first one first.
        changed: when.
        source: name of the chip's scene.
        geometry: footprint (WKB, WGS84), or None.
        taken: first moment of the chip, or None.
        taken_end: last moment, where it is another one.
        content: fingerprint of the bytes of its scene.
        window: of the chip in its scene: column, row, width, height, with commas.
    """

    chip: str
    mark: str
    note: str = ""
    who: str = ""
    earlier: tuple[str, ...] = ()
    changed: dt.datetime | None = None
    source: str = ""
    geometry: bytes | None = None
    taken: dt.datetime | None = None
    taken_end: dt.datetime | None = None
    content: str = ""
    window: str = ""


@dataclass(frozen=True)
class MarkCounts:
    """Marks of a saved search, by what they say."""

    good: int = 0
    bad: int = 0
    unsure: int = 0


@dataclass(frozen=True)
class Watch:
    """A saved search whose new hits are told.

    Attributes:
        search: id of the saved search.
        standing: hits of this standing or a better one are told; None goes by `least_score`.
        least_score: hits of this score (gain, of a change) or a higher one; None goes by standing.
        webhook: address that is told; "" for none.
        notify: addresses of `apprise`.
        created: when.
        last_run: when it was run last, or None.
        last_new: events of that run.
        last_sources: scenes that were new to that run.
        last_problem: why it could not be run, or could not tell somebody; "" if it could.
        num_events: that it has found.
    """

    search: str
    standing: str | None = "likely"
    least_score: float | None = None
    webhook: str = ""
    notify: tuple[str, ...] = ()
    created: dt.datetime | None = None
    last_run: dt.datetime | None = None
    last_new: int = 0
    last_sources: int = 0
    last_problem: str = ""
    num_events: int = 0


@dataclass(frozen=True)
class Event:
    """A new hit of a watch.

    Attributes:
        number: counts up; later events have higher ones.
        id: a URN.
        search: id of the saved search.
        chip: id of the chip.
        content: fingerprint of its scene's bytes.
        found: when.
        source: name of the scene.
        score: of the hit.
        gain: of a change, else None.
        standing: of the hit.
        then_chip: the earlier chip of a change, else None.
        geometry: footprint (WKB, WGS84), or None.
        taken: first moment of the chip, or None.
        taken_end: last moment, where it is another one.
        thumbnail: JPEG, or None.
    """

    number: int
    id: str
    search: str
    chip: str
    content: str
    found: dt.datetime
    source: str
    score: float
    gain: float | None
    standing: str
    then_chip: str | None
    geometry: bytes | None
    taken: dt.datetime | None
    taken_end: dt.datetime | None
    thumbnail: bytes | None
