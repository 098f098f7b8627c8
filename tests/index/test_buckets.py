"""An index in a bucket: built, searched, kept up, as one in a folder; two writers, lost answers."""

import itertools
import subprocess
import sys
import time

import numpy as np
import pytest
from tests.index.made import all_rows, chip, made_settings

from harma.errors import BusyError, ConfigError, MissingFileError, StorageError
from harma.ground.storage.probe import SINGLE_WRITER_FILE
from harma.index.index import Index
from harma.index.merge_indexes import merge_indexes
from harma.index.reembed import reembed
from harma.index.split import Sharding, split_index
from harma.index.store import Store
from harma.index.verify import verify


@pytest.fixture
def place(bucket):
    return f"{bucket.address}/archive"


def same(rows):
    """Rows in the order of their ids, without what a build notes of itself."""
    return sorted((str(row) for row in rows), key=str)


def test_the_same_as_in_a_folder(place, bucket, write_scenes, build_index, model, tmp_path):
    write_scenes(tmp_path / "scenes", 3)
    build_index(tmp_path / "scenes")
    build_index(tmp_path / "scenes", directory=place)
    local = Index.open(tmp_path / "index", model=model[0])
    index = Index.open(place, model=model[0])
    assert same(all_rows(index.store)) == same(all_rows(local.store))
    hits = index.search("a river", k=5)
    expected = local.search("a river", k=5)
    assert [(hit.id, hit.score) for hit in hits] == [(hit.id, hit.score) for hit in expected]
    assert index.verify() == []
    facts = index.info()
    assert (facts["chips"], facts["sources"]) == (27, 3)
    assert facts["bytes"] == sum(map(len, map(bucket.read, bucket.keys())))
    assert index.export(tmp_path / "out.parquet") == 27
    # What is there is skipped, what is new embedded.
    write_scenes(tmp_path / "scenes", 1, first=3)
    outcome = build_index(tmp_path / "scenes", directory=place)
    assert (outcome.num_kept, outcome.num_added) == (3, 9)
    assert index.refresh_if_changed()
    assert len(index) == 36
    removed = Index.remove(place, ["*scene3_*"])
    assert removed.num_chips == 9
    (tmp_path / "scenes").rename(tmp_path / "moved")
    assert Index.relocate(place, tmp_path / "scenes", tmp_path / "moved").num_sources == 3
    assert "compared" in Index.optimize(place, with_texts=False)
    index.refresh()
    assert index.verify() == []


def test_problems_are_listed_beside_it(place, bucket, build_index, write_scenes, tmp_path):
    write_scenes(tmp_path / "scenes", 1)
    (tmp_path / "scenes" / "bad.tif").write_bytes(b"no picture")
    build_index(tmp_path / "scenes", directory=place)
    assert b"bad.tif" in bucket.read("archive/problems.json")
    (tmp_path / "scenes" / "bad.tif").unlink()
    Index.remove(place, ["*bad.tif"])
    assert bucket.keys("archive/problems") == []


def test_reembedded_without_renames(place, bucket, build_index, write_scenes, model, tmp_path):
    write_scenes(tmp_path / "scenes", 2)
    build_index(tmp_path / "scenes", directory=place)
    old = Store(place)
    with pytest.raises(MissingFileError):
        reembed(f"{bucket.address}/other", model[0], model[1], None, tiles=2, num_workers=0)
    assert reembed(place, model[0], model[1], None, tiles=2, num_workers=0).num_added == 18
    index = Index.open(place, model=model[0])
    assert index.store.settings.tiles == 2
    assert len(index.search("a river", k=5)) == 5
    assert verify(index.store) == []
    assert not bucket.keys("archive/.reembed")
    assert not bucket.keys(f"archive/tables/{old.settings.embedding_id}/")
    with pytest.raises(ConfigError, match="has the embeddings of this model already"):
        reembed(place, model[0], model[1], None, num_workers=0)


def test_split_and_merged(place, bucket, build_index, write_scenes, tmp_path):
    write_scenes(tmp_path / "scenes", 3)
    build_index(tmp_path / "scenes", directory=place)
    shards = split_index(place, f"{bucket.address}/years", Sharding("year"))
    assert [shard.directory for shard in shards] == [
        f"{bucket.address}/years/{year}" for year in (2010, 2011, 2012)
    ]
    merged = merge_indexes([shard.directory for shard in shards], f"{bucket.address}/again")
    assert merged.made.num_chips == 27
    expected = same(all_rows(Store(place)))
    assert same(all_rows(Store(f"{bucket.address}/again"))) == expected
    # From a bucket to this machine.
    merge_indexes([shard.directory for shard in shards], tmp_path / "local")
    assert same(all_rows(Store(tmp_path / "local"))) == expected
    joined = Index.open([shard.directory for shard in shards])
    assert len(joined) == 27
    with pytest.raises(ConfigError, match="named twice"):
        Index.open([place, f"{place}/"])


