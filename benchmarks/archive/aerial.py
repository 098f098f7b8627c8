"""Aerial images: NAIP, drone mosaics and photos, scanned sheets, pictures exported from a GIS."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pyproj
import rasterio
from affine import Affine
from benchmarks.archive.rasters import (
    relative,
    write_aux,
    write_picture,
    write_text,
    write_tiff,
    write_world_file,
)
from benchmarks.archive.site import site_of, truth_of
from benchmarks.archive.truth import day
from PIL import Image
from rasterio.enums import ColorInterp

# A drone's coordinates without a place on Earth.
LOCAL_CRS = 'LOCAL_CS["Local Coordinates (m)",LOCAL_DATUM["Local Datum",0],UNIT["metre",1]]'
# EXIF.
EXIF_TIMES, EXIF_GPS = 0x8769, 0x8825
TAKEN_ON, ZONE = 0x9003, 0x9011


def write_naip(root, number, seed):
    """Red, green, blue and infrared, which GDAL by itself calls alpha; water is 0 in it."""
    site = site_of(number, seed, pixel=1, fill_columns=0)
    name = f"m_{number:07}_se_{site.zone[:2]}_1_{site.taken.strftime('%Y%m%d')}"
    infrared = site.pattern.values("nir", 500, dtype="uint8")
    infrared[infrared < 20] = 0
    values = np.stack([*site.pattern.picture(), infrared])
    image = root / f"{name}.tif"
    # The alpha that is none, in every other file.
    options = {"photometric": "RGB"} if number % 2 else {}
    write_tiff(image, values, site, **options)
    if number % 2:
        names = ("Red", "Green", "Blue", "NIR")
        with rasterio.open(image, "r+") as dataset:
            dataset.descriptions = names
    note = root / f"{name}.txt"
    write_text(note, "NAIP\n")
    starts, ends = day(site.taken)
    return truth_of(
        site,
        "naip",
        relative([image, note], root),
        starts=starts,
        ends=ends,
        bands=(1, 2, 3),
        sensor="NAIP",
    )


def write_drone_mosaic(root, number, seed):
    """A mosaic: turned by 20°, or in local coordinates, or placed by files beside it."""
    form = ("turned", "local", "beside")[number % 3]
    fill_columns = 0 if form == "turned" else None
    site = site_of(number, seed, pixel=0.5, fill_columns=fill_columns)
    if form == "turned":
        site = replace(site, transform=site.transform @ Affine.rotation(20))
    folder = root / f"flight_{number:03}"
    image = folder / f"ortho_{site.taken.strftime('%Y-%m-%d')}.tif"
    paths = [image]
    values = site.pattern.picture()
    if form == "local":
        # Black where there is no data, and an alpha that says so.
        alpha = (site.pattern.valid * 255).astype("uint8")
        write_tiff(
            image,
            np.stack([*values, alpha]),
            crs=LOCAL_CRS,
            transform=Affine(0.5, 0, 100, 0, -0.5, 900),
            interpretation=(
                ColorInterp.red,
                ColorInterp.green,
                ColorInterp.blue,
                ColorInterp.alpha,
            ),
        )
    elif form == "beside":
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False):
            write_tiff(image, values, mask=site.pattern.valid)
        paths += [folder / f"{image.stem}.tfw", folder / f"{image.name}.aux.xml"]
        write_world_file(paths[1], site.transform)
        write_aux(paths[2], site.epsg)
        paths.append(folder / f"{image.name}.msk")
    else:
        write_tiff(image, values, site, tiled=True, blockxsize=64, blockysize=64)
    starts, ends = day(site.taken)
    known = truth_of(
        site,
        "drone-mosaic",
        relative(paths, root),
        starts=starts,
        ends=ends,
        bands=(1, 2, 3),
    )
    if form == "local":
        return replace(known, bounds=None)
    return known


def write_drone_photo(root, number, seed):
    """A photo of a camera in flight: its time and place stand in EXIF."""
    site = site_of(number, seed, pixel=0.1, fill_columns=0)
    stamp = site.taken.strftime("%Y%m%d%H%M%S")
    path = root / "DCIM" / "100MEDIA" / f"DJI_{stamp}_{number:04}_V.JPG"
    west, south, east, north = truth_of(site, "", ()).bounds
    longitude = (west + east) / 2
    latitude = (south + north) / 2
    exif = Image.Exif()
    exif[0x010F] = "DJI"
    exif[EXIF_TIMES] = {TAKEN_ON: site.taken.strftime("%Y:%m:%d %H:%M:%S"), ZONE: "+00:00"}
    exif[EXIF_GPS] = {
        1: "N" if latitude >= 0 else "S",
        2: _sexagesimal(latitude),
        3: "E" if longitude >= 0 else "W",
        4: _sexagesimal(longitude),
    }
    write_picture(path, site.pattern.picture(), exif=exif, quality=95)
    return truth_of(
        site,
        "drone-photo",
        relative([path], root),
        bounds=(longitude, latitude, longitude, latitude),
        # A photo's place is a point; how far it sees stands nowhere.
        tolerance=0.003,
    )


def _sexagesimal(degrees):
    seconds = Fraction(abs(degrees)).limit_denominator(10**7) * 3600
    minutes, seconds = divmod(seconds, 60)
    whole, minutes = divmod(minutes, 60)
    return (float(whole), float(minutes), round(float(seconds), 4))


def write_scan(root, number, seed):
    """A scanned sheet: a TIFF without tags, a world file, and .aux.xml or .prj beside it."""
    site = site_of(number, seed, pixel=5, fill_columns=0, year=1975 + number % 20)
    stem = f"sheet_{number:04}_{site.taken.strftime('%Y-%m-%d')}"
    image = root / f"{stem}.tif"
    write_tiff(image, site.pattern.picture(), photometric="RGB")
    world = root / f"{stem}.tfw"
    write_world_file(world, site.transform)
    if number % 2:
        beside = root / f"{stem}.tif.aux.xml"
        write_aux(beside, site.epsg)
    else:
        beside = root / f"{stem}.prj"
        write_text(beside, pyproj.CRS(site.epsg).to_wkt("WKT1_ESRI"))
    starts, ends = day(site.taken)
    paths = relative([image, world, beside], root)
    return truth_of(site, "scan", paths, starts=starts, ends=ends, bands=(1, 2, 3))


def write_png_export(root, number, seed):
    """A picture exported from a GIS, with a world file and .aux.xml; some with alpha."""
    site = site_of(number, seed, pixel=2, fill_columns=None if number % 2 else 0)
    stem = f"export_{site.taken.strftime('%Y%m%d')}_{number}"
    image = root / f"{stem}.png"
    values = site.pattern.picture(fill=255)
    if number % 2:
        values = np.stack([*values, (site.pattern.valid * 255).astype("uint8")])
    write_picture(image, values)
    world = root / f"{stem}.{('wld', 'pgw')[number % 2]}"
    write_world_file(world, site.transform)
    beside = root / f"{stem}.png.aux.xml"
    write_aux(beside, site.epsg)
    starts, ends = day(site.taken)
    paths = relative([image, world, beside], root)
    return truth_of(site, "png-export", paths, starts=starts, ends=ends)
