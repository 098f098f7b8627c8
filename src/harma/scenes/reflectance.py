"""Reflectance: the values that are shown as black and white, by sensor and unit.

Surfaces that are no snow or cloud reflect less than 0.3 of the light that we see; that range is
what the agencies show their own pictures in. What is stored is reflectance by a scale and an
offset, which the documents named here state:

- Sentinel-2, levels 1C and 2A: 1/10000; from processing baseline 04.00 on 1000 is added to all
  values (ESA, Sentinel-2 Products Specification Document).
- Landsat Collection 2, level 2: 0.0000275 and -0.2 (USGS, Landsat 8-9 and 4-7 Collection 2 Level 2
  Science Product Guides); surface reflectance of Collection 1: 1/10000.
- Harmonized Landsat Sentinel-2, MODIS surface reflectance: 1/10000 (NASA, their user guides).
- PlanetScope, RapidEye and SkySat surface reflectance: 1/10000 (Planet, Surface Reflectance
  technical white paper); what Planet calls analytic is radiance.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

# The part of the light that is shown as white.
BRIGHT = 0.3
BASELINE_OF_OFFSET = 400
# No scene reflects more as a rule, glint and clouds included.
MOST_REFLECTED = 2.0


class Scaling(NamedTuple):
    """How stored values become reflectance: value × scale + offset.

    Attributes:
        scale: per unit.
        offset: of reflectance.
    """

    scale: float
    offset: float

    @property
    def shown(self) -> tuple[float, float]:
        """The stored values that are shown as black and white."""
        low = -self.offset / self.scale
        high = (BRIGHT - self.offset) / self.scale
        # Not -0 or 2999.9999999999995: these ranges are told.
        return round(low, 6) + 0.0, round(high, 6)


PER_10000 = Scaling(0.0001, 0.0)
SENTINEL_2_OFFSET = Scaling(0.0001, -0.1)
LANDSAT_C2_L2 = Scaling(0.0000275, -0.2)
ALREADY = Scaling(1.0, 0.0)
NO_SCALING = (1.0, 0.0)
# Layers of the same products that are something else: temperature, aerosol, water vapour, angles.
OTHER_LAYERS = re.compile(
    r"_ST_[A-Z]|_(AOT|WVP|SCL)(_\d\dm)?\.|HLS\.L30\..*\.B1[01]\.|\.(SZA|SAA|VZA|VAA)\."
    r"|_(SZA|SAA|VZA|VAA)\.",
    re.IGNORECASE,
)


def shown_range(
    sensor: str,
    kind: str,
    source: str,
    *,
    tags: Mapping[str, str] | None = None,
    descriptions: Sequence[str | None] = (),
    scaling: tuple[float, float] = NO_SCALING,
) -> tuple[float, float] | None:
    """The values that are shown as black and white in all scenes of a sensor and unit.

    Args:
        sensor: its key in `harma.scenes.sensors`, or "".
        kind: type of the values, as rasterio names it.
        source: path or address of the scene: products say in their names what they hold.
        tags: of the file.
        descriptions: of its bands.
        scaling: scale and offset that the file states of the bands shown.

    Returns:
        None where no range is known: 8 bit, radiance, what is not known to be reflectance.
    """
    if kind in ("uint8", "int8") or kind.startswith("complex"):
        return None
    if OTHER_LAYERS.search(source):
        return None
    stored = _scaling(sensor, source, tags or {}, descriptions)
    if stored is None:
        return None
    # What the file itself states is nearer to it than a document.
    if scaling != NO_SCALING and scaling[0] > 0:
        return Scaling(*scaling).shown
    # Whole numbers as real ones may be stored either way: that is for the values to tell.
    if kind.startswith("float"):
        return ALREADY.shown if _says_reflectance(source, descriptions) else None
    return stored.shown


def stored_scaling(
    sensor: str,
    kind: str,
    source: str,
    *,
    tags: Mapping[str, str],
    descriptions: Sequence[str | None],
    stated: tuple[float, float],
    typical: float | None,
) -> Scaling | None:
    """How the values of a scene become reflectance.

    Args:
        sensor: its key in `harma.scenes.sensors`, or "".
        kind: type of the values, as rasterio names it.
        source: path or address of the scene.
        tags: of the file.
        descriptions: of its bands.
        stated: scale and offset that the file states of the band.
        typical: of the values of a band as they are stored; None: not looked at.

    Returns:
        None where nothing says it.
    """
    if stated != NO_SCALING and stated[0] > 0:
        return Scaling(*stated)
    if kind in ("uint8", "int8") or kind.startswith("complex") or OTHER_LAYERS.search(source):
        return None
    known = _scaling(sensor, source, tags, descriptions)
    if not kind.startswith("float"):
        return known
    # Real numbers are stored either way, and nothing reflects more light than there is.
    if typical is None or typical <= MOST_REFLECTED:
        return ALREADY
    return known


def _scaling(
    sensor: str, source: str, tags: Mapping[str, str], descriptions: Sequence[str | None]
) -> Scaling | None:
    if sensor == "sentinel-2":
        return SENTINEL_2_OFFSET if _has_offset(source, tags) else PER_10000
    if sensor.startswith("landsat"):
        return _of_landsat(source, descriptions)
    if sensor in ("hls", "modis"):
        return PER_10000
    if sensor.startswith(("planetscope", "rapideye", "skysat")):
        return PER_10000 if re.search(r"_sr(?![a-z0-9])", source, re.IGNORECASE) else None
    return None


def _has_offset(source: str, tags: Mapping[str, str]) -> bool:
    """Whether values of Sentinel-2 have 1000 added, by the baseline in a product's name or tags."""
    # Harmonised copies have it taken off again, whatever the baseline.
    if "harmonized" in source.lower():
        return False
    named = re.search(r"_N(\d{4})_R\d{3}", source)
    if named:
        return int(named[1]) >= BASELINE_OF_OFFSET
    for key, text in tags.items():
        if key.lower().endswith("processing_baseline"):
            digits = re.sub(r"\D", "", text)
            return digits.isdecimal() and int(digits) >= BASELINE_OF_OFFSET
    return False


def _of_landsat(source: str, descriptions: Sequence[str | None]) -> Scaling | None:
    is_second = re.search(r"_L2S[PR]_\d{6}_\d{8}_\d{8}_02_|C02/T\d_L2", source, re.IGNORECASE)
    # Earth Engine and Collection 2 name bands alike; Collection 1 had no such names.
    named_so = any(text and re.match(r"SR_B\d", text.strip(), re.I) for text in descriptions)
    if is_second or named_so:
        return LANDSAT_C2_L2
    if re.search(r"_01_(T1|T2|RT)_sr_|_sr_band\d", source, re.IGNORECASE):
        return PER_10000
    return None


def _says_reflectance(source: str, descriptions: Sequence[str | None]) -> bool:
    texts = [source, *(text for text in descriptions if text)]
    return any("reflectance" in text.lower() for text in texts)
