"""Records of saved searches."""

from harma.searches.records import MARKS, Mark, MarkCounts


def test_marks_are_counted_by_their_words():
    assert tuple(vars(MarkCounts())) == MARKS


def test_a_mark_says_who_said_it_before():
    assert Mark("c", "good").earlier == ()
