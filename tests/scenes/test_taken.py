"""When a scene was taken, and what says so."""

from datetime import UTC, datetime

import pytest

from harma.scenes.period import Period
from harma.scenes.raster import Reading, open_scene
from harma.scenes.taken import Taken, agreed, taken_of

SUMMER = Period.day(datetime(2019, 7, 1, tzinfo=UTC))
AUTUMN = Period.day(datetime(2019, 10, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "tags", "pattern", "expected"),
    [
        ("/a/x_20190701.tif", {}, None, (SUMMER, "its name")),
        ("/20191001/x_20190701.tif", {}, None, (SUMMER, "its name")),
        ("/20191001/x.tif", {}, None, (AUTUMN, "a folder's name")),
        ("/a/x_20190701.tif", {"DATE": "2019-10-01"}, None, (AUTUMN, "its metadata (DATE)")),
        ("/a/x_20190701.tif", {"DATE": "2019"}, None, (SUMMER, "its name")),
        ("/20190701/x.tif", {"DATE": "2019-07"}, None, (SUMMER, "a folder's name")),
        ("/a/x_20190701.tif", {"DATE": "2019-10-01"}, r"%Y%m%d", (SUMMER, "date_from (%Y%m%d)")),
        ("/a/x.tif", {"DATE": "2019-10-01"}, r"%Y%m%d", (AUTUMN, "its metadata (DATE)")),
        ("/a/x_01.tif", {}, None, (None, "")),
        ("<VRTDataset><!-- 20190701 --></VRTDataset>", {}, None, (None, "")),
        (
            "/a/x_20191301.tif",
            {"DATE": "2019-10-01"},
            r"_(\d{8})",
            (None, r"no date: date_from (_(\d{8})) finds '20191301', which is none"),
        ),
    ],
)
def test_the_order_of_what_says_it(name, tags, pattern, expected):
    assert taken_of(name, tags, pattern) == expected


def test_opened_scenes_say_when_and_from_what(make_raster):
    path = str(make_raster("a_20190701.tif"))
    with open_scene(path) as scene:
        assert (scene.facts.taken, scene.facts.date_from) == (SUMMER, "its name")
    with open_scene(path, name="/elsewhere/b_20191001.tif") as scene:
        assert (scene.facts.taken, scene.facts.date_from) == (AUTUMN, "its name")
    with open_scene(path, Reading(date_from="a_%Y"), survey=True) as scene:
        assert scene.facts.taken == Period.year(datetime(2019, 1, 1, tzinfo=UTC))


def test_the_more_exact_one_of_two_that_agree():
    year = Taken(Period.year(datetime(2019, 1, 1, tzinfo=UTC)), "a list (a.csv)")
    day = Taken(SUMMER, "its name")
    other = Taken(AUTUMN, "a list (a.csv)")
    nothing = Taken(None, "")
    assert agreed(year, day) == day
    assert agreed(day, year) == day
    assert agreed(other, day) == other
    assert agreed(nothing, day) == day
    assert agreed(day, nothing) == day
    assert agreed(Taken(SUMMER, "a list (a.csv)"), day).date_from == "a list (a.csv)"
