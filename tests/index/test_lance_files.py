"""Where a column lies in Lance's files, by files that LanceDB wrote."""

import numpy as np
import pytest
from tests.index.made import fill, make_store

from harma.index.contract import ROW_ID
from harma.index.lance_files import LAST_VERSION, column_files, fields_of, pages_of
from harma.index.schema import embeddings_of

DIM = 256


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Three fragments: 300 chips, 40 and 40."""
    store = make_store(tmp_path_factory.mktemp("made") / "index", 300, dim=DIM)
    fill(store, 40, seed=2)
    fill(store, 40, seed=3)
    return store


def folder(store):
    return store.home.folder / "tables" / store.settings.embedding_id / "chips.lance"


def test_embeddings_lie_where_the_footer_says(store):
    table = store.rows(["embedding"])
    expected = dict(zip(table[ROW_ID].to_pylist(), embeddings_of(table), strict=True))
    files = column_files(folder(store), store.version, "embedding")
    assert [(file.fragment, file.num_rows) for file in files] == [(0, 300), (1, 40), (2, 40)]
    for file in files:
        path = folder(store) / "data" / file.path
        with path.open("rb") as opened:
            (page,) = pages_of(opened, file.column)
        assert (page.num_rows, page.size) == (file.num_rows, 2 * DIM * file.num_rows)
        content = path.read_bytes()[page.position : page.position + page.size]
        rows = np.frombuffer(content, dtype=np.float16).reshape(-1, DIM)
        for row, vector in enumerate(rows):
            assert (vector == expected[(file.fragment << 32) | row]).all()


def test_other_columns_have_several_buffers_and_are_not_plain(store):
    (file, *_) = column_files(folder(store), store.version, "id")
    with (folder(store) / "data" / file.path).open("rb") as opened:
        assert pages_of(opened, file.column) is None


def test_what_is_not_there_is_told(store, tmp_path):
    assert column_files(folder(store), store.version, "colour") == []
    with pytest.raises(OSError, match=r"99\.manifest"):
        column_files(folder(store), 99, "embedding")
    (tmp_path / "_versions").mkdir()
    (tmp_path / "_versions/7.manifest").write_bytes(b"x" * 40)
    with pytest.raises(ValueError, match=r"7\.manifest is no manifest"):
        column_files(tmp_path, 7, "embedding")
    (tmp_path / f"_versions/{LAST_VERSION - 7:020}.manifest").write_bytes(b"y" * 40)
    with pytest.raises(ValueError, match=r"608\.manifest is no manifest"):
        column_files(tmp_path, 7, "embedding")
    (tmp_path / "f").write_bytes(b"x" * 50)
    with (tmp_path / "f").open("rb") as opened, pytest.raises(ValueError, match="none of Lance's"):
        pages_of(opened, 0)


def test_messages_are_read_as_protocol_buffers_are_written():
    # 1: 150, 2: "ab", 2: "c", 3: eight bytes, 4: four bytes.
    message = b"\x08\x96\x01\x12\x02ab\x12\x01c\x19" + bytes(8) + b"\x25" + bytes(4)
    assert fields_of(message) == {1: [150], 2: [b"ab", b"c"], 3: [bytes(8)], 4: [bytes(4)]}
    with pytest.raises(ValueError, match="ends within"):
        fields_of(b"\x08\x96")
    with pytest.raises(ValueError, match="of kind 3"):
        fields_of(b"\x0b")
