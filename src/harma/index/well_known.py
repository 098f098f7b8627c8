"""WKT and WKB from outside, read no deeper than GEOS can go.

GEOS reads collections in one another by calling itself, and ends the process where they are deep.
"""

import re
import struct
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from harma.errors import QueryError
from harma.ground.limits import MAX_DEPTH
from harma.ground.messages import first_line
from harma.index.unreadable import DamagedOutlineError

# GEOS says first which of its own kinds of errors one is.
KIND_OF_ERROR = re.compile(r"^\w*Exception: ")
PARENTHESES = re.compile(r"[()]")
# Kinds of WKB: lines are points, polygons are rings of points, the others hold geometries.
POINT = 1
LINE = 2
POLYGON = 3
CIRCULAR = 8
HOLDERS = (4, 5, 6, 7, 9, 10, 11, 12, 15, 16)
# Flags of PostGIS; others count thousands: 1007 has Z.
HAS_Z = 0x80000000
HAS_M = 0x40000000
HAS_SRID = 0x20000000
NUMBER = 8
COUNT = 4


def read_wkt(text: str) -> BaseGeometry:
    """The geometry of a text.

    Raises:
        QueryError: it is deeper than is read.
        ShapelyError, ValueError, NotImplementedError: it is no WKT.
    """
    marks = (1 if mark == "(" else -1 for mark in PARENTHESES.findall(text))
    depth = max(accumulate(marks), default=0)
    if MAX_DEPTH.is_over(depth):
        raise QueryError(f"the WKT has {depth:,} parentheses in one another; {MAX_DEPTH.said}")
    geometry: BaseGeometry = shapely.from_wkt(text)
    return geometry


def read_outlines(wkb: Iterable[bytes | None], index: str = "") -> NDArray[Any]:
    """Outlines that an index holds, of WKB.

    Args:
        wkb: of each; None where there is no place.
        index: that they are of, for messages.

    Raises:
        DamagedOutlineError: one is no geometry any more.
    """
    try:
        return np.asarray(shapely.from_wkb(np.array([text or None for text in wkb], dtype=object)))
    except (shapely.errors.ShapelyError, TypeError, ValueError) as error:
        raise DamagedOutlineError(
            f"the index is damaged: an outline in it is no geometry ({said_by_geos(error)}); see"
            " `harma index verify`, and build it again",
            source=index,
        ) from error


def said_by_geos(error: Exception) -> str:
    """What GEOS says of a text that it cannot read."""
    return KIND_OF_ERROR.sub("", first_line(error))


def is_deep(content: bytes | None) -> bool:
    """Whether geometries of WKB lie deeper in one another than is read."""
    if content is None:
        return False
    try:
        _Walk(content).past(0, 0)
    except _DeepError:
        return True
    # Cut off, or of another kind: GEOS says so before it is deep.
    except (struct.error, IndexError):
        return False
    return False


class _DeepError(Exception):
    """Geometries lie too deep."""


class _Walk:
    """Goes through WKB without reading its points.

    Args:
        content: of it.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def past(self, place: int, depth: int) -> int:
        """Where the bytes behind a geometry begin."""
        if MAX_DEPTH.is_over(depth):
            raise _DeepError
        order = "<" if self._content[place] else ">"
        kind = self._whole(order, place + 1)
        place += 1 + COUNT + COUNT * bool(kind & HAS_SRID)
        size = NUMBER * _dimensions(kind)
        kind = (kind & 0xFFFF) % 1000
        if kind == POINT:
            return place + size
        if kind in (LINE, CIRCULAR):
            return place + COUNT + size * self._whole(order, place)
        if kind == POLYGON:
            return self._past_rings(order, place, size)
        if kind not in HOLDERS:
            return len(self._content)
        count = self._whole(order, place)
        place += COUNT
        for _ in range(count):
            place = self.past(place, depth + 1)
        return place

    def _past_rings(self, order: str, place: int, size: int) -> int:
        count = self._whole(order, place)
        place += COUNT
        for _ in range(count):
            place += COUNT + size * self._whole(order, place)
        return place

    def _whole(self, order: str, place: int) -> int:
        return int(struct.unpack_from(f"{order}I", self._content, place)[0])


def _dimensions(kind: int) -> int:
    """Numbers of a point."""
    thousands = (kind & 0xFFFF) // 1000
    has_z = bool(kind & HAS_Z) or thousands in (1, 3)
    has_m = bool(kind & HAS_M) or thousands in (2, 3)
    return 2 + has_z + has_m


def are_deep(contents: Iterable[bytes | None]) -> list[bool]:
    """As `is_deep`, of several."""
    return [is_deep(content) for content in contents]
