"""Rasters of every odd kind, small, by chance: types, bands, places, dates, palettes, sidecars."""

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp, Resampling
from rasterio.rpc import RPC

TYPES = (
    "uint8", "uint8", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
    "float32", "float64", "complex64", "complex128", "complex_int16",
)  # fmt: skip
LOCAL = 'LOCAL_CS["a site",UNIT["metre",1]]'
ENGINEERING = (
    'ENGCRS["site",EDATUM["none"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],'
    'LENGTHUNIT["metre",1]]'
)
MOON = (
    'GEOGCS["Moon",DATUM["Moon",SPHEROID["Moon",1737400,0]],PRIMEM["0",0],'
    'UNIT["degree",0.0174532925199433]]'
)
SYSTEMS = (
    "EPSG:32631", "EPSG:32631", "EPSG:32733", "EPSG:4326", "EPSG:4326", "EPSG:3857", "EPSG:4978",
    "EPSG:4936", "EPSG:4979", "EPSG:3031", "EPSG:3413", "EPSG:2154", "EPSG:27700", "EPSG:2263",
    "EPSG:5773", "EPSG:7415", "ESRI:54009", "ESRI:54008", "EPSG:6933", "EPSG:8857", LOCAL,
    ENGINEERING, MOON, None, None,
)  # fmt: skip
DATES = (
    "2015-09-26", "2015:09:26 10:30:00", "0000-00-00", "9999-12-31T23:59:59", "10000-01-01", "-1",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2015-13-45", "2015-02-30", "∞", "",
    "2015-09-26T24:00:00Z", "2015-09-26T10:30:60Z", "999999999999999999999", "20150926T", "²⁰¹⁵",
    "0000-01-01", "1e9", "2015-W40-1", "2015-366", "NaN", "2015-09-26T10:30:00+99:99",
    "2015-09-26T10:30:00.999999999999999Z", "\u0662\u0660\u0661\u0665-01-01",
)  # fmt: skip
DATE_TAGS = (
    "DATE", "DATETIME", "ACQUISITIONDATETIME", "ACQUISITION_DATE", "NITF_IDATIM",
    "TIFFTAG_DATETIME",
    "ACQUISITION_START_TIME", "ACQUISITION_STOP_TIME", "START_DATETIME", "END_DATETIME",
    "EXIF_DateTimeOriginal", "time_coverage_start", "time_coverage_end",
)  # fmt: skip
COLORS = (
    ColorInterp.palette, ColorInterp.alpha, ColorInterp.red, ColorInterp.gray, ColorInterp.green,
    ColorInterp.undefined,
)  # fmt: skip
NUMBERS = (
    0.0, -0.0, 1.0, -1.0, 10.0, 0.5, 1e-9, 1e-300, 1e9, 1e17, 1e300, math.nan, math.inf, -math.inf,
    180.0, -180.0, 90.0, -90.0, 500_000.0, 5_000_000.0,
)  # fmt: skip


def transform_of(chance: random.Random, crs: str | None) -> Affine:
    """A place on Earth for a system, or a transform that no raster should have."""
    degrees = crs in ("EPSG:4326", "EPSG:4979", MOON)
    usual = Affine(10, 0, 500_000, 0, -10, 5_000_000)
    if degrees:
        usual = Affine(0.001, 0, chance.uniform(-180, 180), 0, -0.001, chance.uniform(-90, 90))
    kind = chance.choices(
        ("usual", "turned", "mirrored", "odd", "flat", "identity"), (6, 1, 1, 4, 2, 1)
    )[0]
    if kind == "turned":
        return usual @ Affine.rotation(chance.uniform(0, 360))
    if kind == "mirrored":
        return usual @ Affine.scale(*chance.choice(((-1, 1), (1, -1), (-1, -1))))
    if kind == "identity":
        return Affine.identity()
    if kind == "flat":
        # Its two sides lie on one line: no inverse.
        a, b = usual.a * chance.choice((0, 1, 1e-12)), usual.a
        return Affine(a, b, usual.c, chance.choice((a, 2 * a)), chance.choice((b, 2 * b)), usual.f)
    values = list(usual[:6])
    if kind == "odd":
        for _ in range(chance.randrange(1, 3)):
            values[chance.randrange(6)] = chance.choice(NUMBERS)
    return Affine(*values)


