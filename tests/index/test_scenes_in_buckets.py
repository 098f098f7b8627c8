"""Scenes in a bucket: the index of a folder, what has changed, and how much is asked for."""

import os
from dataclasses import replace

import numpy as np
import pytest
from tests.bucket_process import far_bucket, server_process  # noqa: F401
from tests.index.made import all_rows
from tests.servers import FolderServer

from harma.index.pictures import change_of
from harma.index.source_files import fingerprint_of_name, source_of
from harma.index.store import Store
from harma.index.verify import verify
from harma.scenes import asked

SAME = ("column", "row", "width", "height", "geometry", "datetime", "gsd")


@pytest.fixture
def scenes(far_bucket, write_scenes, tmp_path):  # noqa: F811
    """Three scenes in a bucket below p/, the same as in a folder beside the index."""
    for path in write_scenes(tmp_path / "scenes", 3):
        far_bucket.upload(path, f"p/{path.name}")
    far_bucket.server.log()
    return f"{far_bucket.address}/p/"


@pytest.fixture(autouse=True)
def _asked_anew():
    asked._stamp_asked.cache_clear()


def rows_of(directory):
    rows = all_rows(Store(directory))
    return sorted(
        rows, key=lambda row: (row["source"].rpartition("/")[2], row["row"], row["column"])
    )


def known(tmp_path):
    return Store(tmp_path / "index").sources()


def methods(bucket):
    return [method for method, *_ in bucket.server.log()]


def test_a_bucket_gives_the_index_that_a_folder_gives(scenes, build_index, tmp_path):
    outcome = build_index(scenes)
    assert (outcome.num_added, outcome.num_new, outcome.problems) == (27, 3, {})
    build_index(tmp_path / "scenes", directory=tmp_path / "local")
    far, local = (rows_of(tmp_path / name) for name in ("index", "local"))
    assert len(far) == len(local) == 27
    for one, other in zip(far, local, strict=True):
        assert {name: one[name] for name in SAME if name in one} == {
            name: other[name] for name in SAME if name in other
        }
        np.testing.assert_allclose(one["embedding"], other["embedding"], atol=1e-3)
    assert verify(Store(tmp_path / "index")) == []


def test_unchanged_objects_are_kept_by_the_listing_alone(scenes, build_index, far_bucket):  # noqa: F811
    build_index(scenes)
    far_bucket.server.log()
    outcome = build_index(scenes)
    assert (outcome.num_kept, outcome.num_added) == (3, 0)
    assert len(far_bucket.server.log()) == 1


def test_a_build_asks_little_of_each_scene(scenes, build_index, far_bucket):  # noqa: F811
    build_index(scenes)
    asked_for = [path for _, path, *_ in far_bucket.server.log()]
    # The header when it is looked at, the header and the rest when it is read.
    assert len(asked_for) <= 1 + 3 * 3


def test_a_changed_object_is_embedded_again(
    scenes,
    build_index,
    write_scenes,
    far_bucket,  # noqa: F811
    tmp_path,
):
    build_index(scenes)
    before = rows_of(tmp_path / "index")
    # Of the same size, with the same name, in the same process: GDAL must not remember it.
    other = write_scenes(tmp_path / "other", 1, first=7)[0]
    name = sorted(key for key in far_bucket.keys("p/"))[0]
    assert len(far_bucket.read(name)) == other.stat().st_size
    far_bucket.upload(other, name)
    outcome = build_index(scenes)
    assert (outcome.num_kept, outcome.num_replaced, outcome.num_added) == (2, 1, 9)
    after = rows_of(tmp_path / "index")
    assert len(after) == 27
    changed = [row for row in after if row["source"].endswith(name)]
    build_index(other, directory=tmp_path / "fresh")
    fresh = rows_of(tmp_path / "fresh")
    for one, two in zip(changed, fresh, strict=True):
        np.testing.assert_allclose(one["embedding"], two["embedding"], atol=1e-3)
    assert [row["id"] for row in before][9:] == [row["id"] for row in after][9:]


