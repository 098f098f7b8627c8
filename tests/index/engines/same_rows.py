"""Rows of two indexes compared: every chip once, all columns equal, embeddings within float16."""

import numpy as np
from tests.index.made import all_rows

from harma.index.store import Store
from harma.index.verify import verify


def rows(directory):
    """Rows by their ids."""
    store = Store(directory)
    found = {row["id"]: row for row in all_rows(store)}
    assert len(found) == store.count(), "a chip is there twice"
    return found


def check_same(directory, expected):
    """Check that an index has these rows, and nothing that `verify` finds."""
    found = rows(directory)
    assert found.keys() == expected.keys()
    for name, row in found.items():
        other = expected[name]
        np.testing.assert_allclose(row["embedding"], other["embedding"], atol=2e-3)
        assert {**row, "embedding": 0} == {**other, "embedding": 0}
    assert verify(Store(directory)) == []
