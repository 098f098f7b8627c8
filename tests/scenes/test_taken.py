"""When a scene was taken, and what says so."""

from datetime import UTC, datetime

import pytest

from harma.scenes.period import Period
from harma.scenes.raster import open_scene
from harma.scenes.reading import Reading
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


# Read off the names; none of these files says in its metadata when it was taken.
REAL = {
    "1985.tif": "1985",
    "2020.tif": "2020",
    "m_4709963_se_14_1_20090818.tif": "2009-08-18",
    "m_4709963_se_14_1_20150926.tif": "2015-09-26",
    "m_4709963_se_14_1_20200831.tif": "2020-08-31",
    "5b90f92da0d7280005fab355_4310.tif": None,
    "L7_ETMs.tif": None,
    "OSBS_029.tif": None,
    "RGB.byte.tif": None,
    "cogeo.tif": None,
    "pix4d_alpha_nodata.tif": None,
}


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_real_files(shared_dir, name):
    with open_scene(str(shared_dir / "data" / "scenes" / name), survey=True) as scene:
        taken = scene.facts.taken
        assert (taken and taken.text) == REAL[name]
        assert scene.facts.date_from == ("its name" if REAL[name] else "")
