"""Judgments in CSV: separators, ends of lines, quotes, headers; what is wrong is named by line."""

from pathlib import Path

import pytest

from harma.errors import DataError
from harma.evaluation.judging.csv_queries import csv_judgments, is_csv
from harma.evaluation.judging.rows import Judgment, Wanted

FILE = Path("judged.csv")


@pytest.mark.parametrize(
    "text",
    [
        "query,chip,relevance\na road,a,2\n",
        "query;chip;relevance\r\na road;a;2\r\n",
        "query\tchip\trelevance\ra road\ta\t2\r",
        "query|chip|relevance\na road|a|2",
        ' Query , CHIP,"Relevance"\n a road , a , 2 \n,,\n',
        '\n\nquery,chip,relevance\n\n"a road",a,2\n',
    ],
)
def test_forms_of_spreadsheets(text):
    assert is_csv(text)
    by, rows = csv_judgments(FILE, text)
    assert by == "chip"
    (row,) = rows
    assert (row.id, row.asked, row.name, row.grade) == ("a road", Wanted("a road"), "a", 2)


def test_quoted_fields_and_their_lines():
    text = 'query,source\n"a road, a ""river""\nand a bridge",x.tif\na roof,"y, z.tif"\n'
    by, rows = csv_judgments(FILE, text)
    assert by == "source"
    assert [row.line for row in rows] == [2, 4]
    assert rows[0].asked.text == 'a road, a "river"\nand a bridge'
    assert rows[1].name == "y, z.tif"


def test_relevance_is_1_unless_said():
    _, rows = csv_judgments(FILE, "chip,query\na,a road\n")
    assert rows == [Judgment(2, "a road", Wanted("a road"), "a", 1)]


def test_what_makes_a_query_names_it():
    text = (
        "query,unlike,image,before,after,chip\n"
        "a road,,,,,a\na road,a river,,,,a\n,,x.png,,,a\na road,,x.png,2010,2012,a\n"
    )
    _, rows = csv_judgments(FILE, text)
    assert [row.id for row in rows] == [
        "a road",
        "a road, unlike a river",
        "image x.png",
        "a road, image x.png, from 2010 to 2012",
    ]
    _, rows = csv_judgments(FILE, "id,query,chip\nq1,a road,a\nq1,,b\n")
    assert [(row.id, row.asked.text) for row in rows] == [("q1", "a road"), ("q1", "")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("query,chip,relevanc\na,b,1\n", "the header has the column 'relevanc'; allowed are id, q"),
        ("query,chip,chip\na,b,c\n", "the header has the column chip 2 times; leave one"),
        ("query,chip,source\na,b,c\n", "is judged is in one of chip or source"),
        ("query,relevance\na,1\n", "is judged is in one of chip or source"),
        ("chip,relevance\na,1\n", "what is looked for is in one called query"),
        ("query,chip\n", "has a header and no rows"),
        ("query,chip\na road,a\na road, wet,b\n", "line 3: has 3 fields, the header 2; put texts"),
        ("query,chip\na road\n", "line 2: has 1 fields, the header 2"),
        ("query,chip\na road,\n", "line 2: chip is empty"),
        ("query,source\n\n,b.tif\n", "line 3: query is empty; write what is looked for"),
        ('query,chip\na,b\n"a "road",c\n', "line 3: is not CSV"),
    ],
)
def test_what_is_wrong_is_named(text, message):
    with pytest.raises(DataError, match=f"judged.csv: .*{message}"):
        csv_judgments(FILE, text)


@pytest.mark.parametrize("grade", ["-1", "1.5", "1.0", "yes", "", "1001", "1" * 5000, "²"])
def test_a_relevance_that_is_none_is_named(grade):
    with pytest.raises(DataError, match="judged.csv: line 2: the relevance is .* from 0"):
        csv_judgments(FILE, f"query,chip,relevance\na road,b,{grade}\n")


def test_what_is_no_header_is_no_csv():
    assert not is_csv("a road,a,1\n")
    assert not is_csv("1 0 chip 1\n")
