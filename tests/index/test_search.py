"""Exact search."""

import numpy as np
import pytest
import shapely
from tests.index.made import all_rows, chip, made_settings

from harma.errors import HarmaError, NotFoundError, QueryError
from harma.index.ann import Ann, write_ann
from harma.index.ask import Chip
from harma.index.background import background_of
from harma.index.index import Index
from harma.index.records import SHOWN_COLUMNS, ShownChip
from harma.index.refine import refine
from harma.index.schema import BOX_COLUMNS
from harma.index.search import best_of
from harma.index.shown import chips_of
from harma.index.store import Store


@pytest.fixture
def index(write_scenes, build_index, model, tmp_path):
    write_scenes(tmp_path / "scenes", 6)
    build_index(tmp_path / "scenes")
    return Index.open(tmp_path / "index", model=model[0])


@pytest.fixture
def table(index):
    """All rows, with their embeddings as an array."""
    rows = all_rows(index.store)
    return rows, np.array([row["embedding"] for row in rows], dtype=np.float32)


def test_the_best_come_first(index, table, model):
    rows, embeddings = table
    scores = embeddings @ model[0].embed_texts(["a river"])[0]
    expected = [rows[i]["id"] for i in np.argsort(-scores, kind="stable")[:7]]
    hits = index.search("a river", expand="off", k=7)
    assert [hit.id for hit in hits] == expected
    assert [hit.score for hit in hits] == pytest.approx(sorted(scores, reverse=True)[:7], abs=1e-5)
    assert hits[0].geometry.is_valid


def test_pages_fit_together(index):
    assert [h.id for h in index.search("a road", k=9)] == [
        h.id for offset in (0, 3, 6) for h in index.search("a road", k=3, offset=offset)
    ]
    assert len(index.search("a road", k=1000)) == 54
    assert index.search("a road", offset=54) == []


def test_a_chip_finds_itself_and_marks_refine_it(index, table):
    rows, embeddings = table
    chip, other = rows[10], rows[30]
    assert index.search(like=[Chip(chip["id"])])[0].id == chip["id"]
    hits = index.search(like=[Chip(chip["id"])], unlike=[Chip(other["id"], 0.3)], k=54)
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    background = background_of(embeddings)
    weights = np.array([0.3])
    expected = refine(None, unit[10:11], unit[30:31], background, bad_weights=weights)
    scores = sorted(embeddings @ expected, reverse=True)
    assert [hit.score for hit in hits] == pytest.approx(scores, abs=1e-4)


def test_random_filters_against_brute_force(index, table, model):
    rows, embeddings = table
    scores = embeddings @ model[0].embed_texts(["trees"])[0]
    footprints = [shapely.from_wkb(row["geometry"]) for row in rows]
    west, south, east, north = shapely.union_all(footprints).bounds
    rng = np.random.default_rng(0)
    for _ in range(60):
        x, y = np.sort(rng.uniform(west, east, 2)), np.sort(rng.uniform(south, north, 2))
        area = shapely.box(x[0], y[0], x[1], y[1])
        first, last = sorted(rng.integers(2009, 2017, 2))
        within = bool(rng.random() < 0.3)
        wanted = [
            i
            for i, row in enumerate(rows)
            if (area.covers(footprints[i]) if within else area.intersects(footprints[i]))
            and first <= row["datetime"].year <= last
        ]
        expected = {rows[i]["id"] for i in sorted(wanted, key=lambda i: -scores[i])[:5]}
        options = {
            "bbox": (x[0], y[0], x[1], y[1]),
            "date": (str(first), str(last)),
            "within": within,
        }
        assert {hit.id for hit in index.search("trees", expand="off", k=5, **options)} == expected


def test_what_cannot_be_searched(index):
    for options, message in (
        ({}, "there is nothing to look for"),
        ({"text": " "}, "the text to look for is empty"),
        ({"unlike": ["a road"]}, "there is nothing to look for"),
        ({"text": "a", "k": 0}, "k must be 1 or more"),
        ({"text": "a", "where": "nonsense > 1"}, "the condition .* cannot be used"),
        ({"like": [("a road", -1.0)]}, "must be greater than 0"),
        ({"like": [np.zeros(16)]}, "zero or not finite"),
        ({"like": [np.ones(3, dtype=np.float32)]}, "has 3 numbers, the index's embeddings 16"),
        ({"text": "a", "date": ("2015", 2016)}, "date is 2016"),
        ({"text": "a road", "unlike": [("a road", 1.0)]}, "cancel out"),
    ):
        with pytest.raises(QueryError, match=message):
            index.search(**options)


def test_a_chip_that_is_not_there(index):
    with pytest.raises(NotFoundError, match="there is no chip 'none' in the index"):
        index.search(like=[Chip("none")])


def test_an_image_is_never_a_text(index, tmp_path):
    for name in ("photo", "missing.heic", str(tmp_path / "x.jp2")):
        with pytest.raises(HarmaError, match="is not there"):
            index.search(image=name)
    assert index.search("a road", date=(None, "9999-12-31"))


