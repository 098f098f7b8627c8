"""Judged queries: grades, something relevant, a name each."""

import pytest

from harma import Query
from harma.errors import DataError
from harma.evaluation.judging import JudgedQuery


@pytest.mark.parametrize("grade", [-1, 1.0, "1", True, 1001, None])
def test_a_grade_is_a_whole_number(grade):
    with pytest.raises(DataError, match="query 'q': the relevance of 'b' is .* from 0 to 1000"):
        JudgedQuery("q", Query("a road"), {"a": 1, "b": grade})


@pytest.mark.parametrize("relevance", [{}, {"a": 0, "b": 0}])
def test_something_is_relevant(relevance):
    with pytest.raises(DataError, match=f"none of its {len(relevance)} judgments is relevant"):
        JudgedQuery("q", Query("a road"), relevance)


@pytest.mark.parametrize("name", ["", "  ", 3])
def test_a_query_has_a_name(name):
    with pytest.raises(DataError, match="the id of a query is .*; it must be a text"):
        JudgedQuery(name, Query("a road"), {"a": 1})
