"""Tokenizers of dual encoders."""

import pytest

from harma.backbones import load_backbone
from harma.backbones.text_tokenizers import make_text_tokenizer
from harma.errors import ConfigError, MissingFileError


def test_tokenizers_that_cannot_be_used_are_named(tiny_dual, tmp_path):
    def tokenize(tokenizer, **values):
        text = {**tiny_dual["text"], "tokenizer": tokenizer}
        text["transformers"] = {**text["transformers"], **values}
        load_backbone({**tiny_dual, "text": text}).tokenize(["a red roof"])

    with pytest.raises(ConfigError, match="text has no tokenizer; state tokenizer"):
        tokenize(None)
    with pytest.raises(MissingFileError, match="the tokenizer .*vocab.txt is not there"):
        tokenize(str(tmp_path / "vocab.txt"))
    with pytest.raises(ConfigError, match=r"the tokenizer in .* cannot be used"):
        tokenize(str(tmp_path))
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ConfigError, match="is one file of several; name the directory it is in"):
        tokenize(str(tmp_path / "tokenizer.json"))
    with pytest.raises(
        ConfigError, match="has a vocabulary of 6; tokenizer and text encoder belong together"
    ):
        tokenize(tiny_dual["text"]["tokenizer"], vocab_size=6)


def test_a_vocabulary_is_parted_at_line_ends_only(tiny_dual, tmp_path):
    (tmp_path / "vocab.txt").write_text(
        "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\u2028b\nred\n", encoding="utf-8"
    )
    text = {**tiny_dual["text"], "tokenizer": str(tmp_path / "vocab.txt")}
    assert load_backbone({**tiny_dual, "text": text}).tokenize(["red"])[0, :3].tolist() == [2, 6, 3]


def test_texts_are_padded_and_cut_on_the_right(vocabulary):
    tokenizer = make_text_tokenizer(vocabulary, 0, allow_download=False)
    short, long = tokenizer(["red", "red roof number field a red"], 5).tolist()
    assert short[3:] == [0, 0]
    start, end = short[0], short[2]
    assert (long[0], long[-1]) == (start, end), "the end token is kept"
    assert 0 not in long


def test_another_padding_than_the_encoders_is_refused(vocabulary):
    with pytest.raises(ConfigError, match=r"pads with id 0, the text encoder with 7; state pad_to"):
        make_text_tokenizer(vocabulary, 7, allow_download=False)
