"""Change between dates."""

from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from tests.index.made import chip

from harma.errors import QueryError
from harma.index.index import Index
from harma.index.settings import Settings
from harma.index.store import Store
from harma.scenes.raster import Reading
from harma.scenes.windows import Tiling

ASKED = np.array([1, 0, 0, 0], dtype=np.float32)


def vector(score):
    """A unit vector whose cosine with what is asked for is `score`."""
    return [score, np.sqrt(1 - score**2), 0, 0]


@pytest.fixture
def index(tmp_path):
    """Three places over three years: (place, year, score), and chips without place or date."""
    store = Store.create(
        tmp_path / "i", Settings("none", None, "made", 4, Tiling(), Reading(), 0.5)
    )
    seen = [
        (0, 2009, 0.1),
        (0, 2015, 0.3),
        (0, 2020, 0.9),
        (1, 2009, 0.8),
        (1, 2015, 0.8),
        (1, 2020, 0.85),
        (2, 2009, 0.2),
        (2, 2015, 0.6),
        (2, 2020, 0.5),
        (3, 2020, 1.0),  # not seen before
        (None, 2009, 0.0),
        (None, 2020, 1.0),
        (4, None, 1.0),
    ]
    rows = []
    for place, year, _ in seen:
        footprint = shapely.box(place, 50, place + 0.9, 50.9) if place is not None else None
        bounds = footprint.bounds if footprint is not None else (None,) * 4
        rows.append(
            chip(
                **{
                    "id": f"{place}_{year}",
                    "geometry": shapely.to_wkb(footprint) if footprint is not None else None,
                    **dict(zip(("xmin", "ymin", "xmax", "ymax"), bounds, strict=True)),
                    "datetime": datetime(year, 6, 1, tzinfo=UTC) if year else None,
                    "source": f"{year}.tif",
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
            )
        )
    store.add_chips(rows, np.array([vector(score) for *_, score in seen], dtype=np.float32))
    return Index(store)


def found(hits):
    return [(hit.id, hit.then.id, round(hit.change, 2)) for hit in hits]


def test_the_largest_gain_comes_first(index):
    hits = index.search(like=[ASKED], before="2009", after="2020")
    assert found(hits) == [
        ("0_2020", "0_2009", 0.8),
        ("2_2020", "2_2009", 0.3),
        ("1_2020", "1_2009", 0.05),
    ]
    assert hits[0].score == pytest.approx(0.9, abs=1e-3)
    assert hits[0].then.score == pytest.approx(0.1, abs=1e-3)
    assert hits[0].properties()["then_id"] == "0_2009"


def test_the_latest_earlier_scene_is_compared(index):
    hits = index.search(like=[ASKED], before="2016", after="2019")
    assert found(hits) == [
        ("0_2020", "0_2015", 0.6),
        ("1_2020", "1_2015", 0.05),
        ("2_2020", "2_2015", -0.1),
    ]


def test_later_scenes_of_a_place_merge_to_the_best(index):
    hits = index.search(like=[ASKED], before="2009", after="2010")
    assert found(hits) == [
        ("0_2020", "0_2009", 0.8),
        ("2_2015", "2_2009", 0.4),
        ("1_2020", "1_2009", 0.05),
    ]
    assert len(index.search(like=[ASKED], before="2009", after="2010", overlap=None)) == 6


def test_filters_pages_and_dates_with_days(index):
    assert found(index.search(like=[ASKED], before="2009", after="2020", bbox=(1.5, 50, 2.5, 51)))[
        0
    ][0] in (
        "2_2020",
        "1_2020",
    )
    assert (
        found(index.search(like=[ASKED], before="2009", after="2020", k=1, offset=1))[0][0]
        == "2_2020"
    )
    assert index.search(like=[ASKED], before="2009-06-01", after="2020-06-01")
    with pytest.raises(QueryError, match="no chip with a place and a date before 2009-05-31"):
        index.search(like=[ASKED], before="2009-05-31", after="2020")


def test_an_object_at_the_edge_of_a_chip_is_no_change(tmp_path):
    """Of several earlier chips that show the place, the one that matches best is compared."""
    store = Store.create(
        tmp_path / "i", Settings("none", None, "made", 4, Tiling(), Reading(), 0.5)
    )
    places = [("a", 2010, 0.0, 0.2), ("b", 2010, 0.3, 0.7), ("now", 2020, 0.1, 0.8)]
    rows = []
    for name, year, west, _ in places:
        rows.append(
            chip(
                **{
                    "id": name,
                    "geometry": shapely.to_wkb(shapely.box(west, 0, west + 1, 1)),
                    "xmin": west,
                    "ymin": 0.0,
                    "xmax": west + 1,
                    "ymax": 1.0,
                    "datetime": datetime(year, 1, 1, tzinfo=UTC),
                    "source": f"{year}",
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
            )
        )
    store.add_chips(rows, np.array([vector(score) for *_, score in places], dtype=np.float32))
    assert found(Index(store).search(like=[ASKED], before="2010", after="2020")) == [
        ("now", "b", 0.1)
    ]


@pytest.mark.parametrize(("east", "north"), [(0.375, 0.3125), (0.5, 0.5), (0.0, 0.0)])
def test_grids_that_do_not_line_up_are_compared(tmp_path, east, north):
    store = Store.create(
        tmp_path / "i", Settings("none", None, "made", 4, Tiling(), Reading(), 0.5)
    )
    rows = []
    for year, dx, dy in ((2010, 0, 0), (2020, east, north)):
        for x in range(4):
            for y in range(4):
                place = shapely.box(x + dx, y + dy, x + dx + 1, y + dy + 1)
                rows.append(
                    chip(
                        **{
                            "id": f"{year}_{x}{y}",
                            "geometry": shapely.to_wkb(place),
                            **dict(
                                zip(("xmin", "ymin", "xmax", "ymax"), place.bounds, strict=True)
                            ),
                            "datetime": datetime(year, 1, 1, tzinfo=UTC),
                            "source": f"{year}",
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
                    )
                )
    store.add_chips(rows, np.tile(np.array([vector(0.5)], dtype=np.float32), (32, 1)))
    assert len(Index(store).search(like=[ASKED], before="2010", after="2020", k=50)) >= 9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"before": "2010"}, "before and after together look for change: give both"),
        ({"after": "2010"}, r"give date \(--since, --until\)"),
        ({"before": "2020", "after": "2010"}, "the first must be the earlier one"),
        ({"before": "2000", "after": "2010"}, "no chip with a place and a date before"),
        ({"before": "2010", "after": "2030"}, "no chip with a place and a date after"),
        ({"before": "soon", "after": "2030"}, "before is 'soon'"),
        ({"before": "2010", "after": "2019", "bbox": (100, 0, 101, 1)}, "a change needs both"),
    ],
)
def test_what_cannot_be_compared(index, options, message):
    with pytest.raises(QueryError, match=message):
        index.search(like=[ASKED], **options)
