"""A made index for marks: a grid of chips of two scenes and dates, and some without a place."""

import datetime as dt

import numpy as np
import shapely
from tests.index.made import chip, made_settings

from harma.index.store import Store

DIM = 8
FIRST = dt.datetime(2010, 6, 1, tzinfo=dt.UTC)
LATER = dt.datetime(2020, 6, 1, tzinfo=dt.UTC)


def make_grid(directory, *, side=3):
    """Chips of a degree from 0 to `side`, in scenes of 2010 and 2020; ids such as 2010-1-2."""
    store = Store.create(directory, made_settings(DIM))
    chips = []
    for year, moment in ((2010, FIRST), (2020, LATER)):
        for x in range(side):
            for y in range(side):
                outline = shapely.box(x, y, x + 1, y + 1)
                west, south, east, north = outline.bounds
                chips.append(
                    chip(
                        id=f"{year}-{x}-{y}",
                        geometry=shapely.to_wkb(outline),
                        xmin=west,
                        ymin=south,
                        xmax=east,
                        ymax=north,
                        datetime=moment,
                        source=f"/secret/scenes/{year}.tif",
                        content=f"bytes of {year}",
                        column=9 * x,
                        row=9 * y,
                    )
                )
    chips.append(chip(id="nowhere", source="/secret/scenes/photo.jpg", content="photo"))
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((len(chips), DIM)).astype(np.float32)
    store.add_chips(chips, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return store
