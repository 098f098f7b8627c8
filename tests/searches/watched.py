"""An index of made scenes and a saved search on it, to be watched: no model, no picture."""

from datetime import UTC, datetime

import numpy as np
import shapely
from sqlalchemy import insert
from tests.index.made import chip, made_settings

from harma.index.index import Index
from harma.index.records import SourceRecord
from harma.index.store import Store
from harma.searches.book import SearchBook
from harma.searches.database import now, open_beside
from harma.searches.records import SavedSearch, Watch
from harma.searches.tables import SEARCHES
from harma.searches.watches import WatchBook
from harma.searches.watching import run_watch

DIM = 4
SEARCH = "s1"
ASKED = {"like": [{"vector": [1, 0, 0, 0]}]}
SIDE = 0.01


class MadeBook(SearchBook):
    """Saved searches whose rows a test writes."""

    def __init__(self, database):
        super().__init__(database)
        self.asked = {}
        self.marked = []

    def save(self, search=SEARCH, asked=None, name="harbours"):
        self.asked[search] = asked or ASKED
        row = {"id": search, "index_name": "", "name": name, "asked": self.asked[search]}
        row |= {"is_draft": False, "version": 1, "created": now(), "changed": now(), "who": ""}
        with self.database.transaction() as connection:
            connection.execute(insert(SEARCHES).values(row))

    def get(self, search):
        return SavedSearch(search, "harbours", self.asked[search], False, 1, now(), now())

    def marks(self, search):
        return self.marked


class Watched:
    """An index in a directory, and the watch on it."""

    def __init__(self, directory):
        self.directory = directory
        self.store = Store.create(directory, made_settings(DIM))
        self.book = MadeBook(open_beside(directory))
        self.watches = WatchBook(self.book.database)

    def watch(self, search=SEARCH, *, asked=None, **values):
        """Save a search and watch it, by a least score of 0.5 if nothing else is said."""
        usual = {"standing": None, "least_score": 0.5}
        self.book.save(search, asked)
        self.watches.put(Watch(search, **{**usual, **values}))
        return self.run(search)

    def run(self, search=SEARCH):
        return run_watch(Index.open(self.directory), self.book, search)

    def add(self, name, scores, *, content=None, day=None, x=0.0, places=True, recorded=True):
        """Add a scene of chips in a row, of which each scores as is said."""
        content = content or name
        taken = None if day is None else datetime(2020, 1, day, 10, tzinfo=UTC)
        chips = []
        for number, _ in enumerate(scores):
            place = shapely.box(x + number * SIDE, 0, x + (number + 1) * SIDE, SIDE)
            columns = {"geometry": None}
            if places:
                west, south, east, north = place.bounds
                columns = {"geometry": shapely.to_wkb(place)}
                columns |= {"xmin": west, "ymin": south, "xmax": east, "ymax": north}
            chips.append(
                chip(
                    id=f"{name}|{content}|{number}",
                    source=name,
                    content=content,
                    datetime=taken,
                    column=9 * number,
                    thumbnail=f"jpeg of {name} {number}".encode(),
                    **columns,
                )
            )
        rest = np.sqrt(1 - np.square(scores))
        vectors = np.stack([scores, rest, np.zeros(len(scores)), np.zeros(len(scores))], axis=1)
        self.store.add_chips(chips, vectors.astype(np.float32))
        if recorded:
            self.record(name, len(scores), content=content)

    def record(self, name, count, *, content=None, **values):
        self.store.put_sources([SourceRecord(name, 1, 2, content or name, count, **values)])

    def remove(self, name):
        self.store.drop_sources([name])

    def change(self, name, scores, *, content, **values):
        """New bytes of a scene, as a build writes them."""
        self.add(name, scores, content=content, recorded=False, **values)
        self.store.drop_other_chips({name: content})
        self.record(name, len(scores), content=content)

    def move(self, name, new, scores, **values):
        """The same bytes under another name."""
        self.store.drop_sources([name])
        self.add(new, scores, content=name, **values)


def chips(run):
    """The chips of a run's events, by their scene and number."""
    return [event.chip for event in run.events]
