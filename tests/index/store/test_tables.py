"""What is done with any table of Lance."""

import lancedb
import pyarrow as pa
import pytest

from harma.index.contract import DISTANCE_COLUMN, ROW_ID
from harma.index.store.tables import (
    LANCE_DISTANCE,
    LANCE_ROW_ID,
    NAMES_AT_ONCE,
    complete,
    named,
    renamed,
    tables_of,
)


@pytest.fixture
def table(tmp_path):
    names = pa.table({"name": [f"it's {number}" for number in range(1000)]})
    return lancedb.connect(str(tmp_path)).create_table("names", names)


def test_conditions_by_name_hold_some_hundred_each_and_any_text(table):
    asked = [f"it's {number}" for number in range(NAMES_AT_ONCE + 1)]
    conditions = list(named(asked, "name"))
    assert len(conditions) == 2
    found = [len(table.search().where(one).limit(None).to_arrow()) for one in conditions]
    assert found == [NAMES_AT_ONCE, 1]
    assert list(named([])) == []


def test_rows_come_in_tables_of_a_size(table):
    blocks = list(tables_of(table.search().limit(None), 300))
    assert all(isinstance(block, pa.Table) and len(block) <= 300 for block in blocks)
    assert pa.concat_tables(blocks)["name"].to_pylist() == table.to_arrow()["name"].to_pylist()


def test_row_ids_are_signed_and_distances_have_our_name():
    lance = pa.table({LANCE_ROW_ID: pa.array([3], pa.uint64()), LANCE_DISTANCE: [0.5]})
    ours = renamed(lance)
    assert ours.schema.names == [ROW_ID, DISTANCE_COLUMN]
    assert ours.schema.field(ROW_ID).type == pa.int64()


def test_columns_that_are_missing_are_made_empty(table):
    wanted = pa.schema([("name", pa.string()), ("year", pa.int64())])
    for _ in range(2):
        complete(table, wanted)
        assert table.schema.names == ["name", "year"]
    assert table.to_arrow()["year"].null_count == 1000
