"""Random filters against brute force, compared one by one and by the ANN index."""

from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from pyproj import Geod
from shapely.geometry import box
from tests.index.made import all_rows, make_store

from harma.index import ann_tuning
from harma.index.ann import read_ann
from harma.index.ann_tuning import make_ann
from harma.index.index import Index

COUNT, FILTERS, K = 6000, 1000, 10


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """An index of made vectors with an ANN index, its rows, and its embeddings."""
    store = make_store(tmp_path_factory.mktemp("made") / "index", COUNT)
    patch = pytest.MonkeyPatch()
    patch.setattr(ann_tuning, "LADDER", ((2, 5), (8, 20)))
    assert make_ann(store, None, wanted=0.9) is not None
    patch.undo()
    rows = all_rows(store)
    embeddings = np.array([row.pop("embedding") for row in rows], dtype=np.float32)
    shapes = np.array(
        [shapely.from_wkb(row["geometry"]) if row["geometry"] else None for row in rows],
        dtype=object,
    )
    return Index(store), rows, embeddings, shapes


def random_filter(rng):
    """Options of a search, and which chips they admit by brute force: shapes → mask, rows → mask."""
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


def admits(options, area, rows, shapes, circle):
    """Which chips a filter must admit: True, False, or None where a circle's polygon may decide either way."""
    if circle:
        mask = [_in_circle(shape, options) for shape in shapes]
    elif area is not None:
        test = area.covers if options.get("within") else area.intersects
        mask = [shape is not None and test(shape) for shape in shapes]
    else:
        mask = [True] * len(rows)
    if "date" in options:
        first, last = options["date"]
        start = datetime(int(first), 1, 1, tzinfo=UTC)
        end = (
            datetime(int(last) + 1, 1, 1, tzinfo=UTC) if last else datetime.max.replace(tzinfo=UTC)
        )
        inside = [row["datetime"] is not None and start <= row["datetime"] < end for row in rows]
        mask = [m if i else False for m, i in zip(mask, inside, strict=True)]
    return mask


def _in_circle(shape, options):
    """By distances on the ellipsoid of points along the outline: sure, or None near the circle's edge."""
    if shape is None:
        return False
    lon, lat = options["near"]
    x, y = (
        shape.centroid.coords[0]
        if shape.geom_type == "Polygon"
        else shape.geoms[0].centroid.coords[0]
    )
    far = Geod(ellps="WGS84").inv(lon, lat, x, y)[2] / 1000
    radius = options["radius_km"]
    # A chip is at most 3·√2 degrees wide, 480 km: clear cases only, the rest is between.
    if far > 1.01 * radius + 480:
        return False
    outline = [
        p
        for part in getattr(shape, "geoms", [shape])
        for p in part.segmentize(0.05).exterior.coords
    ]
    lons, lats = np.array(outline).T
    ones = np.ones(len(lons))
    distances = Geod(ellps="WGS84").inv(lon * ones, lat * ones, lons, lats)[2] / 1000
    if options.get("within"):
        return (
            True
            if distances.max() < 0.99 * radius
            else False
            if distances.max() > 1.01 * radius
            else None
        )
    if distances.min() < 0.99 * radius:
        return True
    holds = shape.covers(shapely.Point(lon, lat))
    return True if holds else False if distances.min() > 1.01 * radius else None


def test_a_thousand_random_filters(archive):
    index, rows, embeddings, shapes = archive
    rng = np.random.default_rng(1)
    ids = [row["id"] for row in rows]
    number = {chip: i for i, chip in enumerate(ids)}
    kinds, short = set(), 0
    for _ in range(FILTERS):
        options, area, circle = random_filter(rng)
        vector = embeddings[rng.integers(COUNT)] + 0.3 * rng.standard_normal(
            embeddings.shape[1]
        ).astype(np.float32)
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        mask = admits(options, area, rows, shapes, circle)
        scores = embeddings @ vector
        exact = index.search(like=[vector], k=K, overlap=None, exact=True, **options)
        if circle:
            # Between 0.99 and 1.01 of the radius the polygon decides; every other chip must be told
            # right.
            sure = [i for i, m in enumerate(mask) if m]
            assert all(mask[number[hit.id]] is not False for hit in exact)
            missing = [i for i in sure if scores[i] > (exact[-1].score if len(exact) == K else -2)]
            assert {ids[i] for i in missing} <= {hit.id for hit in exact}
        else:
            expected = sorted(np.flatnonzero(mask), key=lambda i: -scores[i])[:K]
            assert [hit.id for hit in exact] == [ids[i] for i in expected], options
        found = index.search(like=[vector], k=K, overlap=None, **options)
        assert len(found) == len(exact), f"the ANN index gives as many hits: {options}"
        assert all(mask[number[hit.id]] is not False for hit in found)
        kinds.add((circle, "polygon" in options, "date" in options))
        short += len(exact) < K
    assert len(kinds) >= 6
    assert 0 < short < FILTERS / 2, "some filters admit fewer than k"


def test_recall_of_the_ann_index_is_what_it_states(archive):
    index, _, embeddings, _ = archive
    ann = read_ann(index.store)
    rng = np.random.default_rng(2)
    found = []
    for _ in range(100):
        vector = embeddings[rng.integers(COUNT)] + 0.1 * rng.standard_normal(
            embeddings.shape[1]
        ).astype(np.float32)
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        exact = {hit.id for hit in index.search(like=[vector], exact=True, overlap=None)}
        found.append(len(exact & {hit.id for hit in index.search(like=[vector], overlap=None)}) / K)
    assert np.mean(found) >= min(ann.recall.values()) - 0.05
    assert str(ann) in index.info()["search"]


def test_merging_fills_up_to_k_and_pages_fit_together(archive):
    index, _, embeddings, _ = archive
    vector = embeddings[7]
    for exact in (True, False):
        whole = index.search(like=[vector], k=60, overlap=0.2, exact=exact)
        assert len(whole) == 60
        pages = [
            index.search(like=[vector], k=20, offset=start, overlap=0.2, exact=exact)
            for start in (0, 20, 40)
        ]
        assert [hit.id for page in pages for hit in page] == [hit.id for hit in whole]
