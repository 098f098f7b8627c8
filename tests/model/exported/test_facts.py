"""What an export says of itself: damaged files, other versions, another id."""

import json
import shutil

import pytest

from harma.errors import ConfigError, MissingFileError, WeightsError
from harma.model.exported.facts import (
    check_hashes,
    id_of,
    is_export,
    read_facts,
    told_cosines,
    write_facts,
)


@pytest.fixture
def copied(onnx, tmp_path):
    shutil.copytree(onnx, tmp_path / "e")
    return tmp_path / "e"


def changed(folder, **values):
    file = folder / "engine.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_there_and_back(copied):
    facts = read_facts(copied)
    write_facts(copied, facts)
    assert read_facts(copied) == facts
    assert is_export(copied)
    assert not is_export(copied.parent)
    assert told_cosines(facts) == "least cosine of images 1.00000, of texts 1.00000"


def test_the_id_is_the_models_own_while_it_is_near():
    files = {"image.onnx": {"bytes": 1}}
    assert id_of("a", "onnx int8", {"image": 0.999, "text": 1.0}, files) == "a"
    other = id_of("a", "onnx int8", {"image": 0.9989, "text": 1.0}, files)
    assert len(other) == 16
    assert other != id_of("a", "onnx int8", {"image": 0.9989, "text": 1.0}, {})


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"version": 2}, ConfigError, "has version 2; this HarMA reads version 1"),
        ({"format": "other"}, WeightsError, "its format is not 'harma-engine'"),
        ({"engine": "tensorrt"}, WeightsError, "engine 'tensorrt' and precision 'float32'"),
        ({"precision": "bf16"}, WeightsError, "engine 'onnx' and precision 'bf16'"),
        ({"more": 1}, WeightsError, r"\(a value is missing, unknown, or of another kind\)"),
        ({"least_cosines": {"image": 1.0}}, WeightsError, "least_cosines are of image"),
        ({"model_id": "0" * 16}, WeightsError, "its model_id does not follow from the rest"),
        ({"least_cosines": {"image": 0.5, "text": 1.0}}, WeightsError, "does not follow"),
        ({"files": {"../x": {"bytes": 1}}}, WeightsError, r"names the file '\.\./x'"),
        ({"files": 3}, WeightsError, "cannot be used"),
        ({"tokenizer": "a"}, WeightsError, "tokenizer is of another kind"),
        ({"context_length": "9"}, WeightsError, "context_length or tokenizer is of another kind"),
        ({"embed_dim": True}, WeightsError, "is of another kind"),
        ({"files": {"text.onnx": 0.5}}, WeightsError, "cannot be used"),
    ],
)
def test_what_cannot_be_used(copied, values, error, message):
    changed(copied, **values)
    with pytest.raises(error, match=message):
        read_facts(copied)


def test_damaged_files(copied):
    facts = read_facts(copied)
    graph = copied / "text.onnx"
    content = graph.read_bytes()
    graph.write_bytes(content[:-1])
    with pytest.raises(WeightsError, match=r"text\.onnx has .* bytes, and was written with"):
        read_facts(copied)
    graph.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    read_facts(copied)
    with pytest.raises(WeightsError, match=r"text\.onnx is damaged"):
        check_hashes(copied, facts)
    graph.unlink()
    with pytest.raises(WeightsError, match="is not there; copy the export as a whole"):
        read_facts(copied)
    (copied / "engine.json").write_text("{")
    with pytest.raises(WeightsError, match="export the model again"):
        read_facts(copied)
    with pytest.raises(MissingFileError, match="is no exported model"):
        read_facts(copied.parent)


@pytest.mark.parametrize(
    "preprocess", [5, None, [], {}, {"size": 5}, {"size": [5]}, {"size": [1, 2], "odd": 3}]
)
def test_how_images_become_pixels_is_checked_when_it_is_read(copied, preprocess):
    changed(copied, preprocess=preprocess)
    with pytest.raises(WeightsError, match=r"engine\.json cannot be used .*; export the model"):
        read_facts(copied)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.5", "it holds a number"),
        ("null", "it holds nothing"),
        ("[" * 500 + "]" * 500, "too deep in one another"),
        ("[" * 100_000, "too deep in one another"),
        ('{"format": "harma-engine", "version": 1}', "a value is missing"),
        ('{"format": "harma-engine", "format": 1}', "gives 'format' twice"),
        ("\udcff", "is not UTF-8"),
    ],
)
def test_what_is_no_statement_of_an_export(copied, text, message):
    (copied / "engine.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(WeightsError, match=message) as error:
        read_facts(copied)
    assert str(copied / "engine.json") in str(error.value)
