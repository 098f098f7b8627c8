"""harma export for engines, and the verbs that take an exported model in place of the model."""

import json

import numpy as np
import pytest
from tests.model.exported.conftest import made, onnx, onnx8  # noqa: F401

from harma.cli import main


def run(words, capsys):
    status = main([str(word) for word in words])
    return status, capsys.readouterr()


def test_export_tells_how_near_it_is(made, tmp_path, capsys):  # noqa: F811
    words = ["export", made.saved, "--format", "onnx", "--precision", "int8"]
    words += ["--calibrate", *made.pictures, "--output", tmp_path / "e"]
    status, said = run(words, capsys)
    assert status == 0
    assert said.out.startswith(f"written to {tmp_path / 'e'}: onnx int8, ")
    assert "to the model in float32, on 6 images and 4 captions (your images)" in said.out
    assert "0.999: it " in said.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--format", "onnx", "--precision", "bf16"], "onnx has float32, int8"),
        (["--format", "openvino", "--precision", "int8"], "(--calibrate)"),
        (["--precision", "int8"], "--precision belongs to --format onnx or openvino"),
        (["--captions", "x.txt"], "--captions belongs to --format onnx or openvino"),
    ],
)
def test_what_cannot_be_exported(words, message, tmp_path, capsys):
    status, said = run(["export", "no-such-model", *words, "--output", tmp_path / "e"], capsys)
    assert status == 2
    assert message in said.err


def test_embed_and_classify(made, onnx, tmp_path, capsys):  # noqa: F811
    (tmp_path / "c.txt").write_text("a river\na runway\n")
    rows = {}
    for name, model in (("torch", made.saved), ("onnx", onnx)):
        file = tmp_path / f"{name}.npy"
        words = ["embed", model, "--captions", tmp_path / "c.txt", "--output", file]
        assert run(words, capsys)[0] == 0
        rows[name] = np.load(file)
    assert np.allclose(rows["torch"], rows["onnx"], atol=1e-5)
    facts = json.loads((tmp_path / "onnx.npy.json").read_text())
    assert facts["model_id"] == json.loads((tmp_path / "torch.npy.json").read_text())["model_id"]
    assert facts["precision"] == "float32"
    answers = []
    for model in (made.saved, onnx):
        words = ["classify", model, *made.pictures, "--classes", "river,harbour"]
        status, said = run([*words, "--num-workers", "0", "--format", "json"], capsys)
        assert status == 0
        answers.append(json.loads(said.out))
    first, second = [[one["classes"][0] for one in answer] for answer in answers]
    for ours, theirs in zip(first, second, strict=True):
        assert ours["class"] == theirs["class"]
        assert ours["probability"] == pytest.approx(theirs["probability"], abs=1e-3)


def test_an_index_built_with_one_is_searched_with_the_other(made, onnx, tmp_path, capsys):  # noqa: F811
    def ids(*words):
        status, said = run(["search", tmp_path / "i", *words, "--format", "json"], capsys)
        assert status == 0
        return [hit["id"] for hit in json.loads(said.out)]

    options = ["--whole", "--num-workers", "0"]
    words = ["index", "build", tmp_path / "i", *made.pictures[:4], "--model", onnx, *options]
    status, said = run(words, capsys)
    assert status == 0, said.err
    by_export = ids("a river")
    assert by_export == ids("a river", "--model", made.saved)
    assert (
        ids("--image", made.pictures[1])[0] == ids("--image", made.pictures[1], "--model", onnx)[0]
    )
    # More of it with the model itself: the index notes both.
    words = ["index", "build", tmp_path / "i", *made.pictures, "--model", made.saved]
    assert run([*words, "--num-workers", "0"], capsys)[0] == 0
    status, said = run(["index", "info", tmp_path / "i", "--json"], capsys)
    facts = json.loads(said.out)
    assert facts["embedded by"] == "onnx float32, torch float32"
    assert facts["chips"] == 6
    assert facts["model"] == str(made.saved)


def test_an_export_too_far_from_its_model_does_not_search_its_index(
    made,  # noqa: F811
    onnx8,  # noqa: F811
    tmp_path,
    capsys,
):
    file = tmp_path / "far"
    import shutil

    from harma.model.exported.facts import id_of

    shutil.copytree(onnx8, file)
    facts = json.loads((file / "engine.json").read_text())
    far = {"image": 0.9, "text": 1.0}
    other = id_of(facts["source_id"], "onnx int8", far, facts["files"])
    changed = {**facts, "least_cosines": far, "model_id": other}
    (file / "engine.json").write_text(json.dumps(changed))
    words = ["index", "build", tmp_path / "i", *made.pictures, "--model", made.saved, "--whole"]
    assert run([*words, "--num-workers", "0"], capsys)[0] == 0
    status, said = run(["search", tmp_path / "i", "a river", "--model", file], capsys)
    assert status == 2
    assert "is an export of the index's model whose embeddings are not near enough" in said.err


def test_info_tells_of_an_export(onnx, capsys):  # noqa: F811
    status, said = run(["info", onnx], capsys)
    assert status == 0
    assert "export engine        onnx\n" in said.out
    assert "export least cosine of images 1.0\n" in said.out


def test_what_needs_the_model_itself_says_so(made, onnx, capsys, tmp_path):  # noqa: F811
    words = ["explain", onnx, made.pictures[0], "a river", "--output", tmp_path / "x.png"]
    status, said = run(words, capsys)
    assert status == 2
    assert "is an exported model" in said.err
