import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from harma.data import cache as module
from harma.data.cache import MODES, ImageCache, default_directory
from harma.data.synthetic.spectral_dataset import make_spectral_scenes
from harma.errors import ConfigError, DataError, MissingFileError, StorageError
from harma.scenes.model_bands import BAND_SETS
from harma.scenes.picture import read_image, to_uint8_rgb
from harma.scenes.reading import Reading
from harma.scenes.rendering import read_rgb, read_values


@pytest.fixture
def paths(root):
    return [root.image(f"{i}.png", i, size=(5 + i, 7)) for i in range(4)]


@pytest.fixture
def decoded(monkeypatch):
    """The paths decoded so far."""
    seen = []

    def read(path, reading):
        seen.append(path)
        return read_rgb(path, reading)

    monkeypatch.setattr(module, "read_rgb", read)
    return seen


def entries(directory):
    return sorted(path for path in directory.rglob("*") if path.is_file())


@pytest.mark.parametrize("mode", MODES)
def test_gives_what_decoding_gives(paths, tmp_path, mode):
    cache = ImageCache(mode, tmp_path / "cache")
    for _ in range(2):
        for path in paths:
            tensor = cache.get(path)
            assert tensor.dtype == torch.uint8
            assert torch.equal(tensor, to_uint8_rgb(read_image(path)))


@pytest.mark.parametrize(("mode", "times"), [("none", 2), ("memory", 1), ("disk", 1)])
def test_decodes_once(paths, tmp_path, decoded, mode, times):
    cache = ImageCache(mode, tmp_path / "cache")
    for path in paths * 2:
        cache.get(path)
    assert len(decoded) == times * len(paths)


