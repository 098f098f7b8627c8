"""Mappings between the pixels of a raster and coordinates: affine, or by GDAL's transformers."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import NDArray

from harma.scenes.edge import library_call

# rasterio types neither GCPTransformer nor RPCTransformer.
Transformer = Any
UNMAPPED = "its control points or coefficients cannot be used"

Numbers = NDArray[np.float64]


class Pairs(NamedTuple):
    """Two numbers for each of n points: columns and rows, or x and y.

    Attributes:
        first: (n,).
        second: (n,).
    """

    first: Numbers
    second: Numbers


class Mapping(Protocol):
    """Between pixels (0, 0 is the outer corner of the first) and coordinates, both ways."""

    def coordinates(self, columns: Numbers, rows: Numbers) -> Pairs:
        """Coordinates (x, y) of n points; not finite where a point has none."""

    def pixels(self, xs: Numbers, ys: Numbers) -> Pairs:
        """Columns and rows, with parts of pixels, of n points; not finite where there are none."""


@dataclass(frozen=True)
class AffineMapping:
    """A mapping by an affine transform.

    Attributes:
        transform: (column, row) → (x, y).
    """

    transform: Affine

    def coordinates(self, columns: Numbers, rows: Numbers) -> Pairs:
        """See `Mapping.coordinates`."""
        return _applied(self.transform, columns, rows)

    def pixels(self, xs: Numbers, ys: Numbers) -> Pairs:
        """See `Mapping.pixels`."""
        return _applied(~self.transform, xs, ys)


@dataclass(frozen=True)
class GdalMapping:
    """A mapping by ground control points or rational polynomial coefficients, as GDAL makes it.

    Attributes:
        transformer: of rasterio, open.
        height: of all points, metres, where the transformer heeds it.
    """

    transformer: Transformer
    height: float = 0.0

    def coordinates(self, columns: Numbers, rows: Numbers) -> Pairs:
        """See `Mapping.coordinates`."""
        heights = np.full(len(columns), self.height)
        with library_call(UNMAPPED):
            xs, ys = self.transformer.xy(rows, columns, zs=heights, offset="ul")
        return Pairs(np.asarray(xs), np.asarray(ys))

    def pixels(self, xs: Numbers, ys: Numbers) -> Pairs:
        """See `Mapping.pixels`."""
        heights = np.full(len(xs), self.height)
        with library_call(UNMAPPED):
            # Without an operation it gives whole pixels; this one leaves numbers as they are.
            rows, columns = self.transformer.rowcol(xs, ys, zs=heights, op=np.positive)
        return Pairs(np.asarray(columns), np.asarray(rows))


@dataclass(frozen=True)
class ReprojectedMapping:
    """A mapping into another coordinate reference system than its own.

    Attributes:
        inner: in its own.
        projection: from its own to the other.
    """

    inner: Mapping
    projection: pyproj.Transformer

    def coordinates(self, columns: Numbers, rows: Numbers) -> Pairs:
        """See `Mapping.coordinates`."""
        return self._projected(self.inner.coordinates(columns, rows), is_inverse=False)

    def pixels(self, xs: Numbers, ys: Numbers) -> Pairs:
        """See `Mapping.pixels`."""
        own = self._projected(Pairs(xs, ys), is_inverse=True)
        return self.inner.pixels(own.first, own.second)

    def _projected(self, points: Pairs, *, is_inverse: bool) -> Pairs:
        direction: Any = "INVERSE" if is_inverse else "FORWARD"
        with library_call("its coordinates cannot be projected"):
            xs, ys = self.projection.transform(points.first, points.second, direction=direction)
        return Pairs(np.asarray(xs), np.asarray(ys))


def _applied(transform: Affine, first: Numbers, second: Numbers) -> Pairs:
    return Pairs(
        transform.a * first + transform.b * second + transform.c,
        transform.d * first + transform.e * second + transform.f,
    )
