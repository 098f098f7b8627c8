"""Items as sources: dates, sensors, properties; what a person's query and a stranger may say."""

from datetime import UTC, datetime

import pytest
from tests.scenes.catalogues.conftest import WHEN, band

from harma.scenes.catalogues.items import Document, is_plain, moment_of, sensor_of, source_of
from harma.scenes.period import Period

HERE = Document("/data/items.json", "/data/items.json")
THERE = Document("https://x.org/v1/items.json?sig=secret", "https://x.org/v1/items.json?sig=secret")


def test_a_range_is_a_period(item):
    start, end = datetime(2021, 6, 1, tzinfo=UTC), datetime(2021, 6, 30, 23, tzinfo=UTC)
    for when in (None, WHEN):
        made = item(when=when, start=start, end=end).to_dict()
        assert source_of(made, HERE).taken == Period(start, end)


def test_an_item_without_a_date():
    made = {"id": "a", "assets": {"visual": {"href": "a.tif"}}, "properties": {"datetime": None}}
    source = source_of(made, HERE)
    assert (source.taken, source.date_from, source.problem) == (None, "", "")


def test_moments():
    noon = datetime(2021, 6, 3, 12, tzinfo=UTC)
    for text in ("2021-06-03T12:00:00Z", "2021-06-03T14:00:00+02:00", "2021-06-03T12:00:00.000Z"):
        assert moment_of(text) == noon
    assert moment_of(datetime(2021, 6, 3, 12)) == noon
    assert moment_of("") is moment_of(None) is None


@pytest.mark.parametrize(
    ("said", "sensor"),
    [
        ({"platform": "sentinel-2b", "constellation": "sentinel-2"}, "sentinel-2"),
        ({"platform": "Sentinel-1A", "instruments": ["c-sar"]}, "sentinel-1"),
        ({"platform": "landsat-9", "instruments": ["oli", "tirs"]}, "landsat-8"),
        ({"platform": "LANDSAT_8"}, "landsat-8"),
        ({"platform": "landsat-5", "instruments": ["tm"]}, "landsat-7"),
        ({"instruments": ["PS2"], "constellation": "planetscope"}, "planetscope"),
        ({"platform": "WorldView-3"}, "worldview"),
        ({"platform": "drone"}, ""),
        ({"platform": 5, "instruments": None}, ""),
    ],
)
def test_sensors(said, sensor):
    assert sensor_of(said, "") == sensor


def test_sensors_by_collection():
    assert sensor_of({}, "naip") == "naip"
    assert sensor_of({"platform": "landsat-8"}, "HLSL30.v2.0") == "hls"


def test_bands_of_several_files_become_parts(item):
    colors = {c: (f"./bands/{c}.tif", {"eo:bands": [band(c)]}) for c in ("blue", "green", "red")}
    source = source_of(item("a", colors).to_dict(), HERE)
    assert source.name == "/data/bands/red.tif"
    assert [part.path for part in source.parts] == [
        f"/data/bands/{color}.tif" for color in ("red", "green", "blue")
    ]
    assert source.files == tuple(part.path for part in source.parts)
    source = source_of(item("a", colors).to_dict(), THERE)
    assert source.name == "https://x.org/v1/bands/red.tif"
    assert source.parts[2].path == "/vsicurl/https://x.org/v1/bands/blue.tif"
    assert source.files == ()


def test_an_item_that_cannot_be_used_is_named_and_keeps_no_secret(item):
    made = item("odd", {"x": ("x.tif", {"roles": ["mask"]})}).to_dict()
    source = source_of(made, THERE)
    assert source.name == "https://x.org/v1/items.json#odd"
    assert source.problem.startswith("none of its assets (x) is said to be a picture")
    for values in ({"id": "odd"}, {"id": "odd", "assets": {"a": 5}}, {"id": "odd", "assets": []}):
        assert source_of(values, THERE).problem
    made = item("odd").to_dict()
    made["properties"]["datetime"] = "yesterday"
    assert "cannot be read (Invalid isoformat string" in source_of(made, HERE).problem


def test_the_item_says_where_it_is(item):
    made = item("a").to_dict()
    made["links"] = [{"rel": "self", "href": "https://y.org/collections/c/items/a"}]
    assert source_of(made, THERE).name == "https://y.org/collections/c/items/a.tif"
    # Saved here, together with its files.
    assert source_of(made, HERE).name == "/data/a.tif"


def test_properties_that_make_columns(item):
    made = item("a", **{"eo:cloud_cover": 3, "is_good": True, "grid:code": "MGRS-31UDQ"}).to_dict()
    made["collection"] = "sentinel-2-l2a"
    made["properties"] |= {
        "proj:shape": [1, 2],
        "long": "x" * 300,
        "none": None,
        "nan": float("nan"),
    }
    assert source_of(made, HERE).properties == (
        ("stac_id", "a"),
        ("collection", "sentinel-2-l2a"),
        ("eo:cloud_cover", 3.0),
        ("is_good", True),
        ("grid:code", "MGRS-31UDQ"),
    )
    assert not is_plain(float("inf"))
