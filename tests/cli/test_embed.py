"""harma embed."""

import json

import numpy as np
import pytest
from PIL import Image

import harma
from harma.cli import main
from harma.model.fingerprint import model_id


@pytest.fixture(scope="module")
def model(model):
    """Where the tiny model is."""
    return model[1]


@pytest.fixture
def images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    for i in range(5):
        Image.fromarray(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(
            tmp_path / "images" / f"{i}.png"
        )
    return sorted((tmp_path / "images").iterdir())


def test_images_to_npy_by_workers(model, images, tmp_path, capsys):
    options = ["--batch-size", "2", "--num-workers", "2"]
    assert main(["embed", model, "--images", "images", "--output", "a.npy", *options]) == 0
    assert "5 embeddings of 16 numbers written to a.npy, a.npy.json" in capsys.readouterr().out
    loaded = harma.load(model)
    assert np.load("a.npy") == pytest.approx(loaded.embed_images(images), abs=1e-6)
    facts = json.loads((tmp_path / "a.npy.json").read_text())
    assert facts["names"] == [f"images/{i}.png" for i in range(5)]
    assert facts["kind"] == "images"
    assert facts["model_id"] == model_id(loaded)


def test_computed_in_bf16_by_the_same_model(model, images, tmp_path):
    for precision in ("float32", "bf16"):
        options = ["--output", f"{precision}.npy", "--num-workers", "0", "--precision", precision]
        assert main(["embed", model, "--images", "images", *options]) == 0
    exact, rounded = np.load("float32.npy"), np.load("bf16.npy")
    assert rounded.dtype == np.float32
    assert 0 < np.abs(exact - rounded).max() < 0.02
    ids = [
        json.loads((tmp_path / f"{name}.npy.json").read_text())["model_id"]
        for name in ("float32", "bf16")
    ]
    assert ids[0] == ids[1]


def test_captions_to_parquet_in_half_precision(model, images, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    captions = ["a river", "a road", "a river"]
    (tmp_path / "captions.txt").write_text("\n".join(captions))
    options = ["--captions", "captions.txt", "--output", "out/c.parquet", "--dtype", "float16"]
    assert main(["embed", model, *options]) == 0
    table = parquet.read_table(tmp_path / "out" / "c.parquet")
    assert table["name"].to_pylist() == captions
    expected = harma.load(model).embed_texts(captions)
    assert np.array(table["embedding"].to_pylist()) == pytest.approx(expected, abs=1e-3)
    assert table.schema.metadata[b"model_id"].decode() == model_id(harma.load(model))
    assert table.schema.metadata[b"kind"] == b"captions"


def test_captions_of_a_data_set(model, images, tiny_data, tmp_path):
    assert (
        main(["embed", model, "--captions", str(tiny_data / "test.json"), "--output", "c.npy"]) == 0
    )
    names = json.loads((tmp_path / "c.npy.json").read_text())["names"]
    assert names[:2] == ["A red roof, number 0.", "red field test 0"]
    assert np.load("c.npy").shape == (16, 16)


def test_unreadable_images(model, images, tmp_path, capsys):
    images[1].write_bytes(b"")
    options = ["embed", model, "--images", "images", "--output", "a.npy", "--num-workers", "0"]
    assert main(options) == 2
    assert "1.png is empty (0 bytes)" in capsys.readouterr().err
    assert not (tmp_path / "a.npy").exists()
    assert main([*options, "--skip-unreadable"]) == 1
    shown = capsys.readouterr()
    assert "1 images cannot be read and are left out" in shown.err
    assert "4 embeddings" in shown.out
    assert json.loads((tmp_path / "a.npy.json").read_text())["names"] == [
        f"images/{i}.png" for i in (0, 2, 3, 4)
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--images", "images", "--output", "a.csv"],
            "allowed are names that end in .npy or .parquet",
        ),
        (["--images", "nothing", "--output", "a.npy"], "there is no file or folder nothing"),
        (["--captions", "nothing.txt", "--output", "a.npy"], "there is no file nothing.txt"),
    ],
)
def test_bad_input_is_refused_before_the_model_is_loaded(images, capsys, options, message):
    assert main(["embed", "no_such_model", *options]) == 2
    assert message in capsys.readouterr().err


def test_numbers_are_float32_unless_said_otherwise(model, images):
    (images[0].parents[1] / "c.txt").write_text("a river\n")
    stored = {"": np.float32, "float32": np.float32, "float16": np.float16}
    for dtype, expected in stored.items():
        options = ["--dtype", dtype] if dtype else []
        for what, name in (("--captions", "c.txt"), ("--images", "images/0.png")):
            given = [what, name, "--output", "a.npy", *options]
            given += ["--num-workers", "0"]
            assert main(["embed", model, *given]) == 0
            assert np.load("a.npy").dtype == expected
