"""New indexes are there when they are whole: by a rename, in a bucket by their settings."""

import numpy as np
import pytest
from tests.index.made import chip, made_settings

from harma.errors import BusyError, ConfigError, MissingFileError
from harma.ground.lock import locked
from harma.index.new_indexes import new_indexes
from harma.index.settings import is_index
from harma.index.store import Store

DIM = 8
EMBEDDING = np.eye(1, DIM, dtype=np.float32)


def test_a_new_directory(tmp_path):
    with new_indexes(tmp_path / "new", []) as new:
        new.create("a", made_settings(DIM))
        assert list((tmp_path / "new").glob("[!.]*")) == []
        with pytest.raises(BusyError), new_indexes(tmp_path / "new", []):
            pass
        assert new.place("a") == tmp_path / "new/a"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a"]
    with pytest.raises(ConfigError, match="not empty"), new_indexes(tmp_path / "new", []):
        pass
    with (
        pytest.raises(ConfigError, match="inside"),
        new_indexes(tmp_path / "new/x", [tmp_path / "new"]),
    ):
        pass
    (tmp_path / "empty").mkdir()
    with pytest.raises(ZeroDivisionError), new_indexes(tmp_path / "empty", []):
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), new_indexes(tmp_path / "gone", []):
        raise ZeroDivisionError
    # One that was there stays.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "new"]
    busy = pytest.raises(BusyError, match="another process is writing the index")
    with locked(tmp_path / "empty", "writing"), busy, new_indexes(tmp_path / "empty", []):
        pass


@pytest.mark.parametrize("name", ["", "a"])
def test_in_a_bucket(bucket, name):
    output = f"{bucket.address}/new"
    place = f"{output}/{name}".rstrip("/")
    with new_indexes(output, []) as new:
        store = new.create(name, made_settings(DIM))
        store.add_chips([chip(id="one")], EMBEDDING)
        assert not is_index(place)
        assert new.place(name) == place
        busy = pytest.raises(BusyError, match="is writing the index")
        with busy, new_indexes(output, []):
            pass
    assert Store(place).count() == 1
    assert not bucket.keys("new/.making")
    with pytest.raises(ConfigError, match="not empty"), new_indexes(output, []):
        pass
    with pytest.raises(ConfigError, match="inside"), new_indexes(f"{output}/x", [output]):
        pass


def test_what_a_killed_process_left_in_a_bucket_is_removed_by_the_next(bucket):
    output = f"{bucket.address}/new"

    def killed(new):
        new.create("old", made_settings(DIM)).add_chips([chip(id="one")], EMBEDDING)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), new_indexes(output, []) as new:
        killed(new)
    with pytest.raises(MissingFileError):
        Store(f"{output}/old")
    assert bucket.keys("new/old/tables")
    with new_indexes(output, []) as new:
        new.create("next", made_settings(DIM))
    assert not bucket.keys("new/old")
    assert Store(f"{output}/next").count() == 0
