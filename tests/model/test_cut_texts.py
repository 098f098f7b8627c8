"""Saying which texts are longer than the model reads: once a call, wherever texts are read."""

import logging

import pytest
import torch

from harma.backbones.cut_texts import CutText
from harma.model.caption_ranking import rank_captions
from harma.model.cut_texts import cut_message, tell_cut_texts
from harma.model.zeroshot import classify

LONG = " ".join(f"word{number}" for number in range(100))


@pytest.fixture
def model(model):
    return model[0]


@pytest.fixture
def said(caplog):
    def warnings():
        return [
            record.getMessage()
            for record in caplog.records
            if record.name == "harma.model.cut_texts" and record.levelno == logging.WARNING
        ]

    return warnings


def test_one_text():
    cut = CutText("a river beside two roads", 9, 5, "beside two roads")
    assert cut_message([cut], 1) == (
        "the text has 9 tokens and the model reads 5: the last 3 of its 5 words are left out, from"
        " 'beside two roads' on"
    )


def test_some_of_many_texts():
    cut = CutText(LONG, 2000, 77, LONG[20:])
    assert cut_message([cut, cut], 4000) == (
        "2 of 4,000 texts are longer than the 77 tokens that the model reads; their ends are left"
        " out, of the first from 'rd3 word4 word5 word6 word7 word8…' on"
    )


def test_what_is_shown_is_short():
    cut = CutText("x" * 5000, 2000, 77, "x" * 4000)
    assert len(cut_message([cut], 1)) < 250


def test_embedding(model, said):
    model.embed_texts(["a river", "a road"])
    assert said() == []
    model.embed_texts(["a river", LONG, LONG])
    (message,) = said()
    assert message.startswith("2 of 3 texts are longer than the 77 tokens that the model reads")


def test_one_text_in_full(model, said):
    model.embed_texts([LONG])
    (message,) = said()
    # 75 tokens beside the two marks: a word and its digits are two, from the eleventh on three.
    assert "reads 77: the last 72 of its 100 words are left out, from 'word28 word29 " in message


def test_classes_and_captions(model, said):
    images = torch.nn.functional.normalize(torch.ones(1, model.embed_dim), dim=1).numpy()
    classify(model, images, ["a river", LONG])
    assert len(said()) == 1
    rank_captions(model, images, ["a river", LONG])
    assert len(said()) == 2


def test_a_model_that_does_not_know(said):
    tell_cut_texts(object(), [LONG], torch.zeros(1, 16))
    assert said() == []
