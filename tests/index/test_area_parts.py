"""Geometries put together to one area; too many of them are refused."""

import numpy as np
import pytest
import shapely
from shapely.geometry import box

from harma.errors import QueryError
from harma.index.area_parts import MOST_CORNERS, MOST_PARTS, joined


def test_one_is_given_as_it_is():
    bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    # Who asked looks at it: a union would have mended it.
    assert not joined([bow_tie], None).is_valid
    assert joined([None, shapely.force_3d(box(0, 0, 1, 1))], None).equals(box(0, 0, 1, 1))
    assert not joined([shapely.force_3d(box(0, 0, 1, 1))], None).has_z


def test_several_are_put_together():
    parts = [box(0, 0, 2, 2), None, shapely.GeometryCollection([box(1, 0, 3, 2)])]
    assert joined(parts, None).equals(box(0, 0, 3, 2))


def test_empty_collections():
    with pytest.raises(QueryError, match="holds no geometry"):
        joined([None], None)
    assert joined([shapely.GeometryCollection()], None).is_empty


def test_too_many():
    with pytest.raises(QueryError, match=f"has {MOST_PARTS + 1:,} parts"):
        joined([shapely.Polygon()] * (MOST_PARTS + 1), None)
    angles = np.linspace(0, 2 * np.pi, MOST_CORNERS + 1)
    circle = shapely.Polygon(np.column_stack([np.cos(angles), np.sin(angles)]))
    with pytest.raises(QueryError, match="1,000,002 corners; at most .* Simplify it"):
        joined([circle], None)
