"""Files of TREC: what is written is read by ir_measures and by us; wrong lines are named."""

import logging
from pathlib import Path

import ir_measures
import pytest

from harma.errors import DataError, MissingFileError
from harma.evaluation.judging.rows import Judgment, Wanted
from harma.evaluation.judging.trec_files import (
    is_qrels,
    qrels_judgments,
    qrels_text,
    read_run,
    read_topics,
    run_text,
    token_of,
)


@pytest.mark.parametrize(
    ("name", "token"),
    [
        ("a road", "a%20road"),
        ("100%", "100%25"),
        ("a\tb\u00a0c", "a%09b%C2%A0c"),
        ("ü.tif", "ü.tif"),
        ("\udcff.tif", "\\udcff.tif"),
    ],
)
def test_names_have_no_spaces(name, token):
    assert token_of(name) == token
    assert len(token.split()) == 1
    token.encode()


def test_others_read_what_is_written(tmp_path):
    run = {"a road": {"x 1.tif": 0.5, "y": 0.499999970197678, "z": -0.25}}
    qrels = {"a road": {"x 1.tif": 0, "z": 2}}
    (tmp_path / "run").write_text(run_text(run))
    (tmp_path / "qrels").write_text(qrels_text(qrels))
    read = list(ir_measures.read_trec_run(str(tmp_path / "run")))
    assert [(one.query_id, one.doc_id) for one in read] == [
        ("a%20road", "x%201.tif"),
        ("a%20road", "y"),
        ("a%20road", "z"),
    ]
    assert [one.score for one in read] == pytest.approx([0.5, 0.49999997, -0.25], abs=1e-9)
    assert [tuple(one)[:3] for one in ir_measures.read_trec_qrels(str(tmp_path / "qrels"))] == [
        ("a%20road", "x%201.tif", 0),
        ("a%20road", "z", 2),
    ]
    assert read_run(tmp_path / "run") == {
        "a%20road": {"x%201.tif": 0.5, "y": 0.49999997, "z": -0.25}
    }


def judgments(tmp_path, qrels, topics):
    (tmp_path / "topics").write_text(topics)
    return qrels_judgments(tmp_path / "qrels", qrels, tmp_path / "topics")


def test_judgments_have_the_texts_of_topics(tmp_path):
    rows = judgments(tmp_path, "2 0 a 1\n\n7 Q0 b 0\n", "7\ta river\r\n2\ta road, wet\n")
    assert rows == [
        Judgment(1, "2", Wanted("a road, wet"), "a", 1),
        Judgment(3, "7", Wanted("a river"), "b", 0),
    ]
    # What we write of queries whose names are texts is read again.
    rows = judgments(tmp_path, "a%20road 0 a 1\n", "a road\ta road\n")
    assert rows == [Judgment(1, "a road", Wanted("a road"), "a", 1)]


def test_topics_without_judgments_are_told(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        rows = judgments(tmp_path, "1 0 a 1\n", "1\ta road\n2\tx\n3\ty\n")
    assert len(rows) == 1
    assert "2 topics have no judgments, and are left out: '2', '3'" in caplog.text


@pytest.mark.parametrize(
    ("qrels", "topics", "message"),
    [
        (
            "1 0 a\n",
            "1\tx\n",
            "qrels: line 1: has 3 fields; a line of qrels is: query 0",
        ),
        ("1 0 a 1\n1 0 b -1\n", "1\tx\n", "qrels: line 2: the relevance is '-1'"),
        ("1 0 a 0.5\n", "1\tx\n", "qrels: line 1: the relevance is '0.5'"),
        ("1 0 a 1\n4 0 a 1\n4 0 b 1\n", "1\tx\n", "qrels: 1 of .* no topic in .*: '4' .line 2."),
        ("1 0 a 1\n", "1 x\n", "topics: line 1: is '1 x'; a topic is: id, a tab, the text"),
        ("1 0 a 1\n", "<top>\n", "topics: line 1: is '<top>'"),
        ("1 0 a 1\n", "1\tx\n2\ty\n1\tz\n", "topics: line 3: the topic '1' stands twice"),
        ("1 0 a 1\n", "\n", "topics: is empty"),
    ],
)
def test_wrong_judgments_are_named(tmp_path, qrels, topics, message):
    with pytest.raises(DataError, match=message):
        judgments(tmp_path, qrels, topics)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q Q0 a 1 0.5\n", "run: line 1: is 'q Q0 a 1 0.5'; a line of a run is: query Q0 name"),
        ("q Q0 a 1 0.5 t\nq Q0 b 2 x t\n", "run: line 2: is"),
        ("q Q0 a 1 nan t\n", "run: line 1: is"),
        ("q Q0 a 1 0.5 t\nq Q0 a 2 0.4 t\n", "run: line 2: 'a' is found twice by the query 'q'"),
    ],
)
def test_wrong_runs_are_named(tmp_path, text, message):
    (tmp_path / "run").write_text(text)
    with pytest.raises(DataError, match=message):
        read_run(tmp_path / "run")


def test_what_is_qrels():
    assert is_qrels("\n1 0 a 1\n")
    assert is_qrels("1\t0\ta\t-1\n")
    assert not is_qrels("1,0,a,1\n")
    with pytest.raises(MissingFileError, match="the topics none is not there"):
        read_topics(Path("none"))
