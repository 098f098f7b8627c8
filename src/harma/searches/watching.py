"""A run of a watch: what is new in scenes that it has not looked at, each event once.

A watch is a saved search with its marks, and a threshold. A run looks at the scenes that are whole
and new to it, takes all of their hits over the threshold, leaves out places that were seen, and
keeps the rest as events. All that a run found is kept in one transaction, which also counts the
run: whatever is killed, or run twice at once, nothing is lost and nothing comes twice.

Of a change (`before` and `after`) the earlier time stays what was asked; the later one moves on, as
only new scenes are looked at. Each is compared with the latest scene until `before`, so that what
grows slowly is told too, and a place is told once, by the first scene that shows it.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace

import shapely

from harma.errors import BusyError, HarmaError, NotFoundError, QueryError
from harma.index.ask import Page
from harma.index.ask_json import Asked
from harma.index.change import NothingComparedError
from harma.index.contract import StoreReader
from harma.index.hits import Hit
from harma.index.index import Index
from harma.index.schema import quoted
from harma.index.standing import STANDINGS
from harma.searches.book import SearchBook
from harma.searches.database import now
from harma.searches.question import Question, question_of
from harma.searches.records import Event, Watch
from harma.searches.seen_places import SeenPlace, unseen
from harma.searches.watch_runs import (
    RunResult,
    WatchState,
    begin_run,
    event_id,
    keep_run,
    note_problem,
    seen_places,
)
from harma.searches.watched_scenes import NewScenes, WatchedScene, keys_of, new_to, scenes_there
from harma.searches.watches import WatchBook

logger = logging.getLogger(__name__)

# Times that a run looks again because another one was quicker.
TRIES = 5
# Scenes that are searched at once.
SCENES_AT_ONCE = 500
# Hits that are asked for first, and at most: 2 KB of memory each.
FIRST_HITS = 1000
MOST_HITS = 20_000
# Events of one run, the best first: each keeps a thumbnail of some KB.
MOST_EVENTS = 10_000
TOO_MANY = (
    f"more than {MOST_HITS:,} hits are over the threshold, and only the best were looked at; raise"
    " it"
)
TOO_SMALL = (
    "the index is too small to tell standings, so that nothing passes the threshold; give a least"
    " score"
)
# Chips that are read at once.
CHIPS_AT_ONCE = 500


@dataclass(frozen=True)
class WatchRun:
    """What a run has done.

    Attributes:
        search: id of the saved search.
        name: of it.
        events: that are new.
        num_scenes: that were new to the watch.
        is_first: what is there now is what later runs begin with; nothing is new.
        took_ms: milliseconds.
        problem: what it could not do; "" if nothing.
    """

    search: str
    name: str
    events: tuple[Event, ...] = ()
    num_scenes: int = 0
    is_first: bool = False
    took_ms: float = 0.0
    problem: str = ""

    @property
    def told(self) -> str:
        """In words."""
        if self.problem and not self.events:
            return f"{self.name}: {self.problem}"
        if self.is_first:
            return f"{self.name}: what is there now is known; from now on new hits are told"
        scenes = "1 scene" if self.num_scenes == 1 else f"{self.num_scenes:,} scenes"
        return f"{self.name}: {len(self.events):,} new in {scenes} looked at"


def run_watches(index: Index, searches: SearchBook) -> Iterator[WatchRun]:
    """Run all watches of an index; one that cannot be run holds up no other.

    Args:
        index: whatever version it is in, the newest one is looked at.
        searches: its saved searches.
    """
    for watch in WatchBook(searches.database).all(searches.index_name):
        try:
            yield run_watch(index, searches, watch.search)
        except HarmaError as error:
            logger.info("the watch of %s cannot be run", watch.search, exc_info=True)
            note_problem(searches.database, watch.search, _told_to_all(error))
            problem = error.problem or str(error)
            yield WatchRun(watch.search, _name(searches, watch.search), problem=problem)


def run_watch(index: Index, searches: SearchBook, search: str) -> WatchRun:
    """Run the watch of a saved search; its first run only notes what is there.

    Args:
        index: whatever version it is in, the newest one is looked at.
        searches: the saved searches of the index.
        search: id of the saved search.

    Raises:
        NotFoundError: there is no such watch.
        QueryError: what is asked is not usable any more.
        BusyError: other runs were quicker, again and again.
    """
    started = time.monotonic()
    for _ in range(TRIES):
        state = begin_run(searches.database, search)
        # A copy of its own: nobody else refreshes it, and the loaded model is shared.
        view = copy(index)
        view.refresh_if_changed()
        question = question_of(searches, state.watch, view.store)
        result = _Lookout(view, question, state).result(searches)
        if "model" in vars(view):
            # Loading it takes seconds: the next watch has it.
            index.model = view.model
        events = keep_run(searches.database, state, result)
        if events is not None:
            return WatchRun(
                search,
                question.search.name,
                tuple(events),
                result.num_scenes,
                is_first=not state.runs,
                took_ms=1000 * (time.monotonic() - started),
                problem=result.problem,
            )
    raise BusyError("other runs of the watch were quicker, again and again; try again")


class _Lookout:
    """One look of a watch at one version of an index.

    Args:
        index: in that version.
        question: what is looked for.
        state: of the watch.
    """

    def __init__(self, index: Index, question: Question, state: WatchState) -> None:
        self.index = index
        self.store = index.store
        self.asked = question.asked
        self.key = question.key
        self.state = state
        self.is_change = self.asked.where.before is not None
        self.problem = ""

    def result(self, searches: SearchBook) -> RunResult:
        """Look."""
        there = scenes_there(self.store)
        is_first = not self.state.runs
        if is_first:
            new = NewScenes((), {})
            looked = keys_of(there.whole)
            looked = {key: looked[key] for key in looked.keys() - self.state.looked.keys()}
        else:
            new = new_to(self.state.looked, there)
            looked = keys_of([*new.scenes, *new.moved])
        is_anew = self.key != self.state.question
        seen = self._seen_before(new) if is_anew else None
        hits = self._new_hits(new.scenes)
        events: list[Event] = []
        if hits:
            before = seen_places(searches.database, self.state) if seen is None else seen
            events = self._events(hits, before)
        places = [*(seen or ()), *(SeenPlace.of(hit) for hit in hits)]
        return RunResult(
            question=self.key,
            looked=looked,
            moved=tuple(new.moved.values()),
            seen=places,
            is_anew=is_anew,
            events=events,
            num_scenes=len(new.scenes),
            problem=self.problem,
        )

    # -- hits over the threshold ------------------------------------------------------------------

    def _seen_before(self, new: NewScenes) -> list[SeenPlace]:
        """Places of hits in scenes that are not new: what a new question finds in them is known."""
        names = {scene.source for scene in new.scenes}
        hits = self._over_threshold(self.asked)
        if self.problem == TOO_MANY:
            # Nothing is lost by it: these scenes were looked at, and the best places are kept.
            self.problem = ""
        return [SeenPlace.of(hit) for hit in hits if hit.source not in names]

    def _new_hits(self, scenes: Sequence[WatchedScene]) -> list[Hit]:
        """All hits of new scenes, the best first."""
        names = [scene.source for scene in scenes]
        if self.asked.where.source is not None:
            wanted = set(self.asked.where.source)
            names = [name for name in names if name in wanted]
        hits: list[Hit] = []
        for block in self._blocks(names):
            hits += self._over_threshold(block)
        among = set(names)
        hits = [hit for hit in hits if hit.source in among]
        return sorted(hits, key=lambda hit: -_judged(hit))

    def _blocks(self, names: Sequence[str]) -> Iterator[Asked]:
        """The search, for some scenes at a time; a change compares them with the others."""
        if self.is_change and names:
            yield self.asked
            return
        for start in range(0, len(names), SCENES_AT_ONCE):
            part = list(names[start : start + SCENES_AT_ONCE])
            yield replace(self.asked, where=replace(self.asked.where, source=part))

    def _over_threshold(self, asked: Asked) -> list[Hit]:
        """All hits over the threshold, whatever page was asked for, the best first."""
        count = FIRST_HITS
        while True:
            # Compared exactly: a watch that overlooks something is worse than a slow one.
            page = Page(k=count, overlap=None, exact=True)
            try:
                hits = self.index.find(asked.query, asked.where, page)
            except NothingComparedError:
                # Nothing was taken after that date: not yet.
                return []
            if self.state.watch.standing and any(not hit.standing for hit in hits):
                self.problem = TOO_SMALL
            over = [hit for hit in hits if _passes(hit, self.state.watch)]
            if len(over) < count:
                return over
            if count == MOST_HITS:
                self.problem = TOO_MANY
                return over
            count = min(4 * count, MOST_HITS)

    # -- events -----------------------------------------------------------------------------------

    def _events(self, hits: Sequence[Hit], seen: Sequence[SeenPlace]) -> list[Event]:
        """Events of the hits whose places were not seen."""
        overlap = self.asked.page.overlap
        new = unseen(hits, seen, overlap, any_date=self.is_change)
        if len(new) > MOST_EVENTS:
            self.problem = (
                f"{len(new):,} hits are new, and only the best {MOST_EVENTS:,} are kept as events;"
                " raise the threshold"
            )
        found = now()
        events: list[Event] = []
        for start in range(0, min(len(new), MOST_EVENTS), CHIPS_AT_ONCE):
            part = new[start : min(start + CHIPS_AT_ONCE, MOST_EVENTS)]
            kept = _kept_of(self.store, part)
            events += [_event(hit, self.state.watch, *kept[hit.id]) for hit in part]
        return [replace(event, found=found) for event in events]


def _passes(hit: Hit, watch: Watch) -> bool:
    if watch.least_score is not None:
        return _judged(hit) >= watch.least_score
    assert watch.standing is not None
    return hit.standing in STANDINGS[: STANDINGS.index(watch.standing) + 1]


def _judged(hit: Hit) -> float:
    """The score of a hit, or the gain of a change."""
    return hit.score if hit.change is None else hit.change


def _kept_of(store: StoreReader, hits: Sequence[Hit]) -> dict[str, tuple[str, bytes | None]]:
    """Id of a chip → fingerprint of its scene, thumbnail, which is made where none is kept."""
    names = ", ".join(quoted(hit.id) for hit in hits)
    rows = store.rows(["id", "content", "thumbnail"], f"id IN ({names})").to_pylist()
    if not store.settings.thumbnails:
        # Reading scenes needs much that a watch does not. An event keeps one: its scene may go.
        from harma.index.pictures import small_pictures

        made = small_pictures(store, hits)
        return {row["id"]: (row["content"] or "", made[row["id"]] or None) for row in rows}
    return {row["id"]: (row["content"] or "", row["thumbnail"]) for row in rows}


def _event(hit: Hit, watch: Watch, content: str, thumbnail: bytes | None) -> Event:
    return Event(
        number=0,
        id=event_id(watch.search, hit.id, content),
        search=watch.search,
        chip=hit.id,
        content=content,
        found=now(),
        source=hit.source,
        score=hit.score,
        gain=hit.change,
        standing=hit.standing,
        then_chip=None if hit.then is None else hit.then.id,
        geometry=None if hit.geometry is None else shapely.to_wkb(hit.geometry),
        taken=hit.datetime,
        taken_end=hit.datetime_end,
        thumbnail=thumbnail,
    )


def _told_to_all(error: HarmaError) -> str:
    """What is wrong, without names of files: whoever sees the watch may be a stranger."""
    if isinstance(error, QueryError | NotFoundError | BusyError):
        return error.problem
    return f"it could not be run ({type(error).__name__}); what runs it has told why"


def _name(searches: SearchBook, search: str) -> str:
    try:
        return searches.get(search).name
    except HarmaError:
        return search
