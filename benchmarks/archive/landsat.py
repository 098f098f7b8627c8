"""Landsat Collection 2 Level-2 and Harmonized Landsat Sentinel-2: a file for each band."""

import numpy as np
from benchmarks.archive.rasters import (
    relative,
    write_json,
    write_picture,
    write_text,
    write_tiff,
)
from benchmarks.archive.site import site_of, truth_of

OLI = {
    "B1": "coastal",
    "B2": "blue",
    "B3": "green",
    "B4": "red",
    "B5": "nir",
    "B6": "swir1",
    "B7": "swir2",
}
TM = {"B1": "blue", "B2": "green", "B3": "red", "B4": "nir", "B5": "swir1", "B7": "swir2"}
# Reflectance = number × 0.0000275 − 0.2.
SCALE, OFFSET = 1 / 0.0000275, 0.2 / 0.0000275
HLS_BANDS = {
    "L30": {"B01": "coastal", "B02": "blue", "B03": "green", "B04": "red", "B05": "nir"},
    "S30": {"B01": "coastal", "B02": "blue", "B03": "green", "B04": "red", "B8A": "nir"},
}
HLS_MORE = {"L30": {"B06": "swir1", "B07": "swir2"}, "S30": {"B11": "swir1", "B12": "swir2"}}
# Of QA_PIXEL: bit 0 is fill, bit 6 clear.
QA_FILL, QA_CLEAR = 1, 64


def write_oli(root, number, seed):
    """Landsat 8 or 9."""
    satellite = 8 + number % 2
    return _write_landsat(root, number, seed, satellite, OLI, "landsat-8-9")


def write_tm(root, number, seed):
    """Landsat 5 or 7: band 1 is blue, where on Landsat 8 it is coastal."""
    satellite = (5, 7)[number % 2]
    return _write_landsat(root, number, seed, satellite, TM, "landsat-5-7")


def _write_landsat(root, number, seed, satellite, bands, product):
    site = site_of(number, seed, pixel=30, year={5: 2008, 7: 2002}.get(satellite))
    letter = {5: "T", 7: "E"}.get(satellite, "C")
    day = site.taken.strftime("%Y%m%d")
    name = f"L{letter}{satellite:02}_L2SP_{number:06}_{day}_20230101_02_T1"
    # Half of them as they come out of a .tar, in one folder for all.
    folder = root / "flat" if number % 4 < 2 else root / name
    written = []

    def keep(suffix):
        written.append(folder / f"{name}{suffix}")
        return written[-1]

    for band, seen in bands.items():
        values = site.pattern.values(seen, SCALE, OFFSET)
        write_tiff(keep(f"_SR_{band}.TIF"), values, site, nodata=0, compress="deflate")
    clear = np.where(site.pattern.valid, QA_CLEAR, QA_FILL).astype("uint16")
    write_tiff(keep("_QA_PIXEL.TIF"), clear, site, nodata=1)
    write_tiff(keep("_QA_RADSAT.TIF"), np.zeros_like(clear), site)
    thermal = np.where(site.pattern.valid, 44_000, 0).astype("uint16")
    thermal_band = "B10" if satellite >= 8 else "B6"
    write_tiff(keep(f"_ST_{thermal_band}.TIF"), thermal, site, nodata=0)
    write_tiff(keep("_ST_QA.TIF"), thermal.astype("int16") % 300, site, nodata=-9999)
    if satellite >= 8:
        write_tiff(keep("_SR_QA_AEROSOL.TIF"), clear.astype("uint8"), site, nodata=1)
    write_picture(keep("_thumb_small.jpeg"), site.pattern.picture())
    clock = site.taken.strftime("%H:%M:%S.1234567Z")
    write_text(keep("_MTL.txt"), _metadata(satellite, site.taken.date(), clock))
    write_json(
        keep("_MTL.json"),
        {
            "LANDSAT_METADATA_FILE": {
                "IMAGE_ATTRIBUTES": {
                    "SPACECRAFT_ID": f"LANDSAT_{satellite}",
                    "DATE_ACQUIRED": site.taken.date().isoformat(),
                    "SCENE_CENTER_TIME": clock,
                }
            }
        },
    )
    write_text(keep("_ANG.txt"), "GROUP = FILE_HEADER\nEND\n")
    paths = [root / name] if folder.name == name else written
    exact = site.taken.replace(microsecond=123456).isoformat()
    return truth_of(
        site,
        product,
        relative(paths, root),
        sensor="Landsat",
        starts=exact,
        ends=exact,
    )


def _metadata(satellite, day, clock):
    return f"""GROUP = LANDSAT_METADATA_FILE
  GROUP = PRODUCT_CONTENTS
    COLLECTION_NUMBER = 02
    PROCESSING_LEVEL = "L2SP"
  END_GROUP = PRODUCT_CONTENTS
  GROUP = IMAGE_ATTRIBUTES
    SPACECRAFT_ID = "LANDSAT_{satellite}"
    DATE_ACQUIRED = {day}
    SCENE_CENTER_TIME = "{clock}"
  END_GROUP = IMAGE_ATTRIBUTES
END_GROUP = LANDSAT_METADATA_FILE
END
"""


def write_l30(root, number, seed):
    """HLS from Landsat."""
    return _write_hls(root, number, seed, "L30")


def write_s30(root, number, seed):
    """HLS from Sentinel-2."""
    return _write_hls(root, number, seed, "S30")


def _write_hls(root, number, seed, kind):
    site = site_of(number, seed, pixel=30)
    name = f"HLS.{kind}.T{site.zone[:2]}SEG.{site.taken.strftime('%Y%jT%H%M%S')}.v2.0"
    folder = root / "flat" if number % 4 < 2 else root / name
    written = []

    def keep(suffix):
        written.append(folder / f"{name}.{suffix}")
        return written[-1]

    for band, seen in {**HLS_BANDS[kind], **HLS_MORE[kind]}.items():
        values = site.pattern.values(seen, 10_000, dtype="int16", fill=-9999)
        write_tiff(keep(f"{band}.tif"), values, site, nodata=-9999, compress="deflate")
    mask = np.where(site.pattern.valid, 64, 255).astype("uint8")
    write_tiff(keep("Fmask.tif"), mask, site, nodata=255)
    for angle in ("SAA", "SZA", "VAA", "VZA"):
        values = np.where(site.pattern.valid, 4000, 40_000).astype("uint16")
        write_tiff(keep(f"{angle}.tif"), values, site, nodata=40_000)
    write_picture(keep("jpg"), site.pattern.picture())
    write_text(keep("cmr.xml"), "<Granule/>\n")
    paths = [root / name] if folder.name == name else written
    return truth_of(site, f"hls-{kind.lower()}", relative(paths, root), sensor="HLS")
