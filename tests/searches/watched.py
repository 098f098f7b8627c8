"""An index of made scenes and a saved search on it, to be watched: no model, no picture."""

from datetime import UTC, datetime

import numpy as np
import shapely
from tests.index.made import chip, made_settings

from harma.index.index import Index
from harma.index.records import SourceRecord
from harma.index.store import Store
from harma.searches.book import SearchBook
from harma.searches.database import open_beside
from harma.searches.records import Watch
from harma.searches.watches import WatchBook
from harma.searches.watching import run_watch

DIM = 4
SEARCH = "s1"
ASKED = {"like": [{"vector": [1, 0, 0, 0]}]}
SIDE = 0.01


class Watched:
    """An index in a directory, and watches on it; tests have names of their own for searches."""

    def __init__(self, directory, database=None):
        self.directory = directory
        self.store = Store.create(directory, made_settings(DIM))
        self.book = SearchBook(database or open_beside(directory))
        self.ids = {}
        self.watches = WatchBook(self.book.database)

    def save(self, search=SEARCH, asked=None):
        """Save a search."""
        self.ids[search] = self.book.create("harbours", asked or ASKED).id
        return self.ids[search]

    def put(self, search=SEARCH, **values):
        """Watch a search, by a least score of 0.5 if nothing else is said."""
        usual = {"standing": None, "least_score": 0.5}
        return self.watches.put(Watch(self.ids[search], **{**usual, **values}))

    def watch(self, search=SEARCH, *, asked=None, **values):
        """Save a search, watch it, and let the watch note what is there."""
        self.save(search, asked)
        self.put(search, **values)
        return self.run(search)

    def run(self, search=SEARCH):
        """Run a watch."""
        return run_watch(Index.open(self.directory), self.book, self.ids[search])

    def get(self, search=SEARCH):
        """The watch as it is kept."""
        return self.watches.get(self.ids[search])

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
