"""Owners of sources, by hashes: counted, looked up, a part at a time."""

import numpy as np
import pyarrow as pa
import pytest

from harma.index.owners import NOBODY, OwnerCounts, Owners, SourcePart, source_parts

NAMES = [f"/scenes/{number}.tif" for number in range(100)]
ALL = SourcePart(0, 1)


def counted(part):
    counts = OwnerCounts(part)
    for owner in (1, 0):
        numbers = np.full(len(NAMES), owner, dtype=np.int32)
        counts.add(NAMES, numbers, np.arange(len(NAMES)) + owner)
        counts.add(NAMES[:1], numbers[:1], np.array([5]))
    return counts.sums()


def test_pairs_are_added_up(monkeypatch):
    # Also where they are added up in between.
    for waiting in (1 << 20, 10):
        monkeypatch.setattr("harma.index.owners.WAITING", waiting)
        hashes, owners, counts = counted(ALL)
        found = {}
        for triple in zip(hashes.tolist(), owners.tolist(), counts.tolist(), strict=True):
            found[triple[:2]] = triple[2]
        expected = {
            (hash(name), owner): number + owner + 5 * (number == 0)
            for number, name in enumerate(NAMES)
            for owner in (0, 1)
        }
        assert found == expected
        assert list(found) == sorted(found)


def test_parts_are_a_division():
    parts = [SourcePart(number, 3) for number in range(3)]
    admitted = np.array([part.admits(NAMES) for part in parts])
    assert (admitted.sum(axis=0) == 1).all()
    assert admitted.any(axis=1).all()
    # The same in every process: these are what zlib says.
    assert parts[0].admits(["a", "b", "c"]).tolist() == [True, False, True]
    assert sum(len(counted(part)[0]) for part in parts) == len(counted(ALL)[0])


@pytest.mark.parametrize(("count", "expected"), [(0, 1), (1, 1), (1_000_000, 1), (1_000_001, 2)])
def test_how_many_parts(count, expected):
    parts = list(source_parts(count))
    assert [part.number for part in parts] == list(range(expected))
    assert all(part.num_parts == expected for part in parts)


def test_what_is_looked_up():
    hashes = np.sort(np.array([hash("/a.tif"), hash("/b.tif")]))
    owners = Owners(ALL, hashes, np.array([7, 8], dtype=np.int32), np.array([3, 4]))
    place = hashes.tolist().index(hash("/b.tif"))
    assert owners.of(["/b.tif", "/c.tif"]).tolist() == [7 + place, NOBODY]
    assert owners.counts_of(["/c.tif", "/b.tif"]).tolist() == [0, 3 + place]
    rows = pa.table({"source": ["/b.tif", "/c.tif", "/b.tif"]})
    assert owners.of_rows(rows).tolist() == [7 + place, NOBODY, 7 + place]
    none = Owners(ALL, hashes[:0], np.array([], dtype=np.int32), np.array([], dtype=np.int64))
    assert none.of(["/a.tif"]).tolist() == [NOBODY]
    assert none.counts_of(["/a.tif"]).tolist() == [0]
