"""Outlines (footprints) as GeoJSON: rounded, rings in the direction that RFC 7946 asks for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

# Seven digits of a degree are about a centimetre.
DIGITS = 7


def geojson_outlines(outlines: Sequence[BaseGeometry | None]) -> list[dict[str, Any] | None]:
    """Outlines as GeoJSON.

    Args:
        outlines: in WGS84 (n).

    Returns:
        Geometries (n); None where there is no outline.
    """
    shapes = np.array(outlines, dtype=object)
    # At once: for a thousand hits one by one takes as long as their search.
    rounded = shapely.transform(shapely.orient_polygons(shapes), _rounded)
    return [None if shape is None else dict(shapely.geometry.mapping(shape)) for shape in rounded]


def _rounded(corners: Any) -> Any:
    return np.round(corners, DIGITS)
