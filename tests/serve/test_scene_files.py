"""Scenes opened for clients: as they were indexed, kept open for a while, never changed ones."""

import os
import threading
from pathlib import Path

import pytest
from affine import Affine
from tests.serve.mixed import picture, write_raster

from harma.errors import ConflictError, NotFoundError
from harma.index.store import Store
from harma.serve.open_scenes import OpenScenes
from harma.serve.scene_files import SceneFiles
from harma.serve.tiles import draw_tile


@pytest.fixture
def store(archive):
    return Store(archive)


def records(store):
    return list(store.sources().values())


def look(files, store, record):
    with files.opened("archive", store.settings, record) as kept:
        return kept


def test_a_scene_stays_open_for_the_next_tile(store):
    files = SceneFiles()
    record = records(store)[0]
    kept = look(files, store, record)
    assert look(files, store, record) is kept
    assert not kept.dataset.closed
    assert kept.scene.facts.width == record.width


def test_the_scene_that_was_used_longest_ago_is_closed(store):
    files = SceneFiles(OpenScenes(2))
    one, two, three = records(store)
    first, second = look(files, store, one), look(files, store, two)
    look(files, store, one)
    third = look(files, store, three)
    assert (first.dataset.closed, second.dataset.closed, third.dataset.closed) == (
        False,
        True,
        False,
    )
    assert look(files, store, two) is not second


def test_each_thread_has_its_own(store):
    files = SceneFiles()
    record = records(store)[0]
    seen = [look(files, store, record)]
    thread = threading.Thread(target=lambda: seen.append(look(files, store, record)))
    thread.start()
    thread.join()
    assert seen[0] is not seen[1]
    assert look(files, store, record) is seen[0]


def test_a_file_that_changed_or_went_is_told_without_its_path(store, tmp_path):
    files = SceneFiles()
    record = records(store)[0]
    path = Path(record.source)
    kept = look(files, store, record)
    write_raster(path, picture(5), "EPSG:32631", Affine(2, 0, 500_000, 0, -2, 5_000_000))
    with pytest.raises(ConflictError, match="has changed since it was indexed") as error:
        look(files, store, record)
    assert str(tmp_path) not in str(error.value)
    assert kept.dataset.closed
    path.unlink()
    with pytest.raises(NotFoundError, match="not there any more"):
        look(files, store, record)


def test_a_file_that_was_only_touched_is_shown(store, monkeypatch):
    files = SceneFiles()
    record = records(store)[0]
    os.utime(record.source, ns=(1, 1))
    look(files, store, record)
    # Its bytes are compared once.
    monkeypatch.setattr("harma.serve.scene_files.fingerprint", pytest.fail)
    look(files, store, record)


def test_a_damaged_file_is_told_without_its_path(store, tmp_path):
    files = SceneFiles()
    record = records(store)[0]
    path = Path(record.source)
    stat = path.stat()
    # As large, and of the same time: only GDAL sees it.
    path.write_bytes(b"x" * stat.st_size)
    os.utime(path, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    with pytest.raises(ConflictError, match="cannot be read now") as error:
        look(files, store, record)
    assert str(tmp_path) not in str(error.value)


def test_what_fails_while_it_is_read_closes_it(store):
    files = SceneFiles()
    record = records(store)[0]
    kept = look(files, store, record)
    with pytest.raises(ConflictError), files.opened("archive", store.settings, record):
        raise OSError("no")
    assert kept.dataset.closed


def test_scenes_are_drawn_while_others_are_opened_and_closed(store):
    # Their settings of GDAL must not get into each other's way.
    files = SceneFiles(OpenScenes(1))
    for record in records(store) * 3:
        with files.opened("archive", store.settings, record) as kept:
            draw_tile(kept, 0, 0, 0)
            kept.scene.overview(16)
