"""Random filters against brute force, compared one by one and by the ANN index."""

import numpy as np
import pytest
import shapely
from pyproj import Geod
from shapely.geometry import box
from tests.index.made import all_rows, make_store

from harma.index.ann import read_ann
from harma.index.ann_tuning import make_ann
from harma.index.index import Index

COUNT, FILTERS, K = 6000, 1000, 10


# Whether a filter admits a chip by brute force; at the rim of a circle its polygon decides.
NO, YES, EITHER = 0, 1, 2


class Archive:
    """An index of made vectors with an ANN index, and everything that brute force needs of it."""

    def __init__(self, store):
        self.index = Index(store)
        rows = all_rows(store)
        self.ids = np.array([row["id"] for row in rows])
        self.number = {chip: number for number, chip in enumerate(self.ids.tolist())}
        self.embeddings = np.array([row["embedding"] for row in rows], dtype=np.float32)
        self.shapes = np.array(
            [shapely.from_wkb(row["geometry"]) if row["geometry"] else None for row in rows],
            dtype=object,
        )
        self.dates = np.array(
            [row["datetime"].replace(tzinfo=None) if row["datetime"] else None for row in rows],
            dtype="datetime64[us]",
        )
        # Points along the outlines, one after the other, and whose they are.
        parts = [outline_of(shape) for shape in self.shapes]
        self.outlines = np.concatenate(parts)
        self.owners = np.repeat(np.arange(len(rows)), [len(part) for part in parts])
        self.middles = np.array([middle_of(shape) for shape in self.shapes])


def outline_of(shape):
    """Points along an outline, a twentieth of a degree apart or less: (n, 2)."""
    if shape is None:
        return np.empty((0, 2))
    parts = [part.segmentize(0.05).exterior.coords for part in getattr(shape, "geoms", [shape])]
    return np.concatenate([np.array(part) for part in parts])


def middle_of(shape):
    if shape is None:
        return (np.nan, np.nan)
    return getattr(shape, "geoms", [shape])[0].centroid.coords[0]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """6,000 made chips."""
    store = make_store(tmp_path_factory.mktemp("made") / "index", COUNT)
    assert make_ann(store, None, least_recall=0.9) is not None
    return Archive(store)


def random_filter(rng):
    """Options of a search, the area they mean, and whether it is a circle."""
    options, area, within = {}, None, bool(rng.random() < 0.3)
    kind = rng.choice(["box", "dateline", "polygon", "radius", "none"], p=[0.3, 0.2, 0.2, 0.2, 0.1])
    x, y = rng.uniform(-175, 175), rng.uniform(-75, 75)
    width, height = rng.uniform(0.5, 60), rng.uniform(0.5, 40)
    if kind == "box":
        west, south, east, north = x, y, min(180, x + width), min(90, y + height)
        options["bbox"], area = (west, south, east, north), box(west, south, east, north)
    elif kind == "dateline":
        west, east = 180 - rng.uniform(0.1, 20), -180 + rng.uniform(0.1, 20)
        options["bbox"] = (west, y, east, min(90, y + height))
        area = shapely.MultiPolygon(
            [box(west, y, 180, min(90, y + height)), box(-180, y, east, min(90, y + height))]
        )
    elif kind == "polygon":
        angles = np.sort(rng.uniform(0, 2 * np.pi, 7))
        radii = rng.uniform(0.2, 1, 7) * width / 2
        area = shapely.Polygon(
            np.column_stack([x + radii * np.cos(angles), y + radii * np.sin(angles)])
        )
        if not area.is_valid:  # no corner for half a turn
            return random_filter(rng)
        area = area.intersection(box(-180, -90, 180, 90))
        if area.geom_type != "Polygon":
            return random_filter(rng)
        options["polygon"] = shapely.geometry.mapping(area)
    elif kind == "radius":
        radius = rng.uniform(50, 2500)
        options |= {"near": (x, y), "radius_km": radius}
    if kind != "none" and within:
        options["within"] = True
    first, last = np.sort(rng.integers(2000, 2021, 2))
    dated = rng.random() < 0.5
    if dated:
        options["date"] = (str(first), str(last) if rng.random() < 0.8 else None)
    return options, area, kind == "radius"


