"""What is said of places."""

import pytest

from harma.index.placed import off_earth_line, places_said, unplaced_line
from harma.index.records import SourceRecord
from harma.scenes.unplaced import LOCAL, NO_CRS


def record(name, placed_by="", **values):
    return SourceRecord(name, 1, 2, "c", placed_by=placed_by, **values)


def test_nothing_is_said_where_all_have_places_of_their_own():
    assert places_said([record("a.tif"), record("b.tif")]) == {}
    assert places_said([]) == {}


def test_the_worst_of_each_kind_is_named():
    sources = [
        record("a.tif", "9 ground control points, affine, 0.4 pixels"),
        record("b.tif", "210 ground control points, thin-plate spline, 12.5 pixels"),
        record("c.tif", "25 ground control points, affine, 3.0 pixels"),
        record("d.tif", "rational polynomial coefficients at 100 m above the ellipsoid"),
        record("e.tif", "a stated reference system, EPSG:25832"),
        record("f.tif"),
    ]
    assert places_said(sources) == {
        "placed by": (
            "control points: 3 sources (210 ground control points, thin-plate spline, 12.5 pixels:"
            " b.tif); rational polynomial coefficients: 1 sources (rational polynomial coefficients"
            " at 100 m above the ellipsoid: d.tif); a stated reference system: 1 sources (a stated"
            " reference system, EPSG:25832: e.tif)"
        )
    }


def test_sources_without_a_place_are_counted_by_reason():
    sources = [record("a.tif", NO_CRS), record("b.tif", LOCAL), record("c.tif", NO_CRS)]
    said = places_said(sources)["without a place"]
    assert said == f"{unplaced_line(NO_CRS, ['a.tif', 'c.tif'])}; {unplaced_line(LOCAL, ['b.tif'])}"
    assert "2 sources have coordinates but no coordinate reference system" in said
    assert "--crs EPSG:…" in said


@pytest.mark.parametrize(
    ("chips", "expected"),
    [
        ({"a.tif": 12}, "12 chips left out: they do not lie on the Earth (a.tif)"),
        (
            {"a.tif": 1, "b.tif": 1200},
            "1,201 chips left out: they do not lie on the Earth (a.tif, …)",
        ),
    ],
)
def test_chips_off_the_earth(chips, expected):
    assert off_earth_line(chips) == expected
    sources = [record(name, num_off_earth=count) for name, count in chips.items()]
    assert places_said(sources) == {"not on the Earth": expected}
