"""An index becomes several: by year, by region, by names of sources; nothing is lost or divided."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from tests.index.made import all_rows, chip, made_settings

from harma.errors import BusyError, ConfigError, DataError, MissingFileError
from harma.ground.lock import locked
from harma.index.index import Index
from harma.index.records import SourceRecord
from harma.index.schema import BOX_COLUMNS
from harma.index.settings import read_settings
from harma.index.split import Sharding, split_index
from harma.index.store import WRITING_INDEX, Store

DIM = 8
SCENES = {
    "/naip/a.tif": (2019, (4.0, 52.0)),
    "/naip/b.tif": (2021, (12.0, -3.0)),
    "/s2/c.tif": (2021, (-75.0, 42.0)),
    "/s2/[d].tif": (None, (4.5, 52.5)),
    "/old/e.tif": (1999, None),
}


def made(directory, scenes=None):
    """Scenes of three chips each, with dates and places, and one that could not be read."""
    store = Store.create(directory, made_settings(DIM))
    records = [SourceRecord("/bad.tif", 5, 6, "x", problem="damaged")]
    for name, (year, corner) in (scenes or SCENES).items():
        rows = [_chip(name, number, year, corner) for number in range(3)]
        vectors = np.random.default_rng(len(name)).standard_normal((3, DIM))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        store.add_chips(rows, vectors.astype(np.float32))
        added = datetime(2026, 1, 2, tzinfo=UTC)
        records.append(SourceRecord(name, 7, 8, "c", num_chips=3, stretch="0-9", added=added))
    store.put_sources(records)
    return directory


def _chip(name, number, year, corner):
    columns = {"id": f"{name} {number}", "source": name, "thumbnail": b"jpeg", "column": number}
    if year:
        columns["datetime"] = datetime(year, 6, 1, tzinfo=UTC)
    if corner:
        x, y = corner
        square = shapely.box(x + number, y, x + number + 1, y + 1)
        columns["geometry"] = shapely.to_wkb(square)
        columns |= dict(zip(BOX_COLUMNS, square.bounds, strict=True))
    return chip(properties=(("cloud", float(number)),), **columns)


def contents(directory):
    """Source → chips, of each shard below a directory."""
    shards = {}
    for path in sorted(directory.iterdir()):
        sources = Store(path).sources()
        shards[path.name] = sorted(sources)
    return shards


def by_id(directory):
    rows = all_rows(Store(directory))
    return {row["id"]: {name: str(value) for name, value in row.items()} for row in rows}


def files_of(directory):
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_by_year(tmp_path):
    index = made(tmp_path / "index")
    before = files_of(index)
    told = []
    shards = split_index(
        index, tmp_path / "years", Sharding("year"), progress=lambda *said: told.append(said)
    )
    assert contents(tmp_path / "years") == {
        "1999": ["/old/e.tif"],
        "2019": ["/naip/a.tif"],
        "2021": ["/naip/b.tif", "/s2/c.tif"],
        "undated": ["/bad.tif", "/s2/[d].tif"],
    }
    # Every column of every chip, the fingerprints of sources, and the settings, as they were.
    rows = {}
    records = {}
    for shard in shards:
        rows |= by_id(shard.directory)
        records |= Store(shard.directory).sources()
        assert read_settings(shard.directory) == read_settings(index)
        assert Index.open(shard.directory).store.count() == shard.num_chips
        problems = Index.open(shard.directory).verify()
        assert all("is not there any more" in problem for problem in problems)
    assert rows == by_id(index)
    assert records == Store(index).sources()
    assert [(shard.num_chips, shard.num_sources) for shard in shards] == [
        (3, 1),
        (3, 1),
        (6, 2),
        (3, 2),
    ]
    assert all(shard.num_unfinished == 0 for shard in shards)
    assert shards[0].search == "exact: every chip is compared"
    assert told[-1] == ("copying", 15, 15)
    problems = json.loads((tmp_path / "years/undated/problems.json").read_text())
    assert problems == [{"source": "/bad.tif", "problem": "damaged"}]
    assert files_of(index) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "years"]


def test_by_region(tmp_path):
    split_index(made(tmp_path / "index"), tmp_path / "cells", Sharding("region"))
    assert contents(tmp_path / "cells") == {
        "n40w080": ["/s2/c.tif"],
        "n50e000": ["/naip/a.tif", "/s2/[d].tif"],
        "s10e010": ["/naip/b.tif"],
        "unplaced": ["/bad.tif", "/old/e.tif"],
    }


def test_a_source_is_never_divided(tmp_path):
    # Two of its chips are east of the line between cells, one west of it.
    scenes = {"/line.tif": (2020, (8.6, 1.0)), "/round.tif": (2020, None)}
    index = made(tmp_path / "index", scenes)
    store = Store(index)
    # One that crosses the 180th meridian, whose box goes all around.
    box = dict(zip(BOX_COLUMNS, (-180.0, 1.0, 180.0, 2.0), strict=True))
    rows = [chip(id=f"r{number}", source="/round.tif", **box) for number in range(4)]
    store.add_chips(rows, np.eye(4, DIM, dtype=np.float32))
    split_index(index, tmp_path / "cells", Sharding("region"))
    shards = contents(tmp_path / "cells")
    assert shards["n00e010"] == ["/bad.tif", "/line.tif"]
    assert Store(tmp_path / "cells/n00e010").count() == 3
    assert Store(tmp_path / "cells/n00w180").count() == 7


def test_by_source(tmp_path):
    patterns = {"naip": "*/naip/*", "d": "/s2/[d].tif", "late": "*c.tif"}
    split = Sharding("source", patterns=patterns)
    split_index(made(tmp_path / "index"), tmp_path / "kinds", split)
    assert contents(tmp_path / "kinds") == {
        "d": ["/s2/[d].tif"],
        "late": ["/s2/c.tif"],
        "naip": ["/naip/a.tif", "/naip/b.tif"],
        "rest": ["/bad.tif", "/old/e.tif"],
    }


def test_what_is_not_finished_stays_so_and_is_told(tmp_path):
    index = made(tmp_path / "index")
    store = Store(index)
    # A record that says more chips than there are, and chips without a record.
    store.put_sources([SourceRecord("/naip/a.tif", 7, 8, "c", num_chips=4)])
    store.add_chips([_chip("/new.tif", 0, 2019, None)], np.eye(1, DIM, dtype=np.float32))
    shards = {
        made.directory.name: made for made in split_index(index, tmp_path / "y", Sharding("year"))
    }
    assert (shards["2019"].num_chips, shards["2019"].num_unfinished) == (4, 1)
    # Without its record the next build looks at it again.
    assert Store(tmp_path / "y/2019").sources() == {}


# -- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"by": "month"}, "by year, region, source, not by 'month'"),
        ({"by": "region", "degrees": 0}, "degrees is 0; give 1 to 90"),
        ({"by": "source"}, "needs patterns"),
        ({"by": "year", "patterns": {"a": "*"}}, "no other takes them"),
        ({"by": "source", "patterns": {"../a": "*"}}, "is no name of a shard"),
    ],
)
def test_splits_that_are_none(arguments, said):
    with pytest.raises(ConfigError, match=said):
        Sharding(**arguments)


def test_outputs_that_cannot_be_written(tmp_path):
    index = made(tmp_path / "index")
    (tmp_path / "there").mkdir()
    (tmp_path / "there/file").write_text("kept")
    with pytest.raises(ConfigError, match="is there and not empty"):
        split_index(index, tmp_path / "there", Sharding("year"))
    with pytest.raises(ConfigError, match="lies inside the index"):
        split_index(index, index / "years", Sharding("year"))
    with pytest.raises(MissingFileError, match="is no index"):
        split_index(tmp_path / "gone", tmp_path / "out", Sharding("year"))
    (tmp_path / "made").mkdir()
    with (
        locked(tmp_path / "made", WRITING_INDEX),
        pytest.raises(BusyError, match="another process"),
    ):
        split_index(index, tmp_path / "made", Sharding("year"))
    names = ["index", "made", "there"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def stopping(num_writes):
    """What is told of progress, until so many blocks of chips were copied."""
    left = iter(range(num_writes))

    def progress(what, *_):
        if what == "copying" and next(left, None) is None:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("num_writes", [0, 3, 7])
def test_a_split_goes_on_after_an_interruption(tmp_path, small_steps, num_writes, caplog):
    index = made(tmp_path / "index")
    before = files_of(index)
    split_index(index, tmp_path / "whole", Sharding("year"))
    with pytest.raises(KeyboardInterrupt):
        split_index(index, tmp_path / "out", Sharding("year"), progress=stopping(num_writes))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.making", "index", "whole"]
    copied = []

    def progress(what, done, total):
        if what == "copying":
            copied.append(done)

    split_index(index, tmp_path / "out", Sharding("year"), progress=progress)
    # What was there is taken in one step.
    assert (copied[0], copied[-1]) == ({0: 0, 3: 3, 7: 9}[num_writes], 15)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "out", "whole"]
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    for shard in (tmp_path / "whole").iterdir():
        expected = all_rows(Store(shard))
        assert str(all_rows(Store(tmp_path / "out" / shard.name))) == str(expected)
        assert Store(tmp_path / "out" / shard.name).sources() == Store(shard).sources()
    assert files_of(index) == before
    assert not caplog.records


def test_what_was_begun_otherwise_is_refused(tmp_path, small_steps):
    index = made(tmp_path / "index")
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        split_index(index, out, Sharding("year"), progress=stopping(2))
    said = r"split inputs \['.*index'\] by year; .* --anew to remove it and begin a split"
    with pytest.raises(ConfigError, match=said):
        split_index(index, out, Sharding("region"))
    other = made(tmp_path / "other")
    with pytest.raises(ConfigError, match="interrupted split"):
        split_index(other, out, Sharding("year"))
    # The order of patterns counts.
    first = {"a": "/naip/*", "b": "*"}
    last = {"b": "*", "a": "/naip/*"}
    with pytest.raises(KeyboardInterrupt):
        split_index(index, out, Sharding("source", patterns=first), progress=stopping(2), anew=True)
    with pytest.raises(ConfigError, match="interrupted split"):
        split_index(index, out, Sharding("source", patterns=last))
    split_index(index, out, Sharding("region"), anew=True)
    assert "n40w080" in contents(out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "other", "out"]


def test_an_index_that_has_changed_is_split_anew(tmp_path, small_steps, caplog):
    index = made(tmp_path / "index")
    with pytest.raises(KeyboardInterrupt):
        split_index(index, tmp_path / "out", Sharding("year"), progress=stopping(5))
    Store(index).drop_sources(["/naip/a.tif"])
    split_index(index, tmp_path / "out", Sharding("year"))
    assert "earlier version" in caplog.text
    shards = contents(tmp_path / "out")
    assert sorted(shards) == ["1999", "2021", "undated"]
    assert sum(Store(tmp_path / "out" / name).count() for name in shards) == 12


def test_rows_that_are_not_to_be_there_are_told(tmp_path, small_steps):
    index = made(tmp_path / "index")
    with pytest.raises(KeyboardInterrupt):
        split_index(index, tmp_path / "out", Sharding("year"), progress=stopping(7))
    shard = Store(tmp_path / ".out.making/made/2019")
    assert shard.count()
    shard.add_chips([_chip("/strange.tif", 0, 2019, None)], np.eye(1, DIM, dtype=np.float32))
    with pytest.raises(DataError, match="holds other chips than.*--anew"):
        split_index(index, tmp_path / "out", Sharding("year"))


def test_many_sources_are_split_a_part_at_a_time(tmp_path, small_steps, monkeypatch):
    index = made(tmp_path / "index")
    split_index(index, tmp_path / "whole", Sharding("year"))
    monkeypatch.setattr("harma.index.owners.SOURCES_AT_ONCE", 2)
    with pytest.raises(KeyboardInterrupt):
        split_index(index, tmp_path / "out", Sharding("year"), progress=stopping(13))
    made_again = split_index(index, tmp_path / "out", Sharding("year"))
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert [shard.num_sources for shard in made_again] == [1, 1, 2, 2]
    for shard in contents(tmp_path / "out"):
        assert by_id(tmp_path / "out" / shard) == by_id(tmp_path / "whole" / shard)


def test_too_many_or_none(tmp_path, monkeypatch):
    index = made(tmp_path / "index")
    monkeypatch.setattr("harma.index.split.MOST_SHARDS", 2)
    with pytest.raises(ConfigError, match="4 shards, and 2 are the most"):
        split_index(index, tmp_path / "out", Sharding("region"))
    Store.create(tmp_path / "empty", made_settings(DIM))
    with pytest.raises(DataError, match="has no chips"):
        split_index(tmp_path / "empty", tmp_path / "out", Sharding("year"))


def test_the_model_is_loaded_before_the_work_where_an_ann_index_will_be_made(tmp_path, monkeypatch):
    index = made(tmp_path / "index")
    loaded = []

    class Texts:
        def embed_texts(self, texts):
            loaded.append(len(texts))
            return np.ones((len(texts), DIM), dtype=np.float32) / np.sqrt(DIM)

    split_index(index, tmp_path / "few", Sharding("year"), load=lambda: pytest.fail("not needed"))
    monkeypatch.setattr("harma.index.copying.PAYS", 6)
    monkeypatch.setattr("harma.index.ann.PAYS", 6)
    monkeypatch.setattr("harma.index.compaction.make_ann", lambda store, texts, **options: None)
    split_index(index, tmp_path / "many", Sharding("year"), load=Texts)
    # Of the one shard that is large enough.
    assert len(loaded) == 1
