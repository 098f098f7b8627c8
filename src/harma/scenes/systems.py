"""Coordinate reference systems of the Earth, of a site or of other bodies; and stated ones."""

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyproj
from rasterio.crs import CRS

from harma.errors import ConfigError, DataError
from harma.scenes.edge import library_call

# Radii of Earth's ellipsoids lie within; those of other bodies do not.
EARTH_RADIUS = (6.3e6, 6.4e6)
GRID_ELSEWHERE = re.compile(
    r"""(nadgrids|geoidgrids|grids|file)=@?[^\s"]*[/\\]|PARAMETERFILE\["[^"]*","[^"]*[/\\]"""
)
# Systems that are remembered: an archive has few.
REMEMBERED = 256


class SystemFacts(NamedTuple):
    """What is known of a coordinate reference system.

    Attributes:
        name: as it calls itself.
        radius: of its body at the equator, metres; None for a local system, which has no body.
        unit: of its first axis, metres (radians); None where it has no axis.
        is_flat: whether two of its coordinates are a place, as on a map or a globe; those that
            count from the Earth's centre are three, and heights are one.
    """

    name: str
    radius: float | None
    unit: float | None
    is_flat: bool = True

    @property
    def is_local(self) -> bool:
        """Whether it is one of a site, without a place on the Earth."""
        return self.radius is None


def system_facts(crs: CRS) -> SystemFacts:
    """What is known of a coordinate reference system.

    Raises:
        DataError: it is not understood.
    """
    with library_call("its coordinate reference system is not understood"):
        wkt = crs.to_wkt()
        # Grids of shifts are looked for among PROJ's own; a path would have any file opened.
        if GRID_ELSEWHERE.search(wkt):
            raise DataError(
                "its coordinate reference system names a grid of shifts by a path; name the file"
                " alone, and put it where PROJ looks for its grids"
            )
        return _facts(wkt)


def check_is_on_earth(crs: CRS) -> None:
    """Check that a coordinate reference system that is no local one is of the Earth.

    Raises:
        DataError: it is not.
    """
    facts = system_facts(crs)
    radius = facts.radius or 0.0
    least, most = EARTH_RADIUS
    if not least < radius < most:
        raise DataError(
            f"its coordinate reference system ({facts.name}) is not of the Earth: the body's radius"
            f" is {radius / 1000:,.0f} km. It has no WGS84 footprint"
        )


def check_is_flat(crs: CRS) -> None:
    """Check that two coordinates of a system are a place.

    Raises:
        DataError: they are not.
    """
    facts = system_facts(crs)
    if not (facts.is_flat or facts.is_local):
        raise DataError(
            f"its coordinate reference system ({facts.name}) counts from the centre of the Earth,"
            " where two coordinates are no place; write it in one of a map, such as EPSG:4326"
            " (gdalwarp -t_srs)"
        )


def local_unit(crs: CRS) -> float | None:
    """Metres of the unit of a local system; None where that is no length."""
    unit = system_facts(crs).unit
    if unit is None or not 0 < unit < np.inf:
        return None
    return unit


def parse_crs(text: str) -> CRS:
    """A coordinate reference system as a person writes it.

    Raises:
        ConfigError: pyproj does not know it, or it is not of the Earth.
    """
    try:
        with library_call("it is none that pyproj reads"):
            crs = CRS.from_wkt(pyproj.CRS.from_user_input(text).to_wkt())
        if system_facts(crs).is_local:
            raise DataError("it is a local one without a place on the Earth")
        check_is_flat(crs)
        check_is_on_earth(crs)
    except DataError as error:
        raise ConfigError(
            f"crs is {text!r}: {error.problem}; give one such as EPSG:25832"
        ) from error
    return crs


def projection_between(crs: CRS, other: CRS) -> pyproj.Transformer:
    """What projects coordinates, x or longitude first, from one system to another.

    Raises:
        DataError: nothing does.
    """
    with library_call("its coordinates cannot be projected"):
        return pyproj.Transformer.from_crs(crs.to_wkt(), other.to_wkt(), always_xy=True)


# Text and numbers are kept, no object of pyproj: those belong to the thread that made them.
@lru_cache(REMEMBERED)
def _facts(wkt: str) -> SystemFacts:
    described = pyproj.CRS.from_wkt(wkt)
    radius = None
    if described.ellipsoid is not None:
        radius = described.ellipsoid.semi_major_metre
    unit = None
    if described.axis_info:
        unit = described.axis_info[0].unit_conversion_factor
    is_flat = described.is_projected or described.is_geographic
    return SystemFacts(described.name, radius, unit, is_flat)
