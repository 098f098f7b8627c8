"""Pictures of hits."""

import os
from dataclasses import replace

import numpy as np
import pytest
import shapely.affinity

import harma.index.pictures
from harma.errors import DataError
from harma.index.index import Index
from harma.index.pictures import pictures_of
from harma.scenes.raster import open_scene


@pytest.fixture
def index(write_scenes, build_index, model, tmp_path):
    write_scenes(tmp_path / "scenes", 3)
    build_index(tmp_path / "scenes")
    return Index.open(tmp_path / "index", model=model[0])


def test_pictures_are_the_scenes_own_pixels_and_every_scene_is_opened_once(index, monkeypatch):
    opened = []

    def counting(source, *options, **others):
        opened.append(source)
        return open_scene(source, *options, **others)

    monkeypatch.setattr(harma.index.pictures, "open_scene", counting)
    hits = index.search("a river", k=20)
    pictures = pictures_of(index.store, hits)
    assert len(pictures) == 20
    assert sorted(opened) == sorted({hit.source for hit in hits})
    for found, shown in zip(hits, pictures, strict=True):
        with open_scene(found.source) as scene:
            assert np.array_equal(np.asarray(shown.image), scene.read(found.window)[0])
        assert shown.problem == ""
    assert pictures_of(index.store, hits[:1], size=16)[0].image.size == (16, 16)
    assert pictures_of(index.store, []) == []


def test_without_its_scene_a_hit_has_the_indexs_thumbnail_and_says_so(index, tmp_path):
    hits = index.search("a river", k=27)
    gone, changed, touched = sorted((tmp_path / "scenes").iterdir())
    before = {
        found.id: shown.image
        for found, shown in zip(hits, pictures_of(index.store, hits), strict=True)
    }
    gone.unlink()
    changed.write_bytes(changed.read_bytes() + b" ")
    os.utime(touched, (1, 1))  # another time, the same bytes
    for found, shown in zip(hits, pictures_of(index.store, hits), strict=True):
        expected = {
            str(gone): "it is not there",
            str(changed): "it has changed since it was indexed",
            str(touched): "",
        }
        assert shown.problem == expected[found.source]
        assert shown.image.mode == "RGB"
        difference = np.asarray(shown.image, dtype=float) - np.asarray(
            before[found.id], dtype=float
        )
        assert np.abs(difference).mean() < (0.001 if found.source == str(touched) else 20)


def test_what_takes_the_place_of_a_scene_is_not_opened(index, tmp_path, monkeypatch):
    hits = index.search("a river", k=27)
    pipe, device, vrt = sorted((tmp_path / "scenes").iterdir())
    for scene in (pipe, device, vrt):
        scene.unlink()
    # Who opens the first two waits for ever, or reads without end.
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    vrt.write_text(f'<VRTDataset rasterXSize="9" rasterYSize="9">{tmp_path}</VRTDataset>')

    def never(*_, **__):
        raise AssertionError

    monkeypatch.setattr(harma.index.pictures, "open_scene", never)
    expected = {
        str(pipe): "it is not there",
        str(device): "it is not there",
        str(vrt): "it has changed since it was indexed",
    }
    for found, shown in zip(hits, pictures_of(index.store, hits), strict=True):
        assert shown.problem == expected[found.source]


def test_a_hit_that_left_the_index_is_an_error(index, tmp_path):
    found = index.search("a river", k=1)
    with pytest.raises(
        DataError, match="1 hits are not in the index any more, such as nowhere; search again"
    ):
        pictures_of(index.store, [*found, replace(found[0], id="nowhere", source="nowhere.tif")])


def test_a_chip_of_an_index_made_before_scenes_were_shown_north_up_is_not_mistaken(index):
    hit = index.search("a river", k=1)[0]
    # As it was when its scene's rows ran the other way: the same window, another place.
    moved = replace(hit, geometry=shapely.affinity.translate(hit.geometry, 0, 0.001))
    picture = pictures_of(index.store, [moved])[0]
    assert "it was indexed as it is stored" in picture.problem
    assert "harma index reembed" in picture.problem
    nearly = replace(hit, geometry=hit.geometry.buffer(1e-9))
    assert pictures_of(index.store, [nearly])[0].problem == ""


@pytest.mark.parametrize("jpeg", [b"x", b"\xff\xd8\xff\xe0", b"\x89PNG" + b"\0" * 40, b"BM"])
def test_for_a_damaged_thumbnail_a_grey_one_stands(index, tmp_path, monkeypatch, caplog, jpeg):
    hits = index.search("a river", k=3)
    for path in (tmp_path / "scenes").iterdir():
        path.unlink()
    kept = {hit.id: jpeg for hit in hits}
    monkeypatch.setattr(harma.index.pictures, "thumbnails_of", lambda store, chips: kept)
    for shown in pictures_of(index.store, hits):
        assert np.asarray(shown.image.convert("L")).std() < 1
        assert shown.problem == "it is not there"
    assert "a thumbnail of the index is damaged" in caplog.text