@pytest.mark.parametrize("with_ann", [False, True])
def test_many_chips_of_one_place_do_not_hide_the_others(tmp_path, with_ann):
    """Of 100 chips of one place one is a hit; the search goes on until there are three."""
    store = Store.create(tmp_path / "i", made_settings(8))
    scores = np.concatenate([np.linspace(0.99, 0.9, 100), np.linspace(0.5, 0.1, 5)])
    vectors = np.zeros((105, 8), dtype=np.float32)
    vectors[:, 0] = scores
    vectors[:, 1] = np.sqrt(1 - scores**2)
    places = [0] * 100 + [10, 20, 30, 40, 50]
    chips = [
        chip(id=f"{number:03d}", geometry=shapely.to_wkb(shapely.box(west, 0, west + 1, 1)))
        for number, west in enumerate(places)
    ]
    store.add_chips(chips, vectors)
    if with_ann:
        store.create_ann("IVF_FLAT", 16)
        write_ann(store, Ann("IVF_FLAT", 16, 20, 4, 105, {"image": 1.0}, 1.0))
    hits = Index(store).search(like=[np.eye(8, dtype=np.float32)[0]], k=3)
    assert [hit.id for hit in hits] == ["000", "100", "101"]
    hits = Index(store).search(like=[np.eye(8, dtype=np.float32)[0]], k=200)
    assert [hit.id for hit in hits] == ["000", "100", "101", "102", "103", "104"]


@pytest.mark.parametrize("count", [6, 60])
def test_equal_scores_come_in_the_order_of_their_ids(count):
    """Also where there are so many that the worst are left out first."""
    ids = np.arange(count)[::-1].copy()
    scores = np.where(ids % 2 == 0, 0.5, 0.9).astype(np.float32)
    best, given = best_of(ids, scores, 5)
    assert best.tolist() == [1, 3, 5, *([0, 2] if count == 6 else [7, 9])]
    assert given.tolist() == scores[::-1][best].tolist()


def test_an_area_of_bad_matches_is_looked_through_whole(tmp_path):
    """The nearest chips of the whole index hold none of it: the filter of the ANN index must."""
    store = Store.create(tmp_path / "i", made_settings(8))
    count, inside = 4000, 1600
    angles = np.concatenate([np.linspace(1.0, 1.5, inside), np.linspace(0.0, 0.5, count - inside)])
    vectors = np.zeros((count, 8), dtype=np.float32)
    vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
    sides = (dict(zip(BOX_COLUMNS, (west, 0, west + 1, 1), strict=True)) for west in (0, 50))
    near, far = (
        {**side, "geometry": shapely.to_wkb(shapely.box(*side.values()))} for side in sides
    )
    chips = [chip(id=f"{n:04d}", **(near if n < inside else far)) for n in range(count)]
    store.add_chips(chips, vectors)
    store.create_ann("IVF_FLAT", 16)
    write_ann(store, Ann("IVF_FLAT", 16, 20, 4, count, {"image": 1.0}, 1.0))
    index, vector = Index(store), np.eye(8, dtype=np.float32)[0]
    hits = index.search(like=[vector], bbox=(-1, -1, 2, 2), overlap=None)
    exact = index.search(like=[vector], bbox=(-1, -1, 2, 2), overlap=None, exact=True)
    assert [hit.id for hit in exact[:3]] == ["0000", "0001", "0002"]
    assert len(hits) == 10
    assert {hit.id for hit in hits} <= {f"{n:04d}" for n in range(inside)}


def test_chips_that_lie_only_in_the_box_around_an_area_are_passed_over(tmp_path):
    """Of seven chips, the best first, the third, the fifth and the sixth lie in the triangle."""
    store = Store.create(tmp_path / "i", made_settings(8))
    scores = np.linspace(0.9, 0.3, 7)
    vectors = np.zeros((7, 8), dtype=np.float32)
    vectors[:, 0], vectors[:, 1] = scores, np.sqrt(1 - scores**2)
    chips = []
    for number in range(7):
        west, south = (1, 1) if number in (2, 4, 5) else (8, 8)
        sides = (west, south, west + 1, south + 1)
        place = {**dict(zip(BOX_COLUMNS, sides, strict=True)), "geometry": shapely.box(*sides).wkb}
        chips.append(chip(id=f"{number}", **place))
    store.add_chips(chips, vectors)
    triangle = shapely.Polygon([(0, 0), (10, 0), (0, 10)])
    for k, expected in ((1, "2"), (2, "24"), (3, "245"), (9, "245")):
        vector = np.eye(8, dtype=np.float32)[0]
        hits = Index(store).search(like=[vector], polygon=triangle, k=k, overlap=None)
        assert "".join(hit.id for hit in hits) == expected


def test_chips_of_a_table_are_its_rows(table, index):
    shown = index.store.rows(SHOWN_COLUMNS).select(SHOWN_COLUMNS)
    chips = chips_of(shown)
    assert chips == [ShownChip(**row) for row in shown.to_pylist()]
    assert chips[0].source is chips[1].source, "one text for all chips of a scene"
    assert chips_of(shown.slice(0, 0)) == []