@pytest.mark.parametrize("mode", ["memory", "disk"])
def test_preload(paths, tmp_path, decoded, mode):
    cache = ImageCache(mode, tmp_path / "cache")
    told = []
    cache.preload(
        paths + paths[:1], num_workers=2, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert sorted(decoded) == sorted(paths)
    for path in paths:
        cache.get(path)
    cache.preload(paths)
    assert len(decoded) == 4


def test_preload_without_a_cache_does_nothing(paths, decoded):
    ImageCache("none").preload(paths)
    assert decoded == []


def test_preload_names_what_it_cannot_decode(paths):
    paths[2].write_bytes(b"")
    with pytest.raises(DataError, match=r"2.png is empty"):
        ImageCache("memory").preload(paths, num_workers=2)


def test_memory_spans_blocks(paths, monkeypatch):
    monkeypatch.setattr(
        module, "BLOCK_BYTES", 250
    )  # two of the small pictures, but none of the large one
    cache = ImageCache("memory")
    large = paths[0].with_name("large.png")
    Image.effect_noise((30, 30), 50).save(large)
    cache.preload([*paths, large, paths[0]])
    for path in [*paths, large]:
        assert torch.equal(cache.get(path), to_uint8_rgb(read_image(path)))


class Corners(Dataset):
    """The top left pixels of pictures, out of a cache."""

    def __init__(self, paths, cache):
        self.paths, self.cache = paths, cache

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        return self.cache.get(self.paths[index])[:, :2, :2].clone()


def test_workers_share_what_was_preloaded(paths):
    cache = ImageCache("memory")
    cache.preload(paths)
    expected = [to_uint8_rgb(read_image(path))[:, :2, :2] for path in paths]
    for path in paths:
        path.unlink()
    loader = DataLoader(Corners(paths, cache), batch_size=2, num_workers=2)
    assert torch.equal(torch.cat(list(loader)), torch.stack(expected))


def test_workers_do_not_keep_what_was_not_preloaded_and_say_so(paths, monkeypatch, caplog):
    monkeypatch.setattr(module, "get_worker_info", lambda: "a worker")
    cache = ImageCache("memory")
    for path in paths:
        cache.get(path)
    (record,) = caplog.records
    assert "was not preloaded: worker processes decode it each time" in record.getMessage()
    assert not cache._places


# -- disk


def test_another_process_finds_the_entries(paths, tmp_path, decoded):
    ImageCache("disk", tmp_path / "cache").preload(paths)
    again = ImageCache("disk", tmp_path / "cache")
    for path in paths:
        again.get(path)
    assert len(decoded) == len(paths)
    assert all(entry.suffix == ".npy" for entry in entries(tmp_path / "cache"))


def test_a_changed_image_is_decoded_again(paths, tmp_path):
    cache = ImageCache("disk", tmp_path / "cache")
    before = cache.get(paths[0]).clone()
    stat = paths[0].stat()
    Image.new("RGB", (5, 7), (1, 2, 3)).save(paths[0])
    assert cache.get(paths[0])[:, 0, 0].tolist() == [1, 2, 3]
    os.utime(paths[0], ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert not torch.equal(cache.get(paths[0]), before)
    assert len(entries(tmp_path / "cache")) == 3


OTHER_ARRAYS = {
    "flat": np.zeros((3, 4), np.uint8),
    "floats": np.zeros((7, 5, 3)),
    "alpha": np.zeros((7, 5, 4), np.uint8),
    "empty": np.zeros((0, 5, 3), np.uint8),
    "channels first": np.zeros((3, 7, 5), np.uint8),
    "film": np.zeros((2, 7, 3, 3), np.uint8),
}


@pytest.mark.parametrize("damage", [b"", b"\0" * 300, b"text", "half", *OTHER_ARRAYS])
def test_a_damaged_entry_is_decoded_again(paths, tmp_path, damage, decoded):
    cache = ImageCache("disk", tmp_path / "cache")
    expected = cache.get(paths[0]).clone()
    (entry,) = entries(tmp_path / "cache")
    if damage == "half":
        entry.write_bytes(entry.read_bytes()[:150])
    elif damage in OTHER_ARRAYS:
        np.save(entry, OTHER_ARRAYS[damage])
    else:
        entry.write_bytes(damage)
    assert torch.equal(cache.get(paths[0]), expected)
    assert len(decoded) == 2
    assert torch.equal(cache.get(paths[0]), expected)
    assert len(decoded) == 2, "the entry was mended"


def test_writing_into_a_result_leaves_the_entry(paths, tmp_path):
    cache = ImageCache("disk", tmp_path / "cache")
    expected = cache.get(paths[0]).clone()
    cache.get(paths[0]).fill_(0)
    assert torch.equal(cache.get(paths[0]), expected)


def test_many_threads_may_write_the_same_entry(paths, tmp_path):
    cache = ImageCache("disk", tmp_path / "cache")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(cache.get, paths[:1] * 40))
    assert all(torch.equal(each, found[0]) for each in found)
    assert len(entries(tmp_path / "cache")) == 1


def test_pickles_are_not_loaded(paths, tmp_path):
    cache = ImageCache("disk", tmp_path / "cache")
    expected = cache.get(paths[0]).clone()
    (entry,) = entries(tmp_path / "cache")
    np.save(entry, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert torch.equal(cache.get(paths[0]), expected)


def test_errors(paths, tmp_path):
    with pytest.raises(ConfigError, match="data.cache is 'ram'; allowed are none, memory, disk"):
        ImageCache("ram")
    (tmp_path / "file").write_text("")
    with pytest.raises(
        StorageError,
        match=r"the image cache .*file cannot be written \(Not a directory\); give another",
    ):
        ImageCache("disk", tmp_path / "file").get(paths[0])
    paths[0].unlink()
    with pytest.raises(MissingFileError, match=r"0.png is not there"):
        ImageCache("disk", tmp_path / "cache").get(paths[0])


def test_a_write_that_fails_leaves_nothing(paths, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(StorageError, match=r"cannot be written \(No space left on device\)"):
        ImageCache("disk", tmp_path / "cache").get(paths[0])
    assert entries(tmp_path / "cache") == []


def test_default_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_directory() == tmp_path / "harma" / "images"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_directory() == tmp_path / ".cache" / "harma" / "images"


def test_the_key_holds_path_size_time_and_decoding(paths, tmp_path, monkeypatch):
    cache = ImageCache("disk", tmp_path / "cache")
    other = paths[0].with_name("other.png")
    other.write_bytes(paths[0].read_bytes())
    stat = paths[0].stat()
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    keys = [cache._entry(paths[0]), cache._entry(other)]
    # The same time, another size.
    other.write_bytes(paths[0].read_bytes() + b"x")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    keys.append(cache._entry(other))
    # The same size, another time.
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns - 1))
    keys.append(cache._entry(other))
    monkeypatch.setattr(module, "DECODING", module.DECODING + 1)
    keys.append(cache._entry(other))
    assert len(set(keys)) == 5
    assert all(key.parent.name == key.name[:2] for key in keys)


def test_the_same_image_by_a_relative_path_is_the_same_entry(paths, tmp_path, monkeypatch):
    cache = ImageCache("disk", tmp_path / "cache")
    monkeypatch.chdir(paths[0].parent)
    assert cache._entry(Path(paths[0].name)) == cache._entry(paths[0])


def test_a_block_is_filled_to_its_last_byte(paths, monkeypatch):
    """0.png and 1.png are 5×7 and 6×7 pixels of three bytes."""
    for size, num_blocks in ((231, 1), (230, 2)):
        monkeypatch.setattr(module, "BLOCK_BYTES", size)
        cache = ImageCache("memory")
        cache.preload(paths[:2])
        assert len(cache._blocks) == num_blocks
        for path in paths[:2]:
            assert torch.equal(cache.get(path), to_uint8_rgb(read_image(path)))


@pytest.mark.parametrize("portion", [1, 2, 3, 4, 5])
def test_portions_change_nothing(paths, monkeypatch, portion):
    monkeypatch.setattr(module, "PORTION", portion)
    cache = ImageCache("memory")
    told = []
    cache.preload(paths, num_workers=0, progress=lambda *counts: told.append(counts))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert set(cache._places) == set(paths)


def test_where_entries_go(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ImageCache("disk", "~/c").directory == tmp_path / "c"
    for empty in ("", None):
        monkeypatch.setenv("XDG_CACHE_HOME", "")
        assert ImageCache("disk", empty).directory == tmp_path / ".cache" / "harma" / "images"


@pytest.mark.parametrize("mode", ["none", "memory", "disk"])
def test_values_of_bands_are_kept_as_they_are(tmp_path, mode):
    data = make_spectral_scenes(tmp_path / "data", train=3, val=1, test=1, size=16, captions=1)
    images = sorted((data.parent / "images").glob("*.tif"))
    reading = Reading(values=BAND_SETS["sentinel-2-4"])
    cache = ImageCache(mode, tmp_path / "cache", reading)
    cache.preload(images)
    for _ in range(2):
        for path in images:
            found = cache.get(path)
            assert (found.dtype, found.shape) == (torch.float32, (4, 16, 16))
            np.testing.assert_array_equal(found.permute(1, 2, 0), read_values(path, reading))
    # The same files as pictures are other entries.
    as_picture = ImageCache(mode, tmp_path / "cache").get(images[0])
    assert (as_picture.dtype, as_picture.shape) == (torch.uint8, (3, 16, 16))
