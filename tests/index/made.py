"""Indices of made vectors, places and dates, without any model or picture."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import shapely

from harma.index.properties import properties_of
from harma.index.records import CHIP_COLUMNS, ChipRecord
from harma.index.schema import BOX_COLUMNS, chip_schema
from harma.index.settings import Settings
from harma.index.store import Store
from harma.scenes.reading import Reading
from harma.scenes.windows import Tiling


def chip(**columns):
    """A chip of a plain grid, but for what is said."""
    usual = {
        "id": "chip",
        "geometry": None,
        **dict.fromkeys(BOX_COLUMNS),
        "datetime": None,
        "datetime_end": None,
        "source": "scene.tif",
        "content": "c",
        "column": 0,
        "row": 0,
        "width": 9,
        "height": 9,
        "crs": "",
        "gsd": 1.0,
        "nodata": 0.0,
        "thumbnail": b"",
    }
    return ChipRecord(**{**usual, **columns})


def all_rows(store):
    """All columns of all chips, a mapping each, in the order of the table."""
    names = [*chip_schema(store.settings.embed_dim).names, *store.property_types()]
    return store.rows(names).select(names).to_pylist()


def all_chips(store):
    """The records of all chips."""
    further = list(store.property_types())
    chips = []
    for row in all_rows(store):
        own = {name: row[name] for name in CHIP_COLUMNS}
        chips.append(ChipRecord(**own, properties=properties_of(row, further)))
    return chips


def chip_ids(directory):
    """The ids of all chips of an index, in their order."""
    return sorted(row["id"] for row in all_rows(Store(Path(directory))))


def forget_source(store, name):
    """Leave the chips of a source without its record, as a build does that is killed in between."""
    name = str(name)
    rows = [row for row in all_rows(store) if row["source"] == name]
    chips = [chip for chip in all_chips(store) if chip.source == name]
    store.drop_sources([name])
    store.add_chips(chips, np.array([row["embedding"] for row in rows], dtype=np.float32))


def make_store(directory, count, *, dim=32, seed=0, clusters=50, lon=(-180, 180), lat=(-80, 80)):
    """A store of `count` chips; some cross the 180th meridian, some have no place or no date."""
    store = Store.create(directory, made_settings(dim))
    fill(store, count, seed=seed, clusters=clusters, lon=lon, lat=lat)
    return store


def made_settings(dim):
    """Settings of an index of made vectors of this length."""
    return Settings("none", None, "made", dim, Tiling(), Reading(), 0.5)


def fill(store, count, *, seed=0, clusters=50, lon=(-180, 180), lat=(-80, 80)):
    """Add chips as `make_store` has them, and the records of their sources."""
    rng = np.random.default_rng(seed)
    dim = store.settings.embed_dim
    centres = rng.standard_normal((clusters, dim))
    vectors = centres[rng.integers(0, clusters, count)] + 0.7 * rng.standard_normal((count, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = []
    for i in range(count):
        x, y = rng.uniform(*lon), rng.uniform(*lat)
        size = rng.uniform(0.05, 3)
        place = _place(x, y, size, rng.uniform(0, 90)) if rng.random() > 0.03 else None
        bounds = place.bounds if place is not None else (None,) * 4
        date = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(
            hours=int(rng.integers(0, 20 * 365 * 24))
        )
        rows.append(
            chip(
                **{
                    "id": f"{i:08d}",
                    "geometry": shapely.to_wkb(place) if place is not None else None,
                    **dict(zip(("xmin", "ymin", "xmax", "ymax"), bounds, strict=True)),
                    "datetime": date if rng.random() > 0.03 else None,
                    "source": f"/scenes/{i // 40:04d}.tif",
                    "content": "c",
                    "column": 256 * (i % 8),
                    "row": 256 * (i % 40 // 8),
                    "width": 256,
                    "height": 256,
                    "crs": "",
                    "gsd": float(rng.uniform(0.1, 30)),
                    "nodata": 0.0,
                    "thumbnail": b"",
                }
            )
        )
    for start in range(0, count, 5000):
        store.add_chips(
            rows[start : start + 5000], vectors[start : start + 5000].astype(np.float32)
        )


def _place(x, y, size, degrees):
    """A turned square; what lies over the 180th meridian comes out on the other side."""
    square = shapely.affinity.rotate(shapely.box(x, y, x + size, y + size), degrees)
    west, _, east, _ = square.bounds
    for edge, shift in ((180, -360), (-180, 360)):
        if west < edge < east:
            world = shapely.box(-180, -90, 180, 90)
            return shapely.MultiPolygon(
                [
                    square.intersection(world),
                    shapely.affinity.translate(square, shift).intersection(world),
                ]
            )
    return square
