"""Writing rasters and the files beside them."""

import json

import numpy as np
import pyproj
import rasterio
import rasterio.shutil
from PIL import Image
from rasterio.io import MemoryFile


def write_tiff(path, values, site=None, *, names=None, interpretation=None, mask=None, **profile):
    """A GeoTIFF.

    Args:
        path: of the file.
        values: (bands, height, width) or (height, width).
        site: that places it; None leaves it without a place.
        names: of bands.
        interpretation: of bands.
        mask: (height, width), kept inside the file or, by GDAL's settings, beside it.
        profile: what rasterio takes further.
    """
    values = values if values.ndim == 3 else values[None]
    count, height, width = values.shape
    if site is not None:
        profile = {"crs": f"EPSG:{site.epsg}", "transform": site.transform, **profile}
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = {"count": count, "height": height, "width": width, "dtype": values.dtype.name}
    with rasterio.open(path, "w", **{"driver": "GTiff", **shape, **profile}) as dataset:
        if interpretation:
            dataset.colorinterp = interpretation
        dataset.write(values)
        if names:
            dataset.descriptions = names
        if mask is not None:
            dataset.write_mask(mask)


def write_jp2(path, values, site):
    """A JPEG 2000 file without loss, placed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    copied(path, values, site, "JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES")


def copied(path, values, site, driver, **options):
    """A file of a format that GDAL writes as a copy alone."""
    values = values if values.ndim == 3 else values[None]
    count, height, width = values.shape
    profile = {"count": count, "height": height, "width": width, "dtype": values.dtype.name}
    place = {"crs": f"EPSG:{site.epsg}", "transform": site.transform}
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", **profile, **place) as dataset:
            dataset.write(values)
        with memory.open() as dataset:
            rasterio.shutil.copy(dataset, str(path), driver=driver, **options)


def write_text(path, text):
    """A text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_json(path, content):
    """A JSON file."""
    write_text(path, json.dumps(content, indent=1))


def write_picture(path, values, **options):
    """A picture of (bands, height, width) by Pillow."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.moveaxis(values, 0, -1)).save(path, **options)


def write_world_file(path, transform):
    """A world file: the centre of the first pixel, lines in its own order."""
    x, y = transform @ (0.5, 0.5)
    numbers = (transform.a, transform.d, transform.b, transform.e, x, y)
    write_text(path, "".join(f"{number:.10f}\n" for number in numbers))


def write_aux(path, epsg):
    """An .aux.xml that names the coordinate reference system."""
    wkt = pyproj.CRS(epsg).to_wkt("WKT1_GDAL")
    write_text(path, f"<PAMDataset>\n  <SRS>{escaped(wkt)}</SRS>\n</PAMDataset>\n")


def escaped(text):
    """Text inside of XML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def relative(paths, root):
    """Paths from the archive's top."""
    return tuple(path.relative_to(root).as_posix() for path in paths)
