"""NetCDF of three variables, and mosaics (VRT) of tiles that lie beside them."""

from dataclasses import replace

import numpy as np
import pyproj
from affine import Affine
from benchmarks.archive.netcdf_classic import write_classic
from benchmarks.archive.rasters import escaped, relative, write_text, write_tiff
from benchmarks.archive.site import COLOURS, site_of, truth_of
from benchmarks.archive.truth import day

FILL = -9999.0


def write_netcdf(root, number, seed):
    """Reflectance in degrees, a variable a colour; every other file has no grid mapping."""
    site = site_of(number, seed, pixel=100)
    west, _, _, north = truth_of(site, "", ()).bounds
    site = replace(site, epsg=4326, transform=Affine(0.001, 0, west, 0, -0.001, north))
    stamp = site.taken.strftime("%Y%m%dT%H%M%SZ")
    path = root / f"reflectance_{stamp}.nc"
    height, width = site.pattern.valid.shape
    # Centres of cells.
    longitudes = np.array([(site.transform @ (x + 0.5, 0))[0] for x in range(width)])
    latitudes = np.array([(site.transform @ (0, y + 0.5))[1] for y in range(height)])
    variables = {
        "lat": (("lat",), {"units": "degrees_north", "standard_name": "latitude"}, latitudes),
        "lon": (("lon",), {"units": "degrees_east", "standard_name": "longitude"}, longitudes),
    }
    for band in COLOURS:
        values = site.pattern.values(band, 1, dtype="float32", fill=FILL)
        about = {"long_name": f"{band} reflectance", "_FillValue": FILL}
        if number % 2:
            about["grid_mapping"] = "crs"
        variables[band] = (("lat", "lon"), about, values)
    if number % 2:
        mapping = {
            "grid_mapping_name": "latitude_longitude",
            "semi_major_axis": 6378137.0,
            "inverse_flattening": 298.257223563,
            "spatial_ref": pyproj.CRS(4326).to_wkt("WKT1_GDAL"),
        }
        variables["crs"] = ((), mapping, np.array(0.0))
    dimensions = {"lat": height, "lon": width}
    write_classic(path, dimensions, variables, {"Conventions": "CF-1.8"})
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
