"""Stacking: single bands of a product put together as one raster, a VRT in XML that GDAL opens."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from xml.etree.ElementTree import Element, SubElement

from harma.errors import DataError, HarmaError
from harma.scenes.edge import gdal_settings, library_call, open_dataset
from harma.scenes.products.product import BandPart
from harma.scenes.sidecars import how_to_look

if TYPE_CHECKING:
    # The plain install, which has none of them, looks for pictures through this module too.
    from affine import Affine
    from rasterio.control import GroundControlPoint
    from rasterio.crs import CRS
    from rasterio.io import DatasetReader

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


class PartHeader(NamedTuple):
    """What a part's file says of itself."""

    width: int
    height: int
    transform: "Affine"
    crs: "CRS | None"
    gcps: "tuple[list[GroundControlPoint], CRS | None]"
    num_bands: int
    types: tuple[str, ...]
    nodata: tuple[float | None, ...]
    scaling: tuple[tuple[float, float], ...]
    tags: dict[str, str]


def stacked(parts: Sequence[BandPart]) -> str:
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
    headers = {part.path: header_of(part.path) for part in parts}
    first = headers[parts[0].path]
    for part in parts:
        if len(headers) > 1 and headers[part.path].num_bands > 1:
            name = part.path.rpartition("/")[2]
            raise UnfitError(f"{name} has {headers[part.path].num_bands} bands, not one")
        _check_fits(part, headers[part.path], first)
    root = raster_of(first, first.width, first.height)
    for number, part in enumerate(parts, 1):
        _add_band(root, number, part, headers[part.path], first)
    return ElementTree.tostring(root, encoding="unicode")


def name_of(opened_as: str) -> str:
    """What a scene is called by what is opened: of a VRT in XML, the file of its first band."""
    if not opened_as.startswith(VRT_START):
        return opened_as
    name = ElementTree.fromstring(opened_as).findtext(".//SourceFilename")
    return name or ""


def header_of(path: str) -> PartHeader:
    """What a file says of itself.

    Raises:
        DataError: it cannot be read; the message names it.
        MissingFileError: it is not there.
    """
    try:
        with gdal_settings(how_to_look(path)), open_dataset(path) as dataset:
            return _read(dataset)
    except HarmaError as error:
        raise type(error)(f"{path.rpartition('/')[2]}: {error.problem}") from error


def _read(dataset: "DatasetReader") -> PartHeader:
    with library_call("what it says of itself cannot be read"):
        return PartHeader(
            width=dataset.width,
            height=dataset.height,
            transform=dataset.transform,
            crs=dataset.crs,
            gcps=dataset.gcps,
            num_bands=dataset.count,
            types=dataset.dtypes,
            nodata=dataset.nodatavals,
            scaling=tuple(zip(dataset.scales, dataset.offsets, strict=True)),
            tags=dataset.tags(ns="RPC"),
        )


def _check_fits(part: BandPart, header: PartHeader, first: PartHeader) -> None:
    """Check that a band is one, and lies where the first does.

    Raises:
        UnfitError: it does not.
    """
    name = part.path.rpartition("/")[2]
    if header.num_bands < part.band:
        raise UnfitError(f"{name} has {header.num_bands} bands")
    if header.crs != first.crs:
        raise UnfitError(f"{name} is in another coordinate reference system")
    pixel = max(abs(first.transform.a), abs(header.transform.a))
    ours = (*_corner(header, 0, 0), *_corner(header, 1, 1))
    theirs = (*_corner(first, 0, 0), *_corner(first, 1, 1))
    apart = max(abs(one - other) for one, other in zip(ours, theirs, strict=True))
    # Without a place the grid is that of pixels, and bands are of any resolution.
    if header.crs is not None and apart > SAME_CORNER * pixel:
        raise UnfitError(f"{name} lies elsewhere")


def _corner(header: PartHeader, column: int, row: int) -> tuple[float, float]:
    x, y = header.transform @ (column * header.width, row * header.height)
    return float(x), float(y)


def raster_of(first: PartHeader, width: int, height: int) -> Element:
    """The beginning of a VRT in XML: where it lies.

    Args:
        first: its upper left part.
        width: of the whole, pixels.
        height: of it.
    """
    root = Element("VRTDataset", rasterXSize=str(width), rasterYSize=str(height))
    points, crs_of_points = first.gcps
    if first.crs is not None:
        SubElement(root, "SRS", dataAxisToSRSAxisMapping="1,2").text = first.crs.to_wkt()
    # Also that of a world file without a reference system, which is stated elsewhere.
    if not first.transform.is_identity:
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


def _add_point(listed: Element, number: int, point: "GroundControlPoint") -> None:
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


def _add_band(
    root: Element, number: int, part: BandPart, header: PartHeader, first: PartHeader
) -> None:
    nodata = header.nodata[part.band - 1]
    if nodata is None:
        nodata = part.nodata
    band = add_band(root, number, header.types[part.band - 1], part.color, nodata)
    scale, offset = header.scaling[part.band - 1]
    if (scale, offset) != (1, 0):
        SubElement(band, "Offset").text = repr(float(offset))
        SubElement(band, "Scale").text = repr(float(scale))
    add_source(band, part.path, part.band, header, (0, 0, first.width, first.height))


def add_band(root: Element, number: int, kind: str, color: str, nodata: float | None) -> Element:
    """A band of a VRT, without what it is made of.

    Args:
        root: of the VRT.
        number: from 1.
        kind: type of its values, as rasterio has it.
        color: or other description.
        nodata: value without data.

    Raises:
        DataError: there is no such type.
    """
    if kind not in TYPES:
        raise DataError(f"values of type {kind} cannot be shown")
    band = SubElement(root, "VRTRasterBand", dataType=TYPES[kind], band=str(number))
    SubElement(band, "Description").text = color
    if nodata is not None:
        SubElement(band, "NoDataValue").text = repr(float(nodata))
    if color in INTERPRETATIONS:
        SubElement(band, "ColorInterp").text = INTERPRETATIONS[color]
    return band


def add_source(
    band: Element, path: str, number: int, header: PartHeader, place: tuple[int, int, int, int]
) -> None:
    """What a band of a VRT is made of.

    Args:
        band: of the VRT.
        path: of a file, absolute.
        number: of the file's band, from 1.
        header: of the file.
        place: in the VRT: column, row, width and height.
    """
    source = SubElement(band, "SimpleSource")
    SubElement(source, "SourceFilename", relativeToVRT="0").text = path
    SubElement(source, "SourceBand").text = str(number)
    names = ("xOff", "yOff", "xSize", "ySize")
    whole = (0, 0, header.width, header.height)
    for name, sides in (("SrcRect", whole), ("DstRect", place)):
        SubElement(source, name, dict(zip(names, map(str, sides), strict=True)))