def values_of(chance: random.Random, kind: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Values of a type: noise, one value, extremes, or none that is a number."""
    rng = np.random.default_rng(chance.getrandbits(64))
    name = "complex64" if kind == "complex_int16" else kind
    form = chance.choice(("noise", "noise", "one", "ends", "nan", "few"))
    dtype = np.dtype(name)
    if dtype.kind in "fc":
        values = rng.normal(1000, 500, shape)
        if form == "one":
            values = np.full(shape, chance.choice(NUMBERS))
        elif form == "nan":
            values[rng.random(shape) < 0.7] = np.nan
        elif form == "ends":
            values = rng.choice([np.finfo(dtype).max, np.finfo(dtype).min, 0, np.inf], shape)
        with np.errstate(all="ignore"):
            return values.astype(dtype)
    ends = np.iinfo(dtype)
    if form == "one":
        return np.full(shape, chance.choice((0, 1, ends.max, ends.min)), dtype)
    if form == "ends":
        return rng.choice(np.array([ends.max, ends.min], dtype), shape)
    if form == "few":
        return rng.integers(0, 3, shape).astype(dtype)
    return rng.integers(0, min(ends.max, 4000), shape, dtype=dtype)


def write_geotiff(chance: random.Random, path: Path) -> None:
    """A GeoTIFF of an odd kind; where GDAL refuses to write one, a plain one."""
    kind = chance.choice(TYPES)
    count = chance.choice((1, 1, 3, 3, 3, 4, 4, 2, 5, 8, 13, 60, 300))
    side = chance.choice((1, 2, 7, 40, 64, 90))
    height, width = side, chance.choice((1, 3, 40, 64, 130))
    crs = chance.choice(SYSTEMS)
    options: dict[str, Any] = {
        "compress": chance.choice(("none", "deflate", "lzw", "packbits", "zstd")),
        "interleave": chance.choice(("pixel", "band")),
    }
    if chance.random() < 0.3:
        options |= {"tiled": True, "blockxsize": 16, "blockysize": 16}
    if chance.random() < 0.1:
        options["sparse_ok"] = True
    if chance.random() < 0.1 and kind == "uint8" and count in (1, 3):
        options |= {"compress": "jpeg"}
    if chance.random() < 0.1 and kind == "uint8":
        options["nbits"] = chance.randrange(1, 8)
    if chance.random() < 0.15:
        options["photometric"] = chance.choice(("rgb", "miniswhite", "cmyk", "cielab", "ycbcr"))
    if chance.random() < 0.3:
        options["nodata"] = chance.choice((0, 255, -9999, math.nan, 1e30, 65535, 3.5, -1))
    try:
        _write(chance, path, kind, (count, height, width), crs, options)
    except (ValueError, TypeError, OverflowError, rasterio.errors.RasterioError):
        path.unlink(missing_ok=True)
        _write(chance, path, "uint8", (3, 40, 50), "EPSG:32631", {"compress": "deflate"})


def _write(
    chance: random.Random,
    path: Path,
    kind: str,
    shape: tuple[int, int, int],
    crs: str | None,
    options: dict[str, Any],
) -> None:
    count, height, width = shape
    placed: dict[str, Any] = {"crs": crs, "transform": transform_of(chance, crs)}
    way = chance.choices(("transform", "gcps", "rpc", "none"), (10, 1, 1, 1))[0]
    if way != "transform":
        placed = {}
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=kind, **placed,
        **options,
    ) as dataset:  # fmt: skip
        if "sparse_ok" not in options:
            dataset.write(values_of(chance, kind, shape))
        if way == "gcps":
            dataset.gcps = points_of(chance, height, width), rasterio.crs.CRS.from_epsg(4326)
        if way == "rpc":
            dataset.rpcs = coefficients_of(chance)
        _decorate(chance, dataset, kind)


def _decorate(chance: random.Random, dataset: Any, kind: str) -> None:
    """Dates, palettes, colours, scales, masks and overviews."""
    for _ in range(chance.choice((0, 1, 2))):
        dataset.update_tags(**{chance.choice(DATE_TAGS): chance.choice(DATES)})
    if chance.random() < 0.1:
        dataset.update_tags(ns="IMAGERY", ACQUISITIONDATETIME=chance.choice(DATES))
    if chance.random() < 0.1:
        dataset.update_tags(
            ns=chance.choice(("OVERVIEWS", "IMD", "RPC", "x")), OVERVIEW_FILE="a", LINE_OFF="x"
        )
    if kind in ("uint8", "uint16") and dataset.count == 1 and chance.random() < 0.4:
        colors = chance.choice((1, 2, 16, 256))
        dataset.write_colormap(
            1, {i: tuple(chance.randrange(256) for _ in range(4)) for i in range(colors)}
        )
    if chance.random() < 0.2:
        dataset.colorinterp = [chance.choice(COLORS) for _ in dataset.indexes]
    if chance.random() < 0.1:
        dataset.scales = [chance.choice(NUMBERS) for _ in dataset.indexes]
        dataset.offsets = [chance.choice(NUMBERS) for _ in dataset.indexes]
    if chance.random() < 0.1:
        dataset.descriptions = [
            chance.choice(("red", "B4", "nir", "", "a" * 300, "\n")) for _ in dataset.indexes
        ]
    if chance.random() < 0.1:
        dataset.write_mask(
            np.random.default_rng(chance.getrandbits(32)).integers(0, 2, dataset.shape).astype(bool)
        )
    if chance.random() < 0.1 and min(dataset.shape) >= 4:
        dataset.build_overviews([2, 4], Resampling.nearest)


def points_of(chance: random.Random, height: int, width: int) -> list[GroundControlPoint]:
    """Ground control points: a few, many, in line, in one place, or without a number."""
    count = chance.choice((1, 2, 3, 4, 10, 30))
    form = chance.choice(("good", "good", "line", "one", "odd"))
    found = []
    for _ in range(count):
        row, col = chance.uniform(0, height), chance.uniform(0, width)
        if form == "line":
            row = col
        if form == "one":
            row = col = 1.0
        x, y = 5 + col * 0.001, 45 - row * 0.001
        if form == "odd" and chance.random() < 0.5:
            x = chance.choice(NUMBERS)
        found.append(GroundControlPoint(row, col, x, y))
    return found


def coefficients_of(chance: random.Random) -> RPC:
    """Rational polynomial coefficients, mostly damaged."""
    ones = [0.0, 1.0, *[0.0] * 18]
    rows = [0.0, 0.0, -1.0, *[0.0] * 17]
    below = [1.0, *[0.0] * 19]
    values: dict[str, Any] = {
        "height_off": 100.0, "height_scale": 500.0, "lat_off": 45.0, "lat_scale": 0.1,
        "line_den_coeff": below, "line_num_coeff": rows, "line_off": 20.0, "line_scale": 20.0,
        "long_off": 5.0, "long_scale": 0.1, "samp_den_coeff": below, "samp_num_coeff": ones,
        "samp_off": 20.0, "samp_scale": 20.0, "err_bias": 0.0, "err_rand": 0.0,
    }  # fmt: skip
    for _ in range(chance.randrange(3)):
        name = chance.choice(list(values))
        if isinstance(values[name], list):
            values[name] = [chance.choice(NUMBERS) for _ in range(20)]
        else:
            values[name] = chance.choice(NUMBERS)
    return RPC(**values)
