"""Several indexes become one: all is as it was, each source once; what differs is refused."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import all_rows, chip, make_store
from tests.index.test_split import DIM, SCENES, by_id, files_of, made, stopping

from harma.errors import ConfigError, DataError, MissingFileError, ModelMismatchError
from harma.index.index import Index
from harma.index.merge_indexes import merge_indexes
from harma.index.records import SourceRecord
from harma.index.settings import read_settings
from harma.index.split import Sharding, split_index
from harma.index.store import Store
from harma.scenes.ranges import KindRange
from harma.scenes.stretch import Stretch
from harma.scenes.windows import Tiling


@pytest.fixture
def shards(tmp_path):
    """The years of an index, which is beside them."""
    made(tmp_path / "index")
    return [
        made.directory for made in split_index(tmp_path / "index", tmp_path / "y", Sharding("year"))
    ]


def changed(directory, **values):
    store = Store(directory)
    store.put_settings(replace(store.settings, **values))


def test_a_split_and_a_merge_give_the_same_index(shards, tmp_path):
    before = [files_of(shard) for shard in shards]
    told = []
    merged = merge_indexes(shards, tmp_path / "m", progress=lambda *said: told.append(said))
    assert by_id(tmp_path / "m") == by_id(tmp_path / "index")
    assert Store(tmp_path / "m").sources() == Store(tmp_path / "index").sources()
    assert read_settings(tmp_path / "m") == read_settings(tmp_path / "index")
    assert merged.made.directory == tmp_path / "m"
    assert (merged.made.num_chips, merged.made.num_sources, merged.num_repeated) == (15, 6, 0)
    assert told[-1] == ("copying", 15, 15)
    assert ("comparing", 15, 15) in told
    assert [files_of(shard) for shard in shards] == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "m", "y"]


def test_a_build_knows_what_is_there(write_scenes, build_index, tmp_path):
    write_scenes(tmp_path / "scenes", 3)
    build_index(tmp_path / "scenes")
    split_index(tmp_path / "index", tmp_path / "years", Sharding("year"))
    years = sorted((tmp_path / "years").iterdir())
    merge_indexes(years, tmp_path / "merged")
    for directory, kept in ((tmp_path / "merged", 3), (years[0], 1)):
        outcome = build_index(tmp_path / "scenes", directory=directory)
        assert (outcome.num_kept, outcome.num_added) == (kept, 9 * (3 - kept))
        assert Index.open(directory).verify() == []
    assert by_id(tmp_path / "merged") == by_id(tmp_path / "index")


def test_a_source_that_is_the_same_is_taken_once(shards, tmp_path):
    other = made(tmp_path / "other", {"/naip/a.tif": (2019, (4.0, 52.0)), "/z.tif": (2000, None)})
    merged = merge_indexes([*shards, other], tmp_path / "m")
    # The picture that could not be read is in both too.
    assert (merged.made.num_chips, merged.num_repeated) == (18, 2)
    assert merged.made.num_unfinished == 0
    assert len(by_id(tmp_path / "m")) == 18


def test_what_could_not_be_used_here_is_taken_from_there(tmp_path):
    one = made(tmp_path / "one")
    two = made(tmp_path / "two", {"/bad.tif": (2019, None)})
    for order in ([one, two], [two, one]):
        output = tmp_path / f"m-{order[0].name}"
        merged = merge_indexes(order, output)
        assert merged.made.num_chips == 18
        assert Store(output).sources()["/bad.tif"].num_chips == 3


def test_a_source_that_differs_is_refused(shards, tmp_path):
    other = made(tmp_path / "other", {"/naip/a.tif": (2019, None)})
    store = Store(other)
    store.put_sources([replace(store.sources()["/naip/a.tif"], content="changed")])
    with pytest.raises(DataError, match=r"/naip/a.tif is in .*2019 with 3 .*other with 3, or of"):
        merge_indexes([*shards, other], tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_an_id_of_two_chips_is_refused(tmp_path):
    for name in ("one", "two"):
        made(tmp_path / name, {f"/{name}.tif": (2019, None)})
        store = Store(tmp_path / name)
        store.add_chips([chip(id="0", source=f"/{name}/x.tif")], np.eye(1, DIM, dtype=np.float32))
    with pytest.raises(DataError, match=r"the id 0 means a chip of \S*one and another of \S*two"):
        merge_indexes([tmp_path / "one", tmp_path / "two"], tmp_path / "m")


def test_chips_of_a_build_that_was_killed_are_taken_from_one(tmp_path):
    for name in ("one", "two"):
        made(tmp_path / name, {f"/{name}.tif": (2019, None)})
        store = Store(tmp_path / name)
        store.add_chips([chip(id="k", source="/killed.tif")], np.eye(1, DIM, dtype=np.float32))
    merged = merge_indexes([tmp_path / "one", tmp_path / "two"], tmp_path / "m")
    assert merged.made.num_chips == 7
    assert "/killed.tif" not in Store(tmp_path / "m").sources()


def test_other_settings_are_refused(shards, tmp_path):
    changed(shards[1], tiling=Tiling(size=64))
    with pytest.raises(ConfigError, match=r"made with tiling .*2019 with .*64.*--index B"):
        merge_indexes(shards, tmp_path / "m")
    changed(shards[1], tiling=Tiling(), max_nodata=0.25)
    with pytest.raises(ConfigError, match=r"made with max_nodata 0.5, .*2019 with 0.25"):
        merge_indexes(shards, tmp_path / "m")


def test_another_model_is_refused(shards, tmp_path):
    make_store(tmp_path / "other", 10, dim=16)
    with pytest.raises(ModelMismatchError, match="their scores do not compare"):
        merge_indexes([*shards, tmp_path / "other"], tmp_path / "m")


def test_inputs_that_are_none(shards, tmp_path):
    with pytest.raises(ConfigError, match="two indexes or more"):
        merge_indexes(shards[:1], tmp_path / "m")
    with pytest.raises(ConfigError, match="is named twice"):
        merge_indexes([shards[0], shards[0]], tmp_path / "m")
    with pytest.raises(MissingFileError, match="gone is no index"):
        merge_indexes([shards[0], tmp_path / "gone"], tmp_path / "m")
    for file in (shards[0] / "tables").rglob("*.lance"):
        if file.is_file():
            file.unlink()
    with pytest.raises(DataError, match=f"{shards[0].name} cannot be read"):
        merge_indexes(shards, tmp_path / "m")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "y"]


def test_properties_of_both(tmp_path):
    one = made(tmp_path / "one")
    two = Store.create(tmp_path / "two", read_settings(one))
    row = chip(id="s", source="/s.tif", properties=(("sensor_name", "MSI"),))
    two.add_chips([row], np.eye(1, DIM, dtype=np.float32))
    two.put_sources([SourceRecord("/s.tif", 1, 2, "c", num_chips=1)])
    merge_indexes([one, tmp_path / "two"], tmp_path / "m")
    rows = Store(tmp_path / "m").rows(["cloud", "sensor_name"]).to_pylist()
    assert sum(row["sensor_name"] == "MSI" and row["cloud"] is None for row in rows) == 1
    assert sum(row["cloud"] is not None for row in rows) == 3 * len(SCENES)


def test_ranges_of_kinds(shards, tmp_path):
    shutil.rmtree(shards.pop())
    kinds = [
        KindRange(kind, Stretch((low,), (9.0,)))
        for kind, low in (("a", 0.0), ("b", 0.0), ("a", 1.0))
    ]
    for shard, kind in zip(shards, kinds, strict=True):
        store = Store(shard)
        reading = replace(store.settings.reading, ranges=(kind,))
        store.put_settings(replace(store.settings, reading=reading))
    with pytest.raises(ConfigError, match="shows a from"):
        merge_indexes(shards, tmp_path / "m")
    merge_indexes(shards[:2], tmp_path / "m")
    assert read_settings(tmp_path / "m").reading.ranges == tuple(kinds[:2])


# -- interruptions and bounds ---------------------------------------------------------------------


def test_a_merge_goes_on_after_an_interruption(shards, tmp_path, small_steps):
    before = [files_of(shard) for shard in shards]
    merge_indexes(shards, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        merge_indexes(shards, tmp_path / "m", progress=stopping(6))
    kept = Store(tmp_path / ".m.making/made").count()
    assert 0 < kept < 15
    with pytest.raises(ConfigError, match=r"interrupted merge inputs .*1999.*--anew to remove it"):
        merge_indexes(shards[::-1], tmp_path / "m")
    told = []
    merge_indexes(shards, tmp_path / "m", progress=lambda *said: told.append(said))
    copied = [done for what, done, _ in told if what == "copying"]
    assert (copied[0], copied[-1]) == (3, 15)
    assert str(all_rows(Store(tmp_path / "m"))) == str(all_rows(Store(tmp_path / "whole")))
    assert Store(tmp_path / "m").sources() == Store(tmp_path / "whole").sources()
    assert [files_of(shard) for shard in shards] == before


def test_a_refused_merge_leaves_nothing(shards, tmp_path):
    changed(shards[1], tiling=Tiling(size=64))
    with pytest.raises(ConfigError, match="made with tiling"):
        merge_indexes(shards, tmp_path / "m")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "y"]


def test_much_is_merged_a_part_at_a_time(tmp_path, small_steps, monkeypatch):
    one = made(tmp_path / "one")
    two = made(tmp_path / "two", {"/z.tif": (2019, None), "/naip/a.tif": (2019, (4.0, 52.0))})
    whole = merge_indexes([one, two], tmp_path / "whole")
    monkeypatch.setattr("harma.index.owners.SOURCES_AT_ONCE", 2)
    monkeypatch.setattr("harma.index.merge_indexes.IDS_AT_ONCE", 4)
    with pytest.raises(KeyboardInterrupt):
        merge_indexes([one, two], tmp_path / "m", progress=stopping(20))
    parts = merge_indexes([one, two], tmp_path / "m")
    assert replace(parts.made, directory="") == replace(whole.made, directory="")
    assert parts.num_repeated == whole.num_repeated == 2
    assert by_id(tmp_path / "m") == by_id(tmp_path / "whole")
    assert Store(tmp_path / "m").sources() == Store(tmp_path / "whole").sources()
    for name in ("one", "two"):
        store = Store(tmp_path / name)
        store.add_chips([chip(id="0", source=f"/{name}/x.tif")], np.eye(1, DIM, dtype=np.float32))
    with pytest.raises(DataError, match="the id 0 means a chip of"):
        merge_indexes([one, two], tmp_path / "again")
