"""Exported models, opened: they embed as the model does."""

import logging
import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from harma.errors import ConfigError, ModelMismatchError
from harma.model.exported.model import ExportedModel, text_lengths
from harma.model.fingerprint import check_model, model_id

TEXTS = ["a river", "", "two planes beside a very long runway in the desert", "a " * 100]


def cosines(a, b):
    return (a * b).sum(axis=1)


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_it_embeds_as_the_model_does(made, engine, request, caplog):
    exported = ExportedModel.open(request.getfixturevalue(engine), num_threads=1)
    least = 0.99999 if engine == "onnx" else 0.999
    texts = exported.embed_texts(TEXTS)
    assert cosines(texts, made.model.embed_texts(TEXTS)).min() > least
    images = exported.embed_images(made.pictures, batch_size=4)
    # Resized by Pillow here, by torchvision there.
    assert cosines(images, made.model.embed_images(made.pictures)).min() > 0.999
    assert texts.dtype == images.dtype == np.float32
    assert model_id(exported) == model_id(made.model)
    assert exported.captions.captions == made.model.captions.captions
    # The model's words, for the same text.
    said = [record.getMessage() for record in caplog.records if "words are left out" in record.msg]
    assert len(set(said)) <= 1


def test_tensors_go_through_it_as_through_the_model(made, onnx):
    exported = ExportedModel.open(onnx)
    ids = made.model.tokenize(TEXTS)
    assert (exported.tokenize(TEXTS) == ids).all()
    assert (exported.text_lengths(ids) == made.model.text_lengths(ids)).all()
    pixels = torch.rand(3, 3, 32, 32)
    with torch.inference_mode():
        images = made.model.encode_image(pixels)
        texts = made.model.encode_text(ids)
    assert torch.allclose(exported.encode_image(pixels), images, atol=1e-5)
    assert torch.allclose(exported.encode_text(ids), texts, atol=1e-5)
    assert exported.device == made.model.device


def test_texts_that_are_cut_are_told_as_the_model_tells_them(made, onnx, caplog):
    exported = ExportedModel.open(onnx)
    told = []
    for model in (made.model, exported):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            model.embed_texts(["a river", "one two three " * 40])
        told.append([record.getMessage() for record in caplog.records])
    assert told[0] == told[1]
    assert "of 2 texts are longer than the 77 tokens" in told[0][0]


def test_an_array_and_a_picture_are_one(onnx):
    exported = ExportedModel.open(onnx)
    array = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    both = exported.embed_images([array, Image.fromarray(array)])
    assert (both[0] == both[1]).all()
    assert exported.embed_images([]).shape == (0, exported.embed_dim)
    assert exported.embed_texts([]).shape == (0, exported.embed_dim)


def test_one_text_is_no_list(onnx):
    with pytest.raises(ConfigError, match="give a list, such as"):
        ExportedModel.open(onnx).embed_texts("a river")


def test_another_process_opens_it_by_its_place(onnx):
    exported = ExportedModel.open(onnx)
    sent = pickle.loads(pickle.dumps(exported))
    assert (sent.embed_texts(["a"]) == exported.embed_texts(["a"])).all()


def test_lengths_end_at_the_highest_id():
    assert text_lengths(np.array([[1, 9, 0], [1, 2, 9]])).tolist() == [2, 3]


def test_an_index_of_another_model_is_refused(made, onnx):
    exported = ExportedModel.open(onnx)
    check_model("model", model_id(made.model), exported)
    with pytest.raises(ModelMismatchError, match="was made with the model other"):
        check_model("other", "0123456789abcdef", exported)