def admits(archive, options, area, circle):
    """Which chips a filter must admit: `NO`, `YES`, or `EITHER` (n,)."""
    admitted = np.full(COUNT, YES)
    if circle:
        admitted = in_circle(archive, options)
    elif area is not None:
        test = shapely.covers if options.get("within") else shapely.intersects
        # A predicate of a missing shape is false.
        admitted = np.where(test(area, archive.shapes), YES, NO)
    if "date" in options:
        first, last = options["date"]
        # Comparisons with a date that is not there are false.
        inside = archive.dates >= np.datetime64(first, "us")
        if last:
            inside &= archive.dates < np.datetime64(str(int(last) + 1), "us")
        admitted = np.where(inside, admitted, NO)
    return admitted


def in_circle(archive, options):
    """By distances on the ellipsoid of points along the outlines, not sure near the rim."""
    lon, lat = options["near"]
    radius = options["radius_km"]
    far = kilometres(lon, lat, archive.middles)
    # A chip is at most 3·√2 degrees wide, 480 km. One without a place is NaN, and no candidate.
    candidates = far <= 1.01 * radius + 480
    owners = archive.owners[candidates[archive.owners]]
    distances = kilometres(lon, lat, archive.outlines[candidates[archive.owners]])
    numbers, starts = np.unique(owners, return_index=True)
    admitted = np.full(COUNT, NO)
    if not len(numbers):
        return admitted
    if options.get("within"):
        farthest = np.maximum.reduceat(distances, starts)
        sure, never = farthest < 0.99 * radius, farthest > 1.01 * radius
    else:
        nearest = np.minimum.reduceat(distances, starts)
        holds = shapely.covers(archive.shapes[numbers], shapely.Point(lon, lat))
        sure, never = (nearest < 0.99 * radius) | holds, nearest > 1.01 * radius
    admitted[numbers] = np.where(sure, YES, np.where(never, NO, EITHER))
    return admitted


def kilometres(lon, lat, points):
    ones = np.ones(len(points))
    return Geod(ellps="WGS84").inv(lon * ones, lat * ones, *points.T)[2] / 1000


def near_one(rng, embeddings, noise):
    """A query like a chip."""
    vector = embeddings[rng.integers(COUNT)] + noise * rng.standard_normal(
        embeddings.shape[1]
    ).astype(np.float32)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def test_a_thousand_random_filters(archive):
    rng = np.random.default_rng(1)
    kinds, short = set(), 0
    for _ in range(FILTERS):
        options, area, circle = random_filter(rng)
        vector = near_one(rng, archive.embeddings, 0.3)
        admitted = admits(archive, options, area, circle)
        scores = archive.embeddings @ vector
        exact = archive.index.search(like=[vector], k=K, overlap=None, exact=True, **options)
        found = archive.index.search(like=[vector], k=K, overlap=None, **options)
        given = [hit.id for hit in exact]
        if circle:
            # Between 0.99 and 1.01 of the radius the polygon decides; every other chip must be told
            # right.
            least = exact[-1].score if len(exact) == K else -2
            missing = archive.ids[(admitted == YES) & (scores > least)]
            assert set(missing.tolist()) <= set(given), options
        else:
            inside = np.flatnonzero(admitted == YES)
            expected = inside[np.argsort(-scores[inside], kind="stable")][:K]
            assert given == archive.ids[expected].tolist(), options
        assert len(found) == len(exact), f"the ANN index gives as many hits: {options}"
        for hit in (*exact, *found):
            assert admitted[archive.number[hit.id]] != NO, options
        kinds.add((circle, "polygon" in options, "date" in options))
        short += len(exact) < K
    assert len(kinds) >= 6
    assert 0 < short < FILTERS / 2, "some filters admit fewer than k"


def test_recall_of_the_ann_index_is_what_it_states(archive):
    index = archive.index
    ann = read_ann(index.store)
    rng = np.random.default_rng(2)
    recalls = []
    for _ in range(100):
        vector = near_one(rng, archive.embeddings, 0.1)
        exact = {hit.id for hit in index.search(like=[vector], exact=True, overlap=None)}
        found = {hit.id for hit in index.search(like=[vector], overlap=None)}
        recalls.append(len(exact & found) / K)
    assert np.mean(recalls) >= min(ann.recall.values()) - 0.05
    assert str(ann) in index.info()["search"]


def test_merging_fills_up_to_k_and_pages_fit_together(archive):
    index, vector = archive.index, archive.embeddings[7]
    for exact in (True, False):
        whole = index.search(like=[vector], k=60, overlap=0.2, exact=exact)
        assert len(whole) == 60
        pages = []
        for start in (0, 20, 40):
            pages += index.search(like=[vector], k=20, offset=start, overlap=0.2, exact=exact)
        assert [hit.id for hit in pages] == [hit.id for hit in whole]
