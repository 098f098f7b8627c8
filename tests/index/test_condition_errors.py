"""Errors of Lance about conditions, in words: the texts are those that it gave (LanceDB 0.40)."""

import pytest
from tests.index.made import make_store

from harma.index.condition_errors import reason_of


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("made") / "index", 10, dim=4)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (
            "cloud < 5",
            "there is no column cloud; the columns are id, xmin, .*, datetime, datetime_end",
        ),
        ('id = "a--b"', 'there is no column "a--b"; .* A text stands in single quotes'),
        ("gsd > 'x'", "'x' is compared with a column of numbers"),
        ("id > 5", "'5' is compared with a column of text"),
        ("datetime > 5", "'5' is compared with a column of dates"),
        ("gsd >", "^Expected: an expression, found: EOF$"),
        ("datetime LIKE '2016%'", "dates are no text; write datetime >= '2016-01-01' AND"),
        ("coalesce(datetime_end, datetime) > '2016'", "dates are no text"),
        ("gsd + 1", "does not return a boolean"),
        ("nofunc(gsd) > 1", "Invalid function 'nofunc'"),
        ("extract(year from datetime) = 2017", "is not supported SQL"),
        ("id ~ 'a'", "Operator ~ is not supported"),
    ],
)
def test_what_lance_says_in_words(store, where, expected):
    with pytest.raises(ValueError, match=".") as caught:
        store.count(where)
    reason = reason_of(caught.value.__cause__)
    assert "/root" not in reason
    assert ".rs:" not in reason
    assert "Invalid input" not in reason
    assert "_row" not in reason
    assert "SELECT 1" not in reason
    with pytest.raises(AssertionError, match=expected):
        raise AssertionError(reason)


def test_other_errors_are_quoted():
    assert reason_of(ValueError("the disk is gone\nat line 5")) == "the disk is gone"
    assert reason_of(RuntimeError()) == "RuntimeError"
    assert reason_of(ValueError("bad, C:\\x\\y.rs:1:2")) == "bad"
