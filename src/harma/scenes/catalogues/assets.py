"""Assets of a STAC item: which of them is the picture: true colour, red-green-blue, radar, data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from harma.errors import DataError
from harma.scenes.products.product import BandPart

COLORS = ("red", "green", "blue")
# Roles (https://github.com/radiantearth/stac-spec/blob/master/best-practices.md) of what is no
# picture, or a small one. An asset of such a role is taken only where it is asked for.
OTHER_ROLES = frozenset(
    (
        *("thumbnail", "overview", "metadata", "tiles", "date", "documentation", "search"),
        *("cloud", "cloud-shadow", "snow-ice", "water-mask", "mask", "data-mask", "saturation"),
        *("land-water", "iso-19115", "incidence-angle", "azimuth", "sun-azimuth", "sun-elevation"),
        *("terrain-shadow", "terrain-occlusion", "terrain-illumination", "noise-power"),
        *("local-incidence-angle", "snr", "angles", "qa", "quality", "calibration", "noise"),
    )
)
OTHER_NAMES = re.compile(
    r"(?:^|[_-])(?:thumbnail|thumb|preview|browse|quicklook|overview|tilejson|mask|udm2?|qa|scl"
    r"|aot|wvp|cloud|snow|metadata|footprint|angle|nodata|fmask|saa|sza|vaa|vza)(?:$|[_-]|\d)",
    re.IGNORECASE,
)
# What the true-colour picture is called.
VISUAL = re.compile(
    r"^(?:visual|tci|true[_-]?colou?r|rgb|rgb[_-]image|ortho[_-]visual|basic[_-]visual)"
    r"(?:[_-]\d+m)?(?:[_-](?:jp2|cog|tif|tiff))?$",
    re.IGNORECASE,
)
# Bands by the names that sensors give them, where an item does not say its common names.
BANDS_OF = {
    "sentinel-2": {"B04": "red", "B03": "green", "B02": "blue"},
    "landsat-8": {"B4": "red", "B3": "green", "B2": "blue"},
    "landsat-7": {"B3": "red", "B2": "green", "B1": "blue"},
    "hls": {"B04": "red", "B03": "green", "B02": "blue"},
}
# Of radar, in the order wanted.
POLARISATIONS = ("vv", "hh", "vh", "hv")
SUFFIXES = frozenset(
    (".tif", ".tiff", ".jp2", ".png", ".jpg", ".jpeg", ".webp", ".img", ".nc", ".ntf", ".vrt")
)
RASTER_TYPES = ("image/", "application/x-hdf", "application/netcdf", "application/x-netcdf")


@dataclass(frozen=True)
class Asset:
    """A file of an item.

    Attributes:
        key: what the item calls it.
        href: path or address.
        media_type: such as "image/tiff; application=geotiff", or "".
        roles: such as ("data",).
        names: of its bands, or ().
        commons: common names of its bands ("red"), "" where one has none.
        gsd: metres, or None.
    """

    key: str
    href: str
    media_type: str = ""
    roles: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    commons: tuple[str, ...] = ()
    gsd: float | None = None

    @property
    def is_raster(self) -> bool:
        """Whether it may be a raster or picture."""
        if self.media_type:
            return self.media_type.lower().startswith(RASTER_TYPES)
        path = self.href.partition("?")[0]
        return PurePosixPath(path).suffix.lower() in SUFFIXES

    @property
    def is_tiff(self) -> bool:
        """Whether it is a TIFF, which is read in parts; JPEG 2000 is slow over a network."""
        return "tif" in self.media_type.lower() or ".tif" in self.href.lower()


@dataclass(frozen=True)
class AssetChoice:
    """What is read of an item.

    Attributes:
        assets: that are read, the first of which gives the scene its name.
        bands: numbers in the only asset, or () where its reader decides.
        parts: bands of several assets that are put together, or ().
    """

    assets: tuple[Asset, ...]
    bands: tuple[int, ...] = ()
    parts: tuple[BandPart, ...] = field(default=())


def asset_of(key: str, values: Mapping[str, Any], href: str) -> Asset:
    """An asset of what an item says of it.

    Args:
        key: what the item calls it.
        values: of the item, in STAC 1.0 or 1.1.
        href: path or address.
    """
    bands = values.get("eo:bands") or values.get("bands") or []
    names = []
    commons = []
    for band in bands:
        names.append(str(band.get("name", "")))
        commons.append(str(band.get("common_name") or band.get("eo:common_name") or "").lower())
    return Asset(
        key=key,
        href=href,
        media_type=str(values.get("type") or ""),
        roles=tuple(str(role).lower() for role in values.get("roles") or ()),
        names=tuple(names),
        commons=tuple(commons),
        gsd=_gsd(values),
    )


def _gsd(values: Mapping[str, Any]) -> float | None:
    raster_bands = values.get("raster:bands") or [{}]
    for value in (
        values.get("gsd"),
        values.get("raster:spatial_resolution"),
        raster_bands[0].get("spatial_resolution"),
    ):
        if isinstance(value, int | float):
            return float(value)
    return None


def choose(assets: Sequence[Asset], sensor: str, asked: Sequence[str] = ()) -> AssetChoice:
    """Which assets are read.

    Args:
        assets: of an item.
        sensor: that took it, or "".
        asked: keys that a person asks for: one, or three for red, green and blue.

    Raises:
        DataError: none can be told to be the picture.
    """
    if asked:
        return _as_asked(assets, asked)
    rasters = [asset for asset in assets if asset.is_raster and not _is_other(asset)]
    ways = (_visual, _all_in_one, _put_together, _radar, _only)
    for way in ways:
        choice = way(rasters, sensor)
        if choice is not None:
            return choice
    listed = ", ".join(asset.key for asset in assets) or "none"
    raise DataError(
        f"none of its assets ({listed}) is said to be a picture; name one, or those of red, green"
        " and blue (--assets)"
    )


def _as_asked(assets: Sequence[Asset], asked: Sequence[str]) -> AssetChoice:
    by_key = {asset.key: asset for asset in assets}
    missing = [key for key in asked if key not in by_key]
    if missing:
        raise DataError(
            f"it has no asset {missing[0]!r}, which was asked for; it has {', '.join(by_key)}"
        )
    if len(asked) == 1:
        return AssetChoice((by_key[asked[0]],))
    return _stack([by_key[key] for key in asked])


def _is_other(asset: Asset) -> bool:
    roles = set(asset.roles)
    if "visual" in roles and "thumbnail" not in roles:
        return False
    # A role says more than a name.
    if roles & OTHER_ROLES:
        return True
    return "data" not in roles and OTHER_NAMES.search(asset.key) is not None


def _finest(assets: Sequence[Asset]) -> Asset:
    """The asset of the smallest pixels; of several, the first TIFF."""
    return min(assets, key=lambda asset: (asset.gsd or 0.0, not asset.is_tiff))


def _visual(rasters: Sequence[Asset], _sensor: str) -> AssetChoice | None:
    shown = [asset for asset in rasters if VISUAL.match(asset.key)]
    shown = shown or [asset for asset in rasters if "visual" in asset.roles]
    if not shown:
        return None
    return AssetChoice((_finest(shown),))


def _all_in_one(rasters: Sequence[Asset], _sensor: str) -> AssetChoice | None:
    whole = [asset for asset in rasters if set(COLORS) <= set(asset.commons)]
    if not whole:
        return None
    asset = _finest(whole)
    bands = tuple(asset.commons.index(color) + 1 for color in COLORS)
    return AssetChoice((asset,), bands)


def _put_together(rasters: Sequence[Asset], sensor: str) -> AssetChoice | None:
    chosen = []
    for color in COLORS:
        of_color = [asset for asset in rasters if _color_of(asset, sensor) == color]
        if not of_color:
            return None
        chosen.append(_finest(of_color))
    return _stack(chosen)


def _color_of(asset: Asset, sensor: str) -> str:
    """The colour of an asset of one band, or ""."""
    if len(asset.commons) > 1:
        return ""
    if asset.commons and asset.commons[0]:
        return asset.commons[0]
    key = asset.key.removeprefix("SR_")
    if key.lower() in COLORS:
        return key.lower()
    return BANDS_OF.get(sensor, {}).get(key, "")


def _stack(assets: Sequence[Asset]) -> AssetChoice:
    pairs = zip(assets, COLORS, strict=False)
    parts = tuple(BandPart(asset.href, color) for asset, color in pairs)
    return AssetChoice(tuple(assets), parts=parts)


def _radar(rasters: Sequence[Asset], _sensor: str) -> AssetChoice | None:
    by_key = {asset.key.lower(): asset for asset in rasters}
    for polarisation in POLARISATIONS:
        if polarisation in by_key:
            return AssetChoice((by_key[polarisation],))
    return None


def _only(rasters: Sequence[Asset], _sensor: str) -> AssetChoice | None:
    data = [asset for asset in rasters if "data" in asset.roles] or list(rasters)
    return AssetChoice((data[0],)) if len(data) == 1 else None
