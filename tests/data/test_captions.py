import pytest

from harma.data.captions import clean_caption, words_of


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Many PLANES are parked .", "many planes are parked"),
        ("a,b.c'd!e?f\"g(h)i*j#k:l;m~n", "abcdefghijklmn"),
        ("t-junction, and/or two-way", "t junction and or two way"),
        ("  two\t spaces \n here ", "two spaces here"),
        (".", ""),
        ("- / .", ""),
        ("[50%] & <b>", "[50%] & <b>"),
        ("Čistý Ñandú", "čistý ñandú"),
    ],
)
def test_cleans_as_specified(raw, cleaned):
    assert clean_caption(raw) == cleaned


def test_keeps_the_first_words():
    words = [str(i) for i in range(40)]
    assert clean_caption(" ".join(words)) == " ".join(words[:30])
    assert clean_caption(" ".join(words), max_words=2) == "0 1"


def test_counts_words_after_cleaning():
    assert clean_caption("one-two . three", max_words=3) == "one two three"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Two Storage-tanks, beside a road!", ["two", "storage", "tanks", "beside", "a", "road"]),
        ("boats&ships [b2] (20)", ["boats", "ships", "b2", "20"]),
        ("the women's and the women’s", ["the", "womens", "and", "the", "womens"]),
        ("ein Fluß, 道路", ["ein", "fluß", "道路"]),
        (" ?! ", []),
        ("a " * 100, ["a"] * 100),
    ],
)
def test_words_of_a_text(text, words):
    assert words_of(text) == words
