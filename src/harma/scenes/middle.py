"""The middle of a footprint, also of one that crosses the 180th meridian (the dateline)."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry


def middle(geometry: BaseGeometry) -> tuple[float, float]:
    """Longitude and latitude of the middle of a footprint, which may cross the 180th meridian."""
    west, _, east, _ = geometry.bounds
    if geometry.geom_type == "MultiPolygon" and east - west > 180:
        # Its parts lie at both ends of the map: the western ones are moved to the other side.
        geometry = shapely.transform(geometry, _moved_east)
    centre = geometry.centroid
    longitude = centre.x
    if longitude > 180:
        longitude -= 360
    return longitude, centre.y


def _moved_east(points: NDArray[Any]) -> NDArray[Any]:
    west = points[:, 0] < 0
    return np.column_stack([points[:, 0] + np.where(west, 360, 0), points[:, 1]])