def test_what_is_no_index(place, bucket):
    with pytest.raises(MissingFileError, match=r"s3://.*/archive is no index"):
        Index.open(place)
    bucket.write("archive/something", b"")
    with pytest.raises(ConfigError, match=r"holds files that are no index \(something\)"):
        Store.create(place, made_settings(8))
    with pytest.raises(MissingFileError, match="there is no bucket nowhere-at-all"):
        Index.open("s3://nowhere-at-all/x")


def test_a_store_that_lets_two_write_is_refused(place, bucket, write_scenes, build_index, tmp_path):
    write_scenes(tmp_path / "scenes", 1)
    bucket.server.honours = False
    with pytest.raises(StorageError, match=r"lets a second conditional put through.*--single"):
        build_index(tmp_path / "scenes", directory=place)
    assert bucket.keys() == []
    bucket.write(f"archive/{SINGLE_WRITER_FILE}", b"one writer\n")
    assert build_index(tmp_path / "scenes", directory=place).num_added == 9
    assert Store(place).count() == 9


def chips_of(count, start=0):
    return [chip(id=f"c{number}", source="s") for number in range(start, start + count)]


def embeddings(count):
    return np.eye(count, 8, dtype=np.float32)


@pytest.mark.parametrize("times", [1, 3])
def test_an_append_whose_answer_is_lost_is_not_done_twice(place, bucket, times):
    store = Store.create(place, made_settings(8))
    store.add_chips(chips_of(3), embeddings(3))
    counter = itertools.count()
    bucket.server.loses = lambda method, path, _: (
        method == "PUT" and "chips.lance/_versions" in path and next(counter) < times
    )
    store.add_chips(chips_of(3, 3), embeddings(3))
    bucket.server.loses = None
    assert sorted(row["id"] for row in all_rows(Store(place))) == [f"c{n}" for n in range(6)]
    store.add_chips(chips_of(1, 6), embeddings(1))
    assert Store(place).count() == 7


def test_a_store_that_is_busy_for_some_seconds(place, bucket):
    store = Store.create(place, made_settings(8))
    bucket.server.down_until = time.monotonic() + 3
    store.add_chips(chips_of(3), embeddings(3))
    bucket.server.down_until = time.monotonic() + 3
    assert Store(place).count() == 3


WRITER = """
import sys, time
import numpy as np
from tests.index.made import chip
from harma.errors import BusyError
from harma.ground.storage import lease
from harma.ground.storage.home import home_of
from harma.index.store import WRITING_INDEX, Store
lease.LEASE_SECONDS = 3.0
lease.WATCH_SECONDS = 0.1
place, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
while True:
    try:
        with lease.writing(home_of(place), WRITING_INDEX) as guard:
            store = Store(place, guard=guard)
            for number in range(count):
                chips = [chip(id=f"{name}-{number}", source=name)]
                store.add_chips(chips, np.eye(1, 8, dtype=np.float32))
                print(f"{name}-{number}", flush=True)
        break
    except BusyError as error:
        print("busy", file=sys.stderr, flush=True)
        time.sleep(0.2)
"""


def writer(place, name, count):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, place, name, str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_writers_at_once_lose_nothing(place):
    Store.create(place, made_settings(8))
    processes = [writer(place, name, 15) for name in ("a", "b")]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    acknowledged = {line for said, _ in answers for line in said.splitlines()}
    assert {row["id"] for row in all_rows(Store(place))} == acknowledged
    assert len(acknowledged) == 30
    assert Store(place).count() == 30
    assert any("busy" in told for _, told in answers), "one of them waited"


def test_a_writer_that_is_killed_is_followed_by_the_next(place):
    Store.create(place, made_settings(8))
    first = writer(place, "a", 10_000)
    said = [first.stdout.readline().strip() for _ in range(5)]
    with pytest.raises(BusyError, match=f"process {first.pid} on"):
        Index.remove(place, ["a"])
    second = writer(place, "b", 5)
    first.kill()
    rest, _ = first.communicate()
    said += rest.split()
    _, told = second.communicate(timeout=120)
    assert second.returncode == 0, told
    ids = {row["id"] for row in all_rows(Store(place))}
    # What was written and not yet told of may be there, too.
    assert ids >= {*said, *(f"b-{number}" for number in range(5))}
    assert len(ids) - len(said) - 5 <= 1
    assert Store(place).count() == len(ids)
