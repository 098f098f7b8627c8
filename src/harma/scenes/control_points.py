"""Ground control points (GCPs): an affine transform, polynomial or thin-plate spline through them.

The simplest kind that fits is taken, and how well it fits is said. A thin-plate spline passes
through all of its points, so that what is left there says nothing: splines and polynomials are
judged by points that were left out when they were made.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import rasterio.transform
from affine import Affine
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer

from harma.errors import DataError
from harma.scenes.edge import library_call
from harma.scenes.mapping import AffineMapping, GdalMapping, Mapping, Transformer

# An affine transform that leaves less than this (pixels, root mean square) is good enough.
GOOD_FIT = 0.5
# With fewer points a bent surface cannot be judged by those left out.
FEWEST_FOR_BENT = 8
# Splines through more take minutes; the others are left out to measure the error.
MOST_OF_A_SPLINE = 400
FOLDS = 8
# What a more complicated kind must gain.
WORTH = 0.9

Points = Sequence[GroundControlPoint]

# Typed names of what rasterio does not type.
_from_gcps: Callable[[Points], Affine] = rasterio.transform.from_gcps
_Transformer: Callable[..., Transformer] = GCPTransformer
make_point: Callable[..., GroundControlPoint] = GroundControlPoint


class Placement(NamedTuple):
    """What was made of ground control points.

    Attributes:
        mapping: between pixels and coordinates.
        said: kind and error, for a person.
    """

    mapping: Mapping
    said: str


def fit_points(points: Points) -> Placement:
    """The mapping that ground control points determine.

    Args:
        points: in coordinates that do not jump: see `unwrapped`.

    Raises:
        DataError: they determine none.
    """
    affine = AffineMapping(fitted_affine(points))
    best = "affine"
    error = _rms(_misses(affine, points))
    if error > GOOD_FIT and len(points) >= FEWEST_FOR_BENT:
        errors = {"affine": error} | {kind: _error_left_out(points, kind) for kind in BENT}
        for kind in BENT:
            if errors[kind] < errors[best] * WORTH:
                best = kind
        error = errors[best]
    mapping: Mapping = affine
    if best in BENT:
        mapping = _bent(points, best)
    return Placement(mapping, f"{len(points):,} ground control points, {best}, {error:.1f} pixels")


def unwrapped(points: Points) -> list[GroundControlPoint]:
    """Points in degrees, without the jump from 179 to -179: longitudes go on to 181.

    Args:
        points: x is their longitude, degrees.
    """
    longitudes = np.array([point.x for point in points], dtype=np.float64)
    moved = np.where(longitudes < 0, longitudes + 360, longitudes)
    # Only where that brings them together: points around Greenwich are not torn apart.
    if not np.isfinite(longitudes).all() or np.ptp(longitudes) <= 180 or np.ptp(moved) >= 180:
        return list(points)
    return [
        make_point(point.row, point.col, float(x), point.y, point.z)
        for point, x in zip(points, moved, strict=True)
    ]


def fitted_affine(points: Points) -> Affine:
    """The affine transform that fits ground control points best.

    Raises:
        DataError: they determine none.
    """
    # Of points in a line rasterio makes a transform of whatever is in memory.
    if not (_span_a_plane(_pixels(points)) and _span_a_plane(_coordinates(points))):
        raise DataError(
            f"its {len(points)} ground control points determine no place: they lie in a line,"
            " or are no numbers"
        )
    with library_call("its ground control points cannot be used"):
        return _from_gcps(points)


BENT = ("polynomial", "thin-plate spline")


def _bent(points: Points, kind: str) -> Mapping:
    with library_call("its ground control points cannot be used"):
        is_spline = kind == "thin-plate spline"
        used = points[:: _step(points)] if is_spline else points
        return GdalMapping(_Transformer(used, tps=is_spline))


def _step(points: Points) -> int:
    return max(1, -(-len(points) // MOST_OF_A_SPLINE))


def _error_left_out(points: Points, kind: str) -> float:
    """Root mean square of what is missed (pixels) at points that were left out."""
    thinned = points[:: _step(points)]
    folds = min(FOLDS, len(thinned))
    misses = []
    try:
        for fold in range(folds):
            left_out = [point for index, point in enumerate(thinned) if index % folds == fold]
            kept = [point for index, point in enumerate(thinned) if index % folds != fold]
            misses.append(_misses(_bent(kept, kind), left_out))
    except DataError:
        return np.inf
    return _rms(np.concatenate(misses))


def _misses(mapping: Mapping, points: Points) -> NDArray[np.float64]:
    """Distances (n,) in pixels between where points are and where the mapping has them."""
    coordinates = _coordinates(points)
    columns, rows = mapping.pixels(coordinates[:, 0], coordinates[:, 1])
    expected = _pixels(points)
    return np.hypot(columns - expected[:, 0], rows - expected[:, 1])


def _rms(misses: NDArray[np.float64]) -> float:
    if not np.isfinite(misses).all():
        return np.inf
    return float(np.sqrt(np.mean(misses**2)))


def _pixels(points: Points) -> NDArray[np.float64]:
    return np.array([(point.col, point.row) for point in points], dtype=np.float64)


def _coordinates(points: Points) -> NDArray[np.float64]:
    return np.array([(point.x, point.y) for point in points], dtype=np.float64)


def _span_a_plane(points: NDArray[np.float64]) -> bool:
    if not np.isfinite(points).all():
        return False
    if len(points) == 2:  # GDAL takes them for corners of an upright rectangle
        return bool((np.ptp(points, axis=0) > 0).all())
    return bool(np.linalg.matrix_rank(points - points.mean(axis=0)) == 2)
