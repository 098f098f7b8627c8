"""PlanetScope and Maxar: deliveries with masks, metadata and rational polynomials."""

from dataclasses import replace

import numpy as np
from affine import Affine
from benchmarks.archive.rasters import (
    relative,
    write_json,
    write_picture,
    write_text,
    write_tiff,
)
from benchmarks.archive.site import box, grey_marks, site_of, truth_of

PLANET_4 = ("blue", "green", "red", "nir")
# The third is another green.
PLANET_8 = ("coastal", "blue", "pan", "green", "yellow", "red", "rededge", "nir")
PLANET_8_NAMES = (
    "coastal_blue",
    "blue",
    "green_i",
    "green",
    "yellow",
    "red",
    "rededge",
    "nir",
)
MAXAR_4 = {"BAND_B": "blue", "BAND_G": "green", "BAND_R": "red", "BAND_N": "nir"}
MAXAR_8 = {
    "BAND_C": "coastal",
    "BAND_B": "blue",
    "BAND_G": "green",
    "BAND_Y": "yellow",
    "BAND_R": "red",
    "BAND_RE": "rededge",
    "BAND_N": "nir",
    "BAND_N2": "nir",
}


def write_planet_4(root, number, seed):
    """PlanetScope of four bands, whose names stand in the file or nowhere."""
    names = PLANET_4 if number % 2 else None
    return _write_planet(root, number, seed, PLANET_4, names, "AnalyticMS_SR", "planetscope-4")


def write_planet_8(root, number, seed):
    """PlanetScope of eight bands."""
    names = PLANET_8_NAMES if number % 2 else None
    return _write_planet(root, number, seed, PLANET_8, names, "AnalyticMS_SR_8b", "planetscope-8")


def _write_planet(root, number, seed, bands, names, kind, product):
    site = site_of(number, seed, pixel=3)
    item = f"{site.taken.strftime('%Y%m%d_%H%M%S')}_{number % 100:02}_2{number:03}"
    folder = root / "PSScene" / item if number % 4 < 2 else root / "files"
    image = folder / f"{item}_3B_{kind}.tif"
    values = np.stack([site.pattern.values(band, 10_000) for band in bands])
    write_tiff(image, values, site, names=names, nodata=0, compress="lzw", photometric="minisblack")
    mask = np.zeros((8, *site.pattern.valid.shape), dtype="uint8")
    mask[0] = site.pattern.valid
    mask[7] = ~site.pattern.valid
    udm = folder / f"{item}_3B_udm2{'_8b' if kind.endswith('8b') else ''}.tif"
    write_tiff(udm, mask, site, photometric="minisblack")
    metadata = folder / f"{item}_metadata.json"
    acquired = site.taken.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    write_json(metadata, {"id": item, "type": "Feature", "properties": {"acquired": acquired}})
    xml = folder / f"{item}_3B_{kind}_metadata.xml"
    write_text(xml, "<ps:EarthObservation/>\n")
    return truth_of(
        site,
        product,
        relative([image, udm, metadata, xml], root),
        # Of two greens it is the second: green I is nearer to blue.
        bands=tuple(len(bands) - bands[::-1].index(colour) for colour in ("red", "green", "blue")),
        sensor="PlanetScope",
    )


def write_maxar_4(root, number, seed):
    """A multispectral image of four bands with its metadata (.IMD), and the panchromatic one."""
    return _write_maxar(root, number, seed, MAXAR_4, "maxar-4", has_pan=number % 2 == 0)


def write_maxar_8(root, number, seed):
    """A multispectral image of eight bands, in every other case placed by its .RPB alone."""
    return _write_maxar(root, number, seed, MAXAR_8, "maxar-8", by_rpc=number % 2 == 0)


def write_maxar_pan(root, number, seed):
    """A delivery of the panchromatic image alone."""
    site = site_of(number, seed, pixel=0.5)
    order = f"05600{number:06}1_01"
    folder = root / order
    _write_maxar_image(folder, site, {"BAND_P": "pan"}, order, "P", nodata=0)
    marks = grey_marks(truth_of(site, "", ()).marks)
    paths = relative([folder], root)
    return truth_of(site, "maxar-pan", paths, bands=(1,), sensor="WorldView", marks=marks)


