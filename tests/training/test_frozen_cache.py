"""The disk cache of frozen outputs: bounded, whole entries, shared by runs."""

import os

import pytest
import torch

from harma.errors import ConfigError, StorageError
from harma.training.frozen_cache import FrozenCache, default_directory, entry_name

KILOBYTE = torch.arange(256, dtype=torch.float32)[:, None]


def test_what_is_put_is_got(tmp_path):
    cache = FrozenCache(tmp_path / "frozen", 10_000)
    assert cache.get("a", 256) is None
    cache.put("a", KILOBYTE)
    other = FrozenCache(tmp_path / "frozen", 10_000)
    assert torch.equal(other.get("a", 256), KILOBYTE)
    assert other.get("a", 255) is None, "an entry of other inputs"
    assert 1024 <= other.num_bytes() < 1300


def test_a_damaged_entry_is_told_and_made_again(tmp_path, caplog):
    cache = FrozenCache(tmp_path, 10_000)
    cache.put("a", KILOBYTE)
    (tmp_path / "a.safetensors").write_bytes(b"broken")
    assert cache.get("a", 256) is None
    assert "a.safetensors is damaged" in caplog.text
    cache.put("a", KILOBYTE)
    assert torch.equal(cache.get("a", 256), KILOBYTE)


def test_what_was_used_longest_ago_goes_first(tmp_path):
    cache = FrozenCache(tmp_path, 4_000)
    for age, name in ((30, "a"), (20, "b"), (10, "c")):
        cache.put(name, KILOBYTE)
        file = tmp_path / f"{name}.safetensors"
        os.utime(file, (file.stat().st_mtime - age,) * 2)
    cache.get("a", 256)
    cache.put("d", KILOBYTE)
    assert [name for name in "abcd" if cache.get(name, 256) is not None] == ["a", "c", "d"]
    assert cache.num_bytes() <= 4_000


def test_what_is_larger_than_the_whole_cache_is_not_kept(tmp_path):
    cache = FrozenCache(tmp_path, 1_500)
    cache.put("a", KILOBYTE)
    cache.put("b", torch.zeros(1000, 1))
    assert cache.get("b", 1000) is None
    assert cache.get("a", 256) is not None, "and nothing goes for it"


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="another train.frozen_cache_dir, or set"):
        FrozenCache(tmp_path / "file", 10_000).put("a", KILOBYTE)
    with pytest.raises(ConfigError, match="frozen_cache_dir"):
        FrozenCache("s3://bucket/frozen", 10_000)


def test_the_default_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_directory() == tmp_path / "harma" / "frozen"


def test_names_depend_on_each_part_by_itself():
    names = {
        entry_name("ab", "c"),
        entry_name("a", "bc"),
        entry_name("abc"),
        entry_name(b"ab", "c"),
    }
    assert len(names) == 3, "a text and its bytes are one"
