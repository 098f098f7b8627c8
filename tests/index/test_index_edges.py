"""The opened index: what it holds, where it lets exports go, which page of hits it gives."""

from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from tests.index.made import chip, made_settings

from harma.errors import ConfigError
from harma.index.index import Index
from harma.index.records import SourceRecord
from harma.index.store import Store

BOXES = [(4, 50, 5, 52), (-7, 51, -6, 53), (1, -3, 9, -2), None]


@pytest.fixture
def index(tmp_path):
    """Four chips, one of them without a place and a date, and a source that failed."""
    store = Store.create(tmp_path / "index", made_settings(4))
    chips = []
    for number, sides in enumerate(BOXES):
        values = {}
        if sides is not None:
            values = dict(zip(("xmin", "ymin", "xmax", "ymax"), map(float, sides), strict=True))
            values["geometry"] = shapely.to_wkb(shapely.box(*sides))
            values["datetime"] = datetime(2015 - number, 1, 2, tzinfo=UTC)
        chips.append(chip(id=f"chip{number}", source="http://a", row=100 * number, **values))
    store.add_chips(chips, np.eye(4, dtype=np.float32))
    store.put_sources(
        [
            SourceRecord("http://a", -1, -1, "c", num_chips=4),
            SourceRecord("http://b", -1, -1, "", problem="it is not there"),
        ]
    )
    return Index(store)


def test_what_an_index_holds(index):
    info = index.info()
    counts = {name: info[name] for name in ("chips", "sources", "problems", "placed")}
    assert counts == {"chips": 4, "sources": 1, "problems": 1, "placed": 3}
    assert info["bounds"] == [-7, -3, 9, 53]
    assert info["dates"] == ["2013-01-02 00:00:00+00:00", "2015-01-02 00:00:00+00:00"]
    assert (info["model"], info["model id"], info["max nodata"]) == ("none", "made", 0.5)


def test_an_empty_index_has_no_bounds(tmp_path):
    info = Index(Store.create(tmp_path / "index", made_settings(4))).info()
    assert (info["chips"], info["placed"], info["bounds"]) == (0, 0, [None] * 4)
    assert info["dates"] == ["None", "None"]


def test_pages_follow_each_other(index):
    vector = np.float32([0.8, 0.5, 0.3, 0.1])
    ids = [hit.id for hit in index.search(like=[vector], k=4)]
    assert ids == ["chip0", "chip1", "chip2", "chip3"]
    assert [hit.id for hit in index.search(like=[vector], k=2, offset=1)] == ids[1:3]
    assert [hit.id for hit in index.search(like=[vector], k=2, offset=3)] == ids[3:]
    assert index.search(like=[vector], k=2, offset=4) == []


def test_exports_go_beside_the_index_and_not_into_it(index, tmp_path):
    with pytest.raises(ConfigError, match="lies inside the index; write the export elsewhere"):
        index.export(tmp_path / "index" / "deep" / "a.parquet")
    assert index.export(tmp_path / "a.parquet") == 4
