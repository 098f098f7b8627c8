"""Lists that name scenes."""

from datetime import UTC, datetime

import pytest

from harma.errors import ConfigError, DataError
from harma.scenes.period import TICK, Period
from harma.scenes.scene_lists import Listed, read_list

DATE = Period.day(datetime(2015, 9, 26, tzinfo=UTC))


@pytest.fixture
def write(tmp_path):
    def make(name, text):
        (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return tmp_path / name

    return make


def test_a_line_for_each_scene(write):
    path = write("a.txt", "\ufeff# comment\n  b.tif \n\nhttps://x.org/c.tif\n#d.txt\n")
    assert read_list(path) == [Listed("b.tif"), Listed("https://x.org/c.tif")]


@pytest.mark.parametrize("column", ["path", "Source", " FILE ", "filename", "image", "filepath"])
@pytest.mark.parametrize("date_column", ["datetime", "Date"])
def test_a_table(write, column, date_column):
    path = write(
        "a.CSV", f'id,{date_column},{column}\n1,2015-09-26,b.tif\n2,,c.tif\n3, ,"d, e.tif"\n'
    )
    assert read_list(path) == [Listed("b.tif", DATE), Listed("c.tif"), Listed("d, e.tif")]


def test_the_first_of_several_columns_counts(write):
    path = write("a.csv", "image,path,date,datetime\nx.png,b.tif,2001,2015-09-26\n")
    assert read_list(path) == [Listed("b.tif", DATE)]


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        (
            "a.txt",
            "# nothing\n",
            DataError,
            "a.txt names nothing; write a path or address per line",
        ),
        ("a.txt", "b.tif\nother.CSV\n", DataError, "a.txt names another list, other.CSV; a list"),
        ("a.txt", b"\xff\xfe", DataError, "a.txt is not UTF-8 text"),
        (
            "a.csv",
            "x,y\n1,2\n",
            DataError,
            "a.csv has the columns x, y; one must be called path or",
        ),
        ("a.csv", "", DataError, "a.csv has the columns none; one must be called path or source"),
        ("a.csv", "path\n", DataError, "a.csv has no rows"),
        ("a.csv", "path,date\nb,soon\n", ConfigError, "a.csv line 2: date is 'soon'; write"),
        ("a.csv", "x,path\n1,b\n2\n", DataError, "a.csv line 3: path is empty; name a scene"),
        ("a.csv", "path\nb.txt\n", DataError, "a.csv line 2: path is the list b.txt; name a scene"),
        (
            "a.csv",
            f"path\n{'x' * 140_000}\n",
            DataError,
            r"a.csv line \d is not CSV \(field larger",
        ),
    ],
)
def test_lists_that_cannot_be_used(write, name, text, error, message):
    with pytest.raises(error, match=message):
        read_list(write(name, text))


@pytest.mark.parametrize(
    ("columns", "cells", "first", "last"),
    [
        ("datetime", "2018-07-01/2018-07-31", (2018, 7, 1), (2018, 8, 1)),
        ("date", "2018-07", (2018, 7, 1), (2018, 8, 1)),
        ("date", "2018", (2018, 1, 1), (2019, 1, 1)),
        ("start_datetime,end_datetime", "2018-07-01,2018-07-31", (2018, 7, 1), (2018, 8, 1)),
        ("datetime,datetime_end", "2018-07,2018-09", (2018, 7, 1), (2018, 10, 1)),
        ("end_date,start_date", "2018-09,2018-07", (2018, 7, 1), (2018, 10, 1)),
        ("acquired,end_date", "2018-07-01,", (2018, 7, 1), (2018, 7, 2)),
        # as tables of STAC items have them
        ("datetime,start_datetime,end_datetime", ",2018-07,2018-08", (2018, 7, 1), (2018, 9, 1)),
        (
            "datetime,start_datetime,end_datetime",
            "2018-07-15,2018-07,2018-08",
            (2018, 7, 1),
            (2018, 9, 1),
        ),
        (
            "datetime,start_datetime,end_datetime",
            "2018-07-15,2018-07,",
            (2018, 7, 15),
            (2018, 7, 16),
        ),
    ],
)
def test_periods_in_a_list(write, columns, cells, first, last):
    path = write("a.csv", f"path,{columns}\nb.tif,{cells}\n")
    (listed,) = read_list(path)
    assert listed.taken.start == datetime(*first, tzinfo=UTC)
    assert listed.taken.end + TICK == datetime(*last, tzinfo=UTC)


def test_an_end_alone_and_one_before_the_start(write):
    path = write("a.csv", "path,end_date\nb.tif,2018\n")
    assert read_list(path) == [Listed("b.tif")]
    path = write("a.csv", "path,start_date,end_date\nb.tif,2018,2017\n")
    with pytest.raises(ConfigError, match="line 2: end_date is before start_date"):
        read_list(path)
