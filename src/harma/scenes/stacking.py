"""Stacking: single bands of a product put together as one raster, a VRT in XML that GDAL opens."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.io import DatasetReader

from harma.errors import DataError, HarmaError
from harma.scenes.edge import gdal_settings, library_call, open_dataset
from harma.scenes.products.product import Part

# GDAL's names of types, by rasterio's.
TYPES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
    "complex_int16": "CInt16",
    "complex64": "CFloat32",
    "complex128": "CFloat64",
}
INTERPRETATIONS = {"red": "Red", "green": "Green", "blue": "Blue"}
VRT_START = "<VRTDataset"
# Bands of one tile have the same corners; half a pixel is what rounding can do.
SAME_CORNER = 0.5


class UnfitError(DataError):
    """Files are no bands of one scene after all: they lie apart, or hold many bands."""


class _Header(NamedTuple):
    """What a part's file says of itself."""

    width: int
    height: int
    transform: Affine
    crs: CRS | None
    gcps: tuple[list[GroundControlPoint], CRS | None]
    num_bands: int
    types: tuple[str, ...]
    nodata: tuple[float | None, ...]
    tags: dict[str, str]


def stacked(parts: Sequence[Part]) -> str:
    """The raster of some bands, on the grid of the first.

    Args:
        parts: bands, in their order; those of another resolution are fitted to the first.

    Returns:
        A VRT in XML, whose paths are absolute.

    Raises:
        UnfitError: they are no bands of one scene.
        DataError: one cannot be read.
        MissingFileError: one is not there.
    """
    headers = {part.path: _header(part.path) for part in parts}
    first = headers[parts[0].path]
    for part in parts:
        _check_fits(part, headers[part.path], first)
    root = _root(first)
    for number, part in enumerate(parts, 1):
        _add_band(root, number, part, headers[part.path], first)
    return ElementTree.tostring(root, encoding="unicode")


def name_of(opened_as: str) -> str:
    """What a scene is called by what is opened: of a VRT in XML, the file of its first band."""
    if not opened_as.startswith(VRT_START):
        return opened_as
    name = ElementTree.fromstring(opened_as).findtext(".//SourceFilename")
    return name or ""


def _header(path: str) -> _Header:
    try:
        with gdal_settings(), open_dataset(path) as dataset:
            return _read(dataset)
    except HarmaError as error:
        raise type(error)(f"{path.rpartition('/')[2]}: {error.problem}") from error


def _read(dataset: DatasetReader) -> _Header:
    with library_call("what it says of itself cannot be read"):
        return _Header(
            width=dataset.width,
            height=dataset.height,
            transform=dataset.transform,
            crs=dataset.crs,
            gcps=dataset.gcps,
            num_bands=dataset.count,
            types=dataset.dtypes,
            nodata=dataset.nodatavals,
            tags=dataset.tags(ns="RPC"),
        )


def _check_fits(part: Part, header: _Header, first: _Header) -> None:
    """Check that a band is one, and lies where the first does.

    Raises:
        UnfitError: it does not.
    """
    name = part.path.rpartition("/")[2]
    if header.num_bands < part.band:
        raise UnfitError(f"{name} has {header.num_bands} bands")
    if header.num_bands > 1 and part.band == 1 and first.num_bands == 1:
        raise UnfitError(f"{name} has {header.num_bands} bands, not one")
    if header.crs != first.crs:
        raise UnfitError(f"{name} is in another coordinate reference system")
    pixel = max(abs(first.transform.a), abs(header.transform.a))
    ours = (*_corner(header, 0, 0), *_corner(header, 1, 1))
    theirs = (*_corner(first, 0, 0), *_corner(first, 1, 1))
    apart = max(abs(one - other) for one, other in zip(ours, theirs, strict=True))
    # Without a place the grid is that of pixels, and bands are of any resolution.
    if header.crs is not None and apart > SAME_CORNER * pixel:
        raise UnfitError(f"{name} lies elsewhere")


def _corner(header: _Header, column: int, row: int) -> tuple[float, float]:
    x, y = header.transform @ (column * header.width, row * header.height)
    return float(x), float(y)


def _root(first: _Header) -> Element:
    root = Element("VRTDataset", rasterXSize=str(first.width), rasterYSize=str(first.height))
    points, crs_of_points = first.gcps
    if first.crs is not None:
        SubElement(root, "SRS", dataAxisToSRSAxisMapping="1,2").text = first.crs.to_wkt()
        terms = ", ".join(repr(float(term)) for term in first.transform.to_gdal())
        SubElement(root, "GeoTransform").text = terms
    elif points and crs_of_points is not None:
        projection = crs_of_points.to_wkt()
        listed = SubElement(root, "GCPList", Projection=projection, dataAxisToSRSAxisMapping="1,2")
        for number, point in enumerate(points):
            _add_point(listed, number, point)
    if first.tags:
        metadata = SubElement(root, "Metadata", domain="RPC")
        for key, value in first.tags.items():
            SubElement(metadata, "MDI", key=key).text = value
    return root


def _add_point(listed: Element, number: int, point: GroundControlPoint) -> None:
    SubElement(
        listed,
        "GCP",
        Id=str(number),
        Pixel=repr(float(point.col)),
        Line=repr(float(point.row)),
        X=repr(float(point.x)),
        Y=repr(float(point.y)),
        Z=repr(float(point.z or 0)),
    )


def _add_band(root: Element, number: int, part: Part, header: _Header, first: _Header) -> None:
    kind = header.types[part.band - 1]
    if kind not in TYPES:
        raise DataError(f"{part.path.rpartition('/')[2]}: values of type {kind} cannot be shown")
    band = SubElement(root, "VRTRasterBand", dataType=TYPES[kind], band=str(number))
    SubElement(band, "Description").text = part.color
    nodata = header.nodata[part.band - 1]
    if nodata is None:
        nodata = part.nodata
    if nodata is not None:
        SubElement(band, "NoDataValue").text = repr(float(nodata))
    if part.color in INTERPRETATIONS:
        SubElement(band, "ColorInterp").text = INTERPRETATIONS[part.color]
    source = SubElement(band, "SimpleSource")
    SubElement(source, "SourceFilename", relativeToVRT="0").text = part.path
    SubElement(source, "SourceBand").text = str(part.band)
    whole = {"xOff": "0", "yOff": "0"}
    SubElement(source, "SrcRect", whole, xSize=str(header.width), ySize=str(header.height))
    SubElement(source, "DstRect", whole, xSize=str(first.width), ySize=str(first.height))
