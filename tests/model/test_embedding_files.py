"""Files of embeddings: .npy and Parquet."""

import json
from pathlib import Path

import numpy as np
import pytest

import harma
from harma.errors import ConfigError, DataError, MissingDependencyError
from harma.model.embedding_files import check_output, facts_of, write_embeddings
from harma.model.fingerprint import model_id

UNIT = np.eye(3, 4, dtype=np.float32)


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


def test_where_the_array_is_its_names_are(tmp_path, monkeypatch):
    places = []
    replace = Path.replace

    def recorded(path, target):
        places.append(Path(target).name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", recorded)
    write_embeddings(tmp_path / "a.npy", ["a", "b", "c"], UNIT, {})
    assert places == ["a.npy.json", "a.npy"]


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


def test_the_model_is_named_beside_its_embeddings(model):
    loaded, _ = model
    facts = facts_of(loaded, name="openai", kind="captions")
    assert facts == {
        "kind": "captions",
        "model": "openai",
        "model_id": model_id(loaded),
        "precision": "float32",
        "harma_version": harma.__version__,
    }


def test_nothing_is_written_to_an_ending_of_no_format(tmp_path):
    with pytest.raises(ConfigError):
        write_embeddings(tmp_path / "a.csv", ["a", "b", "c"], UNIT, {})
    assert not list(tmp_path.iterdir())
