"""Moved archives: files under other names are known by their content."""

import shutil
from datetime import UTC, datetime

import pytest
from tests.index.made import all_rows

from harma.index import writer as writing
from harma.index.moved import is_gone
from harma.index.records import SourceRecord
from harma.index.store import Store
from harma.index.verify import verify


def rows_of(directory):
    return {row["id"]: row for row in all_rows(Store(directory))}


def sources_of(directory):
    return set(Store(directory).sources())


def windows_of(rows):
    """What a rename must leave as it is, by the file's own name and window."""
    return {
        (row["source"].rpartition("/")[2], row["column"], row["row"]): (
            row["embedding"],
            row["thumbnail"],
            row["geometry"],
            row["datetime"],
        )
        for row in rows.values()
    }


@pytest.fixture
def index(tmp_path, archive):
    return archive


def test_a_moved_folder_is_renamed_and_nothing_is_embedded(index, tmp_path, build_index):
    before = windows_of(rows_of(index))
    (tmp_path / "scenes").rename(tmp_path / "elsewhere")
    outcome = build_index(tmp_path / "elsewhere")
    assert (outcome.num_renamed, outcome.num_added, outcome.num_new) == (3, 0, 0)
    assert windows_of(rows_of(index)) == before
    assert sources_of(index) == set(map(str, (tmp_path / "elsewhere").iterdir()))
    assert verify(Store(index)) == []
    again = build_index(tmp_path / "elsewhere")
    assert (again.num_kept, again.num_renamed, again.num_added) == (3, 0, 0)


def test_the_chips_are_named_as_a_build_of_the_new_place_names_them(index, tmp_path, build_index):
    (tmp_path / "scenes").rename(tmp_path / "elsewhere")
    build_index(tmp_path / "elsewhere")
    build_index(tmp_path / "elsewhere", directory=tmp_path / "fresh")
    assert rows_of(index).keys() == rows_of(tmp_path / "fresh").keys()


def test_a_copy_is_a_source_of_its_own(index, tmp_path, build_index):
    shutil.copytree(tmp_path / "scenes", tmp_path / "copy")
    outcome = build_index(tmp_path / "copy")
    assert (outcome.num_new, outcome.num_renamed, outcome.num_added) == (3, 0, 27)
    assert len(sources_of(index)) == 6


def test_a_file_that_is_renamed_gets_the_date_of_its_new_name(index, tmp_path, build_index):
    (tmp_path / "scenes/scene1_20110601.tif").rename(tmp_path / "scenes/b_20190203.tif")
    outcome = build_index(tmp_path / "scenes")
    assert (outcome.num_renamed, outcome.num_kept, outcome.num_added) == (1, 2, 0)
    rows = [row for row in rows_of(index).values() if "b_2019" in row["source"]]
    assert len(rows) == 9
    assert {row["datetime"] for row in rows} == {datetime(2019, 2, 3, tzinfo=UTC)}


def test_copies_that_move_together_go_to_the_names_like_theirs(index, tmp_path, build_index):
    shutil.copytree(tmp_path / "scenes", tmp_path / "scenes/copies")
    build_index(tmp_path / "scenes")
    (tmp_path / "scenes").rename(tmp_path / "elsewhere")
    outcome = build_index(tmp_path / "elsewhere")
    assert (outcome.num_renamed, outcome.num_added) == (6, 0)
    assert verify(Store(index)) == []
    assert len(rows_of(index)) == 54


def test_moved_and_changed_is_new(index, tmp_path, build_index, write_scenes):
    (tmp_path / "scenes").rename(tmp_path / "elsewhere")
    write_scenes(tmp_path / "elsewhere", 1, size=64)
    outcome = build_index(tmp_path / "elsewhere")
    assert (outcome.num_renamed, outcome.num_new) == (2, 1)


def test_many_small_moves_are_committed_together(index, tmp_path, build_index, monkeypatch):
    calls = []
    rename = writing.rename

    def counted(store, moves, columns):
        calls.append(len(moves))
        rename(store, moves, columns)

    monkeypatch.setattr(writing, "rename", counted)
    monkeypatch.setattr(writing, "COMMIT_CHIPS", 18)
    (tmp_path / "scenes").rename(tmp_path / "elsewhere")
    build_index(tmp_path / "elsewhere")
    assert calls == [2, 1]


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", range(4))
def test_a_kill_in_between_is_mended_by_the_next_build(
    index, tmp_path, build_index, monkeypatch, step
):
    """Writes of a rename: chips, the old chips, the old records, the new records."""
    calls = iter(range(100))

    def dying(original):
        def write(self, *args):
            if next(calls) == step:
                raise Killed
            return original(self, *args)

        return write

    (tmp_path / "scenes").rename(tmp_path / "elsewhere")
    with monkeypatch.context() as patch:
        for name in ("add_chips", "drop_chips", "drop_sources", "put_sources"):
            patch.setattr(Store, name, dying(getattr(Store, name)))
        with pytest.raises(Killed):
            build_index(tmp_path / "elsewhere")
    outcome = build_index(tmp_path / "elsewhere")
    assert outcome.num_added == 0
    assert verify(Store(index)) == []
    assert sources_of(index) == set(map(str, (tmp_path / "elsewhere").iterdir()))
    assert len(rows_of(index)) == 27


def test_signed_names_of_an_earlier_version_become_one(index, tmp_path, serve, build_index):
    """Names with signatures, each with chips of its own, as they were kept before."""
    base = serve(tmp_path / "scenes")
    name = f"{base}/scene0_20100601.tif"
    store = Store(index)
    signed = [f"{name}?st=1&sig={number}" for number in range(2)]
    rows = [row for row in all_rows(store) if "scene0" in row["source"]]
    from dataclasses import replace

    import numpy as np
    from tests.index.made import all_chips

    chips = [chip for chip in all_chips(store) if "scene0" in chip.source]
    vectors = np.array([row["embedding"] for row in rows], dtype=np.float32)
    for address in signed:
        old = [
            replace(chip, id=address + chip.id, source=address, content=address) for chip in chips
        ]
        store.add_chips(old, vectors)
    store.put_sources([SourceRecord(address, -1, 0, address, num_chips=9) for address in signed])
    outcome = build_index(f"{name}?st=2&sig=3")
    assert (outcome.num_renamed, outcome.num_added) == (1, 0)
    assert {source for source in sources_of(index) if source.startswith("http")} == {name}
    assert len(rows_of(index)) == 36
    assert build_index(f"{name}?sig=4").num_kept == 1


def test_what_is_gone(tmp_path):
    there = tmp_path / "a.tif"
    there.write_bytes(b"")

    def gone(name, files=""):
        return is_gone(SourceRecord(str(name), 1, 1, "c", files=files))

    assert gone(tmp_path / "b.tif")
    assert gone(there / "below_a_file.tif")
    assert not gone(there)
    assert not gone("https://x.org/a.tif")
    assert not gone(f"NETCDF:{tmp_path}/b.nc:Band1")
    assert not gone(f"/vsizip/{tmp_path}/b.zip/a.tif")
    assert gone(tmp_path / "product", files=f"{tmp_path}/b1.tif\n{tmp_path}/b2.tif")
    assert not gone(tmp_path / "product", files=f"{tmp_path}/b1.tif\n{there}")
