"""New indexes are there when they are whole: by a rename, in a bucket by their settings."""

from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import chip, made_settings, make_store

from harma.errors import BusyError, ConfigError, MissingFileError
from harma.ground.lock import locked
from harma.ground.storage.home import home_of
from harma.index.new_indexes import LOCKS, MadeOf, NewIndexes, made_of, new_indexes
from harma.index.settings import is_index
from harma.index.store import Store

DIM = 8
ASKED = MadeOf("split", {"by": "year"}, [{"versions": [1, 1]}])
EMBEDDING = np.eye(1, DIM, dtype=np.float32)


def test_a_new_directory(tmp_path):
    with new_indexes(tmp_path / "new", [], ASKED) as new:
        new.create("a", made_settings(DIM))
        assert list((tmp_path / "new").glob("[!.]*")) == []
        with pytest.raises(BusyError), new_indexes(tmp_path / "new", [], ASKED):
            pass
        assert new.place("a") == tmp_path / "new/a"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a"]
    with pytest.raises(ConfigError, match="not empty"), new_indexes(tmp_path / "new", [], ASKED):
        pass
    with (
        pytest.raises(ConfigError, match="inside"),
        new_indexes(tmp_path / "new/x", [tmp_path / "new"], ASKED),
    ):
        pass
    (tmp_path / "empty").mkdir()
    with pytest.raises(ZeroDivisionError), new_indexes(tmp_path / "empty", [], ASKED):
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), new_indexes(tmp_path / "gone", [], ASKED):
        raise ZeroDivisionError
    # One that was there stays.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "new"]
    busy = pytest.raises(BusyError, match="another process is writing the index")
    with locked(tmp_path / "empty", "writing"), busy, new_indexes(tmp_path / "empty", [], ASKED):
        pass


@pytest.mark.parametrize("name", ["", "a"])
def test_in_a_bucket(bucket, name):
    output = f"{bucket.address}/new"
    place = f"{output}/{name}".rstrip("/")
    with new_indexes(output, [], ASKED) as new:
        store = new.create(name, made_settings(DIM))
        store.add_chips([chip(id="one")], EMBEDDING)
        assert not is_index(place)
        assert new.place(name) == place
        busy = pytest.raises(BusyError, match="is writing the index")
        with busy, new_indexes(output, [], ASKED):
            pass
    assert Store(place).count() == 1
    assert not bucket.keys("new/.making")
    with pytest.raises(ConfigError, match="not empty"), new_indexes(output, [], ASKED):
        pass
    with pytest.raises(ConfigError, match="inside"), new_indexes(f"{output}/x", [output], ASKED):
        pass


def begun(output):
    """What a run leaves that ends too early."""

    def killed(new):
        new.create("old", made_settings(DIM)).add_chips([chip(id="one")], EMBEDDING)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), new_indexes(output, [], ASKED) as new:
        killed(new)
    with pytest.raises(MissingFileError):
        Store(f"{output}/old")


@pytest.fixture(params=["folder", "bucket"])
def output(request, tmp_path):
    if request.param == "folder":
        return str(tmp_path / "new")
    return f"{request.getfixturevalue('bucket').address}/new"


def test_what_is_asked_for_again_goes_on(output, caplog):
    begun(output)
    with new_indexes(output, [], ASKED) as new:
        assert new.create("old", made_settings(DIM)).count() == 1
        new.create("next", made_settings(DIM))
    assert (Store(f"{output}/old").count(), Store(f"{output}/next").count()) == (1, 0)
    assert sorted(set(home_of(output).names()) - LOCKS) == ["next", "old"]
    assert not caplog.records


def test_other_arguments_are_refused(output):
    begun(output)
    said = r"an interrupted split by year; .* --anew to remove it and begin a "
    for asked in (replace(ASKED, arguments={"by": "region"}), replace(ASKED, deed="merge")):
        with pytest.raises(ConfigError, match=said + asked.deed), new_indexes(output, [], asked):
            pass
    with new_indexes(output, [], replace(ASKED, arguments={}), anew=True) as new:
        new.create("next", made_settings(DIM))
    assert sorted(set(home_of(output).names()) - LOCKS) == ["next"]


def test_other_versions_begin_anew(output, caplog):
    begun(output)
    with new_indexes(output, [], replace(ASKED, inputs=[{"versions": [2, 1]}])) as new:
        assert new.create("old", made_settings(DIM)).count() == 0
    assert "it begins anew" in caplog.text


def test_what_another_version_left_in_a_bucket_is_removed(bucket):
    output = f"{bucket.address}/new"
    begun(output)
    home_of(output).remove(".making/asked.json")
    assert bucket.keys("new/old/tables")
    with new_indexes(output, [], ASKED) as new:
        assert not bucket.keys("new/old")
        new.create("next", made_settings(DIM))


def test_indexes_that_are_whole_in_a_bucket_stay_whatever_is_killed(bucket, monkeypatch):
    output = f"{bucket.address}/new"

    def make():
        with new_indexes(output, [], ASKED) as new:
            new.create("old", made_settings(DIM)).add_chips([chip(id="one")], EMBEDDING)

    with monkeypatch.context() as patch:
        patch.setattr(NewIndexes, "_tidy", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            make()
    assert bucket.keys("new/.making")
    with pytest.raises(ConfigError, match="not empty"), new_indexes(output, [], ASKED, anew=True):
        pass
    assert not bucket.keys("new/.making")
    assert Store(f"{output}/old").count() == 1


def test_what_is_asked_of_inputs(tmp_path):
    store = make_store(tmp_path / "index", 3, dim=DIM)
    asked = made_of("merge", [store], {"by": "year"})
    assert asked.arguments == {"inputs": [str(tmp_path / "index")], "by": "year"}
    assert made_of("merge", [Store(tmp_path / "index")], {"by": "year"}) == asked
    store.drop_sources(["/scenes/0000.tif"])
    assert made_of("merge", [store], {"by": "year"}) != asked