def test_a_renamed_object_is_known_by_its_content(scenes, build_index, far_bucket):  # noqa: F811
    build_index(scenes)
    name = far_bucket.keys("p/")[0]
    far_bucket.write("p/new/name.tif", far_bucket.read(name))
    far_bucket.client.delete_object(Bucket=far_bucket.name, Key=name)
    far_bucket.server.log()
    outcome = build_index(scenes)
    assert (outcome.num_renamed, outcome.num_added, outcome.num_kept) == (1, 0, 2)
    # A copy is a source of its own.
    far_bucket.write("p/copy.tif", far_bucket.read("p/new/name.tif"))
    outcome = build_index(scenes)
    assert (outcome.num_renamed, outcome.num_added) == (0, 9)


def test_a_single_object_is_asked_for_by_its_name(scenes, build_index, far_bucket, tmp_path):  # noqa: F811
    name = f"{scenes}scene0_20100601.tif"
    listed = tmp_path / "list.txt"
    listed.write_text(name)
    build_index(listed)
    assert methods(far_bucket).count("HEAD") == 1
    outcome = build_index(listed)
    assert (outcome.num_kept, methods(far_bucket)) == (1, ["HEAD"])
    # The listing knows the same of it.
    outcome = build_index(scenes)
    assert (outcome.num_kept, outcome.num_new) == (1, 2)


def test_an_index_from_before_there_were_stamps_goes_on(scenes, build_index, far_bucket, tmp_path):  # noqa: F811
    build_index(scenes)
    store = Store(tmp_path / "index")
    name = f"{scenes}scene0_20100601.tif"
    record = store.sources()[name]
    by_name = fingerprint_of_name(source_of(record))
    store.put_sources([replace(record, size=-1, mtime_ns=0, content=by_name)])
    outcome = build_index(scenes)
    assert (outcome.num_kept, outcome.num_added) == (3, 0)
    now = known(tmp_path)[name]
    assert (now.content, now.size) == (by_name, record.size)
    far_bucket.write("p/scene0_20100601.tif", far_bucket.read("p/scene1_20110601.tif"))
    outcome = build_index(scenes)
    assert (outcome.num_kept, outcome.num_replaced) == (2, 1)


def test_what_nobody_says_anything_of_stays_as_it_was(scenes, build_index, far_bucket, tmp_path):  # noqa: F811
    name = f"{scenes}scene0_20100601.tif"
    listed = tmp_path / "list.txt"
    listed.write_text(name)
    build_index(listed)
    far_bucket.server.answer(["403 Forbidden"])
    outcome = build_index(listed)
    assert (outcome.num_kept, outcome.problems) == (1, {})


def test_hits_of_a_changed_object_are_not_shown(scenes, build_index, far_bucket, tmp_path):  # noqa: F811
    build_index(scenes)
    name = f"{scenes}scene0_20100601.tif"
    record = known(tmp_path)[name]
    source = source_of(record)
    assert change_of(source, record) == ""
    asked._stamp_asked.cache_clear()
    far_bucket.write("p/scene0_20100601.tif", b"other")
    assert change_of(source, record) == "it has changed since it was indexed"
    # No request for each look.
    far_bucket.server.log()
    change_of(source, record)
    assert far_bucket.server.log() == []


def test_addresses_are_known_by_what_their_server_says(write_scenes, build_index, tmp_path):
    path = write_scenes(tmp_path / "scenes", 1)[0]
    server = FolderServer(tmp_path / "scenes", dated=True)
    try:
        name = f"{server.base}/{path.name}"
        build_index(f"{name}?sig=secret")
        outcome = build_index(f"{name}?sig=other")
        assert (outcome.num_kept, outcome.num_added) == (1, 0)
        assert known(tmp_path)[name].size == path.stat().st_size
        os.utime(path, (1_600_000_000, 1_600_000_000))
        outcome = build_index(name)
        assert (outcome.num_replaced, outcome.num_added) == (1, 9)
    finally:
        server.close()


def test_a_server_that_says_nothing_is_as_before(write_scenes, build_index, serve, tmp_path):
    path = write_scenes(tmp_path / "scenes", 1)[0]
    name = f"{serve(tmp_path / 'scenes')}/{path.name}"
    build_index(name)
    record = known(tmp_path)[name]
    assert (record.size, record.content) == (-1, fingerprint_of_name(source_of(record)))
    outcome = build_index(name)
    assert (outcome.num_kept, outcome.num_added) == (1, 0)
