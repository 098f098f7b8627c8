"""Sources of several indexes: from which each is taken; those that differ, told by name."""

from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import chip, made_settings

from harma.errors import DataError
from harma.index.owners import SourcePart
from harma.index.records import SourceRecord
from harma.index.shared_sources import owners_of
from harma.index.store import Store

DIM = 8
ALL = SourcePart(0, 1)


def record(name, num_chips=2, content="c", problem=""):
    return SourceRecord(name, 1, 2, content, num_chips=num_chips, problem=problem)


def stores(tmp_path, *contents):
    """Indexes of sources: name → record, or chips without one."""
    made = []
    for number, sources in enumerate(contents):
        store = Store.create(tmp_path / str(number), made_settings(DIM))
        records = []
        for name, told in sources.items():
            count = told
            if isinstance(told, SourceRecord):
                records.append(told)
                count = told.num_chips
            rows = [chip(id=f"{name}{place}", source=name) for place in range(count)]
            if rows:
                store.add_chips(rows, np.eye(count, DIM, dtype=np.float32))
        store.put_sources(records)
        made.append(store)
    return made


def taken(owners, names):
    return list(zip(owners.of(names).tolist(), owners.counts_of(names).tolist(), strict=True))


def test_the_first_that_has_chips(tmp_path):
    one = {"/a": record("/a"), "/bad": record("/bad", 0, problem="no"), "/killed": 3, "/late": 1}
    two = {"/a": record("/a"), "/bad": record("/bad"), "/killed": 1, "/late": record("/late")}
    three = {"/none": record("/none", 0, problem="no"), "/bad": record("/bad", 0, problem="no")}
    owners, num_repeated = owners_of(stores(tmp_path, one, two, three), ALL)
    names = ["/a", "/bad", "/killed", "/late", "/none"]
    assert taken(owners, names) == [(0, 2), (1, 2), (0, 3), (1, 2), (2, 0)]
    assert num_repeated == 3
    parts = [SourcePart(number, 2) for number in range(2)]
    again = [
        owners_of(stores(tmp_path / str(part.number), one, two, three), part) for part in parts
    ]
    assert sum(repeated for _, repeated in again) == 3
    for name in names:
        found = [taken(part, [name])[0] for part, _ in again]
        assert sorted(found)[-1] == taken(owners, [name])[0]
        assert sorted(found)[0] == (-1, 0)


@pytest.mark.parametrize("other", [record("/a", 3), record("/a", content="d")])
@pytest.mark.parametrize("first", [{"/a": record("/a")}, {"/a": record("/a", 0, problem="no")}])
def test_what_differs_is_told(tmp_path, other, first):
    last = {"/a": replace(other, num_chips=4)}
    said = r"/a is in \S*[01] with \d chips and in \S*[12] with \d, or of other bytes"
    with pytest.raises(DataError, match=said):
        owners_of(stores(tmp_path, first, {"/a": other, "/b": record("/b")}, last), ALL)


def test_no_sources(tmp_path):
    owners, num_repeated = owners_of(stores(tmp_path, {}, {}), ALL)
    assert (len(owners.hashes), num_repeated) == (0, 0)
