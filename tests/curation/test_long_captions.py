"""Captions longer than what is read of them are counted, by words and by tokens."""

from open_clip import SimpleTokenizer

from harma.curation.check import check_data
from harma.curation.long_captions import LongCaptions, count_long
from harma.data.description import DataDescription

# Words of many pieces: the first 30 are more than CLIP reads.
RARE = " ".join(["antidisestablishmentarianism"] * 30)


def test_words():
    captions = ["a river", "word " * 30, "word " * 31, "word " * 500]
    assert count_long(captions) == LongCaptions(2, 0)
    assert count_long([]) == LongCaptions()


def test_tokens():
    tokenizer = SimpleTokenizer()
    captions = ["a river", "word " * 31, RARE, f"{RARE} more words", "x1 " * 26, "x1 " * 25]
    over = [len(tokenizer.encode(" ".join(text.split()[:30]))) > 75 for text in captions]
    counted = count_long(captions, lambda text: len(tokenizer.encode(text)))
    assert counted == LongCaptions(2, sum(over))
    assert sum(over) == 2


def test_short_captions_are_not_tokenized():
    def fail(text):
        raise AssertionError(text)

    assert count_long(["a river beside a road"] * 3, fail) == LongCaptions()


def test_a_check_counts_them(small, row):
    small.json(
        "train.json",
        [row("a.png", 7, "word, " * 40), row("a.png", 7, RARE), row("b.png", 3, "two houses")],
    )
    description = DataDescription(name="small", train=("train.json",))
    tokenizer = SimpleTokenizer()
    report = check_data(
        description, small.path, count_tokens=lambda text: len(tokenizer.encode(text))
    )
    assert (report.problems, report.long) == ((), LongCaptions(1, 1))
