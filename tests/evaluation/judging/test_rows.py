"""Rows become queries: one question an id, each name judged once, pictures and dates checked."""

from pathlib import Path

import pytest

from harma.errors import DataError, MissingFileError, QueryError
from harma.evaluation.judging.rows import Asking, Judgment, Wanted, gathered_queries

ROAD = Wanted("a road")


def row(line, asked, name="a", grade=1, query="q"):
    return Judgment(line, query, asked, name, grade)


@pytest.fixture
def gather(tmp_path):
    """Queries of rows, of a file in `tmp_path`."""

    def gathered(*rows):
        called = {row.name: row.name for row in rows}
        return gathered_queries(tmp_path / "j.csv", rows, called, Asking())

    return gathered


def test_rows_of_one_id_are_one_query(gather, tmp_path):
    (tmp_path / "x.png").touch()
    asked = Wanted("a road", unlike="a river", image="x.png")
    (query, other) = gather(
        row(2, asked, "a", 2), row(3, Wanted(), "b", 0), row(4, ROAD, "a", query="z")
    )
    assert query.relevance == {"a": 2, "b": 0}
    assert query.query.text == "a road"
    assert query.query.unlike == ["a river"]
    # From the folder of the file, wherever the command runs.
    assert query.query.image == Path(tmp_path / "x.png")
    assert other.id == "z"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [row(2, ROAD), row(5, ROAD)],
            r"line 5: 'a' is judged twice for the query 'q' \(before in line 2\)",
        ),
        ([row(2, ROAD), row(5, ROAD, grade=0)], "line 5: 'a' is judged as 1 and as 0 for"),
        (
            [row(2, ROAD), row(4, Wanted("a river"), "b")],
            "line 4: the query 'q' is 'a river', and in line 2 'a road'; rows of one id",
        ),
        (
            [row(2, ROAD), row(4, Wanted("a road", unlike="a car"), "b")],
            "line 4: the query 'q' is 'a road, unlike a car', and in line 2 'a road'",
        ),
        (
            [row(line, ROAD, f"c{line}", 0) for line in range(2, 7)],
            "line 2, 3, 4, …: no judgment of the query 'q' says that anything is relevant",
        ),
        ([row(2, Wanted())], "line 2: nothing says what the query 'q' looks for"),
        (
            [row(2, Wanted(unlike="a car"))],
            "line 2: the query 'q' has neither a text nor an image",
        ),
    ],
)
def test_what_is_wrong_is_named(gather, rows, message):
    with pytest.raises(DataError, match=f"j.csv: {message}"):
        gather(*rows)


def test_pictures_and_dates_are_checked(gather):
    with pytest.raises(MissingFileError, match=r"j.csv: line 2: the image .*x.png is not there"):
        gather(row(2, Wanted(image="x.png")))
    with pytest.raises(QueryError, match="j.csv: line 2: before and after together"):
        gather(row(2, Wanted("a road", before="2010")))
    with pytest.raises(QueryError, match="j.csv: line 3: after is 'soon'"):
        gather(row(3, Wanted("a road", before="2010", after="soon")))
    with pytest.raises(QueryError, match="j.csv: line 3: before is 2012 and after 2010"):
        gather(row(3, Wanted("a road", before="2012", after="2010")))
