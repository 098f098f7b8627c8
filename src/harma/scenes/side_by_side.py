"""Tiles of one picture put side by side as one raster, a VRT in XML that GDAL opens."""

from collections.abc import Sequence
from xml.etree import ElementTree

from harma.scenes.products.product import PictureTile
from harma.scenes.stacking import UnfitError, add_band, add_source, header_of, raster_of


def side_by_side(tiles: Sequence[PictureTile], colors: Sequence[str]) -> str:
    """The raster of some tiles.

    Args:
        tiles: of one picture, whose list says where each begins.
        colors: of the bands, in their order; () where nothing says them.

    Returns:
        A VRT in XML, whose paths are absolute.

    Raises:
        UnfitError: they are no tiles of one picture.
        DataError: one cannot be read.
        MissingFileError: one is not there.
    """
    ordered = sorted(tiles, key=lambda tile: (tile.row, tile.column))
    headers = [header_of(tile.path) for tile in ordered]
    first = headers[0]
    pairs = list(zip(ordered, headers, strict=True))
    for tile, header in pairs:
        if (header.types, header.crs) != (first.types, first.crs):
            raise UnfitError(f"{tile.path.rpartition('/')[2]} has other bands")
    width = max(tile.column + header.width for tile, header in pairs)
    height = max(tile.row + header.height for tile, header in pairs)
    root = raster_of(first, width, height)
    names = tuple(colors)
    if len(names) != first.num_bands:
        names = ("",) * first.num_bands
    for number, kind in enumerate(first.types, 1):
        band = add_band(root, number, kind, names[number - 1], first.nodata[number - 1] or 0.0)
        for tile, header in pairs:
            place = (tile.column, tile.row, header.width, header.height)
            add_source(band, tile.path, number, header, place)
    return ElementTree.tostring(root, encoding="unicode")
