"""WKT and WKB from outside: what is deep is refused, where GEOS would end the process."""

import struct
import subprocess
import sys

import pytest
import shapely

from harma.errors import DataError, QueryError
from harma.index.area_texts import area_of_text
from harma.index.well_known import are_deep, is_deep, read_outlines, read_wkt
from harma.searches.mark_words import shape_of

POINT = shapely.to_wkb(shapely.Point(1, 2))
HOLDERS = (4, 5, 6, 7, 1007, 0x20000000 + 7, 0xA0000000 + 6, 10, 12)


def nested(kind, depth, order="<"):
    """A geometry of a kind in one of its kind, and so on."""
    header = struct.pack(f"{order}BI", order == "<", kind)
    if kind & 0x20000000:
        header += struct.pack(f"{order}I", 4326)
    return (header + struct.pack(f"{order}I", 1)) * depth + POINT


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", HOLDERS)
def test_deep_wkb_is_seen_whatever_holds_it(kind, order):
    assert is_deep(nested(kind, 200_000, order))
    assert not is_deep(nested(kind, 20, order))


def test_the_second_member_is_looked_at_as_the_first():
    collection = struct.pack("<BII", 1, 7, 2) + POINT + nested(1007, 5000)
    ring = shapely.to_wkb(shapely.Point(0, 0).buffer(1), output_dimension=3)
    behind_polygon = struct.pack("<BII", 1, 6, 2) + ring + nested(6, 5000)
    assert are_deep([collection, behind_polygon, None, b"", b"\x01", POINT]) == [
        *(True, True, False, False, False, False)
    ]


@pytest.mark.parametrize(
    "wkt",
    [
        "POINT Z (1 2 3)",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
        "GEOMETRYCOLLECTION (LINESTRING (0 0, 1 1), POLYGON EMPTY, MULTIPOINT (1 1, 2 2))",
    ],
)  # fmt: skip
def test_what_people_draw_is_read(wkt):
    geometry = read_wkt(wkt)
    for flavor in ("iso", "extended"):
        assert not is_deep(shapely.to_wkb(geometry, flavor=flavor, output_dimension=3))


@pytest.mark.parametrize("opening", ["GEOMETRYCOLLECTION(", "MULTIPOLYGON(((", "POLYGON(("])
def test_deep_wkt_is_an_error_of_area_and_mark(opening):
    with pytest.raises(
        QueryError, match=r"parentheses in one another; allowed are 100 \(set HARMA"
    ):
        area_of_text(opening * 100_000)
    assert shape_of(opening * 100_000)[1].startswith("its geometry cannot be read (the WKT has")
    assert shape_of(nested(7, 100_000)) == (None, "it holds too many collections")


def test_geos_would_end_the_process():
    # Where a later GEOS reads it, the walk is not needed any more.
    code = "import struct, shapely; shapely.from_wkb(struct.pack('<BII', 1, 7, 1) * 500_000)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode < 0


@pytest.mark.parametrize(
    "wkb",
    [
        shapely.to_wkb(shapely.box(0, 0, 1, 1))[:-1] + b"\xff",
        shapely.to_wkb(shapely.box(0, 0, 1, 1))[:20],
        b"x",
        b"\x01\x03\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff",
    ],
)
def test_outlines_of_a_damaged_index(wkb):
    good = shapely.to_wkb(shapely.Point(1, 2))
    assert read_outlines([good, None, b""]).tolist() == [shapely.Point(1, 2), None, None]
    with pytest.raises(DataError, match="^archive: the index is damaged: an outline in it is no"):
        read_outlines([good, wkb], "archive")
