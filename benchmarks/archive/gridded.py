"""NetCDF of three variables, and mosaics (VRT) of tiles that lie beside them."""

from dataclasses import replace

import numpy as np
import pyproj
import rasterio.shutil
from affine import Affine
from benchmarks.archive.rasters import escaped, relative, write_text, write_tiff
from benchmarks.archive.site import COLOURS, site_of, truth_of
from benchmarks.archive.truth import day
from rasterio.io import MemoryFile

FILL = -9999.0


def write_netcdf(root, number, seed):
    """A file of reflectance in degrees, a variable for each of red, green and blue."""
    site = site_of(number, seed, pixel=100)
    west, _, _, north = truth_of(site, "", ()).bounds
    site = replace(site, epsg=4326, transform=Affine(0.001, 0, west, 0, -0.001, north))
    stamp = site.taken.strftime("%Y%m%dT%H%M%SZ")
    path = root / f"reflectance_{stamp}.nc"
    values = np.stack(
        [site.pattern.values(band, 1, dtype="float32", fill=FILL) for band in COLOURS]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = site.pattern.valid.shape
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            count=3,
            height=height,
            width=width,
            dtype="float32",
            nodata=FILL,
            crs="EPSG:4326",
            transform=site.transform,
        ) as dataset:
            dataset.write(values)
            for band, colour in enumerate(COLOURS, start=1):
                dataset.update_tags(band, NETCDF_VARNAME=colour, long_name=colour)
        with memory.open() as dataset:
            rasterio.shutil.copy(dataset, str(path), driver="netCDF")
    return truth_of(site, "netcdf", relative([path], root))


def write_vrt(root, number, seed):
    """A mosaic of four tiles."""
    site = site_of(number, seed, pixel=5, side=120)
    stem = f"mosaic_{number:03}_{site.taken.strftime('%Y%m%d')}"
    mosaic = root / f"{stem}.vrt"
    values = site.pattern.picture()
    half = site.pattern.width // 2
    tiles = []
    for down in range(2):
        for across in range(2):
            tile = root / f"{stem}_tiles" / f"tile_{down}_{across}.tif"
            part = values[:, down * half : (down + 1) * half, across * half : (across + 1) * half]
            grid = replace(
                site, transform=site.transform @ Affine.translation(across * half, down * half)
            )
            write_tiff(tile, part, grid, nodata=0)
            tiles.append(tile)
    write_text(mosaic, _mosaic(site, tiles, half))
    starts, ends = day(site.taken)
    paths = relative([mosaic, *tiles], root)
    return truth_of(site, "vrt-mosaic", paths, starts=starts, ends=ends, bands=(1, 2, 3))


def _mosaic(site, tiles, half):
    transform = ", ".join(map(repr, site.transform.to_gdal()))
    wkt = escaped(pyproj.CRS(site.epsg).to_wkt("WKT1_GDAL"))
    bands = ""
    for band, colour in enumerate(("Red", "Green", "Blue"), start=1):
        parts = ""
        for place, tile in enumerate(tiles):
            down, across = divmod(place, 2)
            name = f"{tile.parent.name}/{tile.name}"
            size = f'xSize="{half}" ySize="{half}"'
            parts += f"""    <ComplexSource>
      <SourceFilename relativeToVRT="1">{name}</SourceFilename>
      <SourceBand>{band}</SourceBand>
      <SrcRect xOff="0" yOff="0" {size}/>
      <DstRect xOff="{across * half}" yOff="{down * half}" {size}/>
      <NODATA>0</NODATA>
    </ComplexSource>
"""
        bands += f"""  <VRTRasterBand dataType="Byte" band="{band}">
    <NoDataValue>0</NoDataValue>
    <ColorInterp>{colour}</ColorInterp>
{parts}  </VRTRasterBand>
"""
    side = 2 * half
    return f"""<VRTDataset rasterXSize="{side}" rasterYSize="{side}">
  <SRS>{wkt}</SRS>
  <GeoTransform>{transform}</GeoTransform>
{bands}</VRTDataset>
"""
