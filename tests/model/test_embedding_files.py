"""Embedding many files, and files of embeddings."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from harma.backbones import load_backbone
from harma.errors import ConfigError, DataError, MissingDependencyError
from harma.model.embedding_files import check_output, embed_files, write_embeddings
from harma.model.model import HarMA

UNIT = np.eye(3, 4, dtype=np.float32)


@pytest.fixture(scope="module")
def model():
    from tests.conftest import TINY

    torch.manual_seed(0)
    return HarMA(load_backbone(TINY)).eval()


@pytest.fixture
def files(tmp_path):
    """Seven pictures, the third and fifth of which cannot be read."""
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{i}.png" for i in range(7)]
    for path in paths:
        Image.fromarray(rng.integers(0, 255, (40, 48, 3), dtype=np.uint8)).save(path)
    paths[2].write_bytes(b"")
    paths[4].write_text("not a picture")
    return paths


@pytest.mark.parametrize("num_workers", [0, 2])
def test_rows_are_those_of_the_readable_files_in_their_order(model, files, num_workers):
    told = []
    embedded = embed_files(
        model,
        files,
        batch_size=2,
        num_workers=num_workers,
        skip_unreadable=True,
        progress=lambda done, total: told.append((done, total)),
    )
    assert embedded.paths == tuple(files[i] for i in (0, 1, 3, 5, 6))
    assert list(embedded.problems) == [files[2], files[4]]
    assert "is empty (0 bytes)" in embedded.problems[files[2]]
    assert embedded.embeddings == pytest.approx(model.embed_images(embedded.paths), abs=1e-6)
    assert told == [(2, 7), (4, 7), (6, 7), (7, 7)]


def test_all_that_cannot_be_read_is_named_and_no_more_is_embedded(model, files, monkeypatch):
    embedded = []
    encode = model.encode_image
    monkeypatch.setattr(
        model, "encode_image", lambda pixels: embedded.append(len(pixels)) or encode(pixels)
    )
    with pytest.raises(
        DataError, match="2 of 7 images cannot be read; replace them, or leave them out"
    ) as error:
        embed_files(model, files, batch_size=2)
    assert all(files[i].name in str(error.value) for i in (2, 4))
    assert embedded == [2]
    with pytest.raises(DataError, match="1 of 1 images cannot be read"):
        embed_files(model, files[2:3], skip_unreadable=True)


def test_half_precision(model, files):
    embedded = embed_files(model, files[:2], dtype="float16").embeddings
    assert embedded.dtype == np.float16
    assert embedded == pytest.approx(model.embed_images(files[:2]), abs=1e-3)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_npy_with_its_names_beside(tmp_path, dtype):
    names = ["a.png", "Straße.png", "not \udce9 unicode.png"]
    written = write_embeddings(
        tmp_path / "x" / "a.npy", names, UNIT.astype(dtype), {"model_id": "abc"}
    )
    assert [path.name for path in written] == ["a.npy", "a.npy.json"]
    read = np.load(written[0])
    assert read.dtype == dtype
    assert (read == UNIT).all()
    facts = json.loads(written[1].read_text())
    assert facts["names"] == names
    assert facts["shape"] == [3, 4]
    assert facts["model_id"] == "abc"


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_parquet_with_the_model_in_its_metadata(tmp_path, dtype):
    parquet = pytest.importorskip("pyarrow.parquet")
    (path,) = write_embeddings(
        tmp_path / "a.parquet", ["a", "b", "c"], UNIT.astype(dtype), {"model_id": "abc"}
    )
    table = parquet.read_table(path)
    assert table.column_names == ["name", "embedding"]
    assert table["name"].to_pylist() == ["a", "b", "c"]
    assert (np.array(table["embedding"].to_pylist()) == UNIT).all()
    assert (
        str(table.schema.field("embedding").type.value_type)
        == {"float16": "halffloat", "float32": "float"}[dtype]
    )
    assert table.schema.metadata[b"model_id"] == b"abc"
    with pytest.raises(DataError, match="is not Unicode, which Parquet needs; write .npy"):
        write_embeddings(tmp_path / "b.parquet", ["\udce9", "b", "c"], UNIT, {})
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_a_failed_writing_leaves_what_was_there(tmp_path, monkeypatch):
    write_embeddings(tmp_path / "a.npy", ["a", "b", "c"], UNIT, {})
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="No space left"):
        write_embeddings(tmp_path / "a.npy", ["x", "y", "z"], 2 * UNIT, {})
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_outputs_that_cannot_be_written_are_refused_before_the_work(tmp_path, monkeypatch):
    with pytest.raises(
        ConfigError, match=r"called a.csv; allowed are names that end in .npy or .parquet"
    ):
        check_output(tmp_path / "a.csv")

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("harma.model.embedding_files.import_module", missing)
    with pytest.raises(MissingDependencyError, match=r"pip install 'harma\[search\]'"):
        check_output(tmp_path / "a.parquet")
