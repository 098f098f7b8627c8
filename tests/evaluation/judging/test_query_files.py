"""Files of judged queries: which kind a file is, and whether chips or sources are judged."""

import pytest
from tests.evaluation.judging.made import index_of

from harma import Where
from harma.errors import DataError, MissingFileError, NotFoundError
from harma.evaluation.judging import read_queries

SOURCES = {"c": "/x/my three.tif"}


@pytest.fixture
def index(tmp_path):
    return index_of(tmp_path / "index", dict.fromkeys("abcd", 0.5), SOURCES)


@pytest.fixture
def read(index, tmp_path):
    """Read a text as a file of queries."""

    def read_text(text, topics=None, **options):
        file = tmp_path / "queries.txt"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        if topics is not None:
            (tmp_path / "topics.tsv").write_text(topics)
            options["topics"] = tmp_path / "topics.tsv"
        return read_queries(file, index, **options)

    return read_text


def test_a_csv_of_chips(read):
    file = read("query,chip,relevance\na road,a,2\na road,b,0\na river,c,1\n")
    assert file.by == "chip"
    assert [query.id for query in file.queries] == ["a road", "a river"]
    assert file.queries[0].query.text == "a road"
    assert file.queries[0].relevance == {"a": 2, "b": 0}


def test_a_csv_of_sources_by_their_names(read):
    file = read("query,source\na road,a.tif\na road,my three.tif\n")
    assert file.by == "source"
    assert file.queries[0].relevance == {"/scenes/a.tif": 1, "/x/my three.tif": 1}


def test_qrels_of_chips_and_of_sources(read):
    file = read("1 0 a 2\n1 0 b 0\n2\t0\tc\t1\n", "1\ta road\n2\ta river\n")
    assert file.by == "chip"
    assert [query.query.text for query in file.queries] == ["a road", "a river"]
    assert file.queries[0].relevance == {"a": 2, "b": 0}
    file = read("1 0 a.tif 2\n1 0 x/my%20three.tif 1\n", "1\ta road\n")
    assert file.by == "source"
    assert file.queries[0].relevance == {"/scenes/a.tif": 2, "/x/my three.tif": 1}


def test_whether_texts_are_expanded_holds_for_every_query(read):
    text = "query,chip\na road,a\na river,b\n"
    assert {query.query.expand for query in read(text).queries} == {"auto"}
    assert {query.query.expand for query in read(text, expand="off").queries} == {"off"}


def test_where_holds_for_every_query_but_for_dates_of_its_own(read):
    text = "query,chip,before,after\na road,a,2010,2012\na river,b,,\n"
    where = Where(source="*.tif", before="2000", after="2001")
    queries = read(text, where=where).queries
    assert [query.where.source for query in queries] == ["*.tif", "*.tif"]
    assert [(query.where.before, query.where.after) for query in queries] == [
        ("2010", "2012"),
        ("2000", "2001"),
    ]


@pytest.mark.parametrize(
    ("text", "topics", "message"),
    [
        ("a road,a,1\n", None, "line 1: is 'a road,a,1', no header of judgments; begin with query"),
        ("1 0 a 1\n", None, "are qrels of TREC; give the texts of their queries too"),
        ("query,chip\na road,a\n", "1\tx\n", "is a CSV, .*; topics belong to qrels"),
        ("1 0 a 1\n1 0 b.tif 1\n", "1\tx\n", "judges 1 chips, such as 'a', and 1 sources, such as"),
        (
            "query,source\nx,a.tif\nx,/scenes/a.tif\n",
            None,
            "line 3: '/scenes/a.tif' is judged twice for the query 'x' .before in line 2.",
        ),
    ],
)
def test_what_cannot_be_told_is_named(read, text, topics, message):
    with pytest.raises(DataError, match=f"queries.txt: {message}"):
        read(text, topics)


def test_unknown_names_stand_with_their_lines(read):
    with pytest.raises(
        NotFoundError, match=r"queries.txt: 1 of 2 judged chips are not .*: 'x' \(line 3\)"
    ):
        read("query,chip\na road,a\na road,x\n")
    with pytest.raises(
        NotFoundError, match=r"queries.txt: none of 2 judged names is a chip or a source .*: 'x'"
    ):
        read("1 0 x 1\n1 0 y 1\n", "1\ta road\n")


def test_missing_files_are_named(index, tmp_path):
    with pytest.raises(MissingFileError, match="the queries .*none.csv is not there"):
        read_queries(tmp_path / "none.csv", index)
    with pytest.raises(MissingFileError, match="is a directory, not a file"):
        read_queries(tmp_path, index)
