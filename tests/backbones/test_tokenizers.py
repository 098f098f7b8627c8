"""The tokenizer of an open_clip model."""

import pytest

from harma.backbones.source_kinds import BackboneSource
from harma.backbones.tokenizers import clip_pieces, make_tokenizer
from harma.errors import MissingFileError


def test_clips_own_has_the_context_length_of_its_model():
    source = BackboneSource("m", "m", {"text_cfg": {"context_length": 9}})
    token_ids = make_tokenizer(source, allow_download=False)(["a river"])
    assert token_ids.shape == (1, 9)
    assert token_ids[0, 0] == 49406
    assert token_ids[0, 3] == 49407
    usual = make_tokenizer(BackboneSource("m", "m", {"text_cfg": {}}), allow_download=False)
    assert usual(["a river"]).shape == (1, 77)


def test_options_of_a_config_win():
    text = {"context_length": 9, "tokenizer_kwargs": {"context_length": 5}}
    tokenize = make_tokenizer(BackboneSource("m", "m", {"text_cfg": text}), allow_download=False)
    assert tokenize(["a river"]).shape == (1, 5)


def test_a_tokenizer_that_is_not_here_is_not_fetched_unasked(hub):
    source = BackboneSource("m", "m", {"text_cfg": {"hf_tokenizer_name": "none/here"}})
    with pytest.raises(MissingFileError, match="m needs the tokenizer none/here, which is not on"):
        make_tokenizer(source, allow_download=False)
    assert not any("none/here" in request for request in hub.requests)
    with pytest.raises(MissingFileError, match="allow the download"):
        make_tokenizer(source, allow_download=True)
    assert any("none/here" in request for request in hub.requests)


def test_pieces_are_counted_without_start_and_end():
    count = clip_pieces()
    assert count("river") == 1
    assert count("a river beside roads") == 4
    assert count("qqzzxy") > 1