def _write_maxar(root, number, seed, bands, product, *, has_pan=False, by_rpc=False):
    # Turned pictures have a margin of up to a pixel: less than the tolerance of so many.
    site = site_of(number, seed, pixel=2, side=192 if by_rpc else 96)
    order = f"05600{number:06}{len(bands)}_01"
    folder = root / order
    if by_rpc:
        # In degrees, as coefficients give them; and no coordinates in the file.
        longitude, latitude = truth_of(site, "", ()).bounds[:2]
        step = 2e-5
        site = replace(site, epsg=4326, transform=Affine(step, 0, longitude, 0, -step, latitude))
    # Map products often leave their fill of 0 unsaid.
    nodata = 0 if number % 4 < 2 else None
    image = _write_maxar_image(folder, site, bands, order, "M", nodata=nodata, by_rpc=by_rpc)
    if has_pan:
        _write_maxar_image(folder, site, {"BAND_P": "pan"}, order, "P", nodata=nodata)
    write_text(folder / f"{order}_README.TXT", "README\n")
    write_picture(image.with_name(f"{image.stem}-BROWSE.JPG"), site.pattern.picture())
    seen = list(bands.values())
    return truth_of(
        site,
        product,
        relative([folder], root),
        bands=tuple(1 + seen.index(colour) for colour in ("red", "green", "blue")),
        sensor="WorldView",
    )


def _write_maxar_image(folder, site, bands, order, kind, *, nodata=None, by_rpc=False):
    clock = site.taken.strftime("%y%b%d%H%M%S").upper()
    part = folder / f"{order}_P001_{'MUL' if kind == 'M' else 'PAN'}"
    image = part / f"{clock}-{kind}2AS-{order}_P001.TIF"
    values = np.stack([site.pattern.values(band, 5000) for band in bands.values()])
    write_tiff(
        image,
        values,
        None if by_rpc else site,
        nodata=nodata,
        photometric="minisblack",
    )
    write_text(image.with_suffix(".IMD"), _image_metadata(site, bands))
    write_text(image.with_suffix(".XML"), "<isd/>\n")
    write_text(image.with_suffix(".TIL"), 'bandId = "Multi"\nnumTiles = 1;\nEND;\n')
    if by_rpc:
        write_text(image.with_suffix(".RPB"), _rational_polynomials(site))
    return image


def _image_metadata(site, bands):
    first = site.taken.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    groups = "".join(
        f"BEGIN_GROUP = {band}\n\tabsCalFactor = 1.0e-02;\nEND_GROUP = {band}\n" for band in bands
    )
    kind = "P" if len(bands) == 1 else "Multi"
    return f"""version = "28.3";
numRows = {site.pattern.height};
numColumns = {site.pattern.width};
productLevel = "Standard2A";
bandId = "{kind}";
bitsPerPixel = 16;
{groups}BEGIN_GROUP = IMAGE_1
\tsatId = "WV03";
\tmode = "FullSwath";
\tfirstLineTime = {first};
\tcloudCover = 0.01;
END_GROUP = IMAGE_1
END;
"""


def _rational_polynomials(site):
    """Coefficients of a plain picture in degrees, whatever the height."""
    west, south, east, north = box(site.outline())
    height, width = site.pattern.valid.shape

    def coefficients(name, place):
        numbers = ["0"] * 20
        numbers[place[0]] = place[1]
        listed = ",\n".join(f"\t\t\t{number}" for number in numbers)
        return f"\t{name} = (\n{listed});\n"

    return f"""satId = "WV03";
bandId = "Multi";
SpecId = "RPC00B";
BEGIN_GROUP = IMAGE
\terrBias = 0.0;
\terrRand = 0.0;
\tlineOffset = {height / 2 - 0.5};
\tsampOffset = {width / 2 - 0.5};
\tlatOffset = {(south + north) / 2:.9f};
\tlongOffset = {(west + east) / 2:.9f};
\theightOffset = 0;
\tlineScale = {height / 2};
\tsampScale = {width / 2};
\tlatScale = {(north - south) / 2:.9f};
\tlongScale = {(east - west) / 2:.9f};
\theightScale = 500;
{coefficients("lineNumCoef", (2, "-1"))}{coefficients("lineDenCoef", (0, "1"))}\
{coefficients("sampNumCoef", (1, "1"))}{coefficients("sampDenCoef", (0, "1"))}\
END_GROUP = IMAGE
END;
"""
