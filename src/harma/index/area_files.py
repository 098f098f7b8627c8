"""Areas in files: GeoJSON, WKT, GeoPackage, GeoParquet, Shapefile (zipped too), KML, FlatGeobuf.

What is no text is read by geopandas (GDAL), and turned to longitudes and latitudes. Of several
layers the one with polygons is taken; where that is not one alone, it is named:
`parcels.gpkg|layer=fields`.
"""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shapely.geometry.base import BaseGeometry

from harma.errors import DataError, MissingDependencyError, QueryError
from harma.ground.outputs import is_address
from harma.index.area_crs import unless_wgs84
from harma.index.area_parts import joined
from harma.index.area_texts import area_of_text, decoded, is_area_text
from harma.scenes.edge import library_call

TEXTS = (".geojson", ".json", ".wkt", ".txt")
ARCHIVES = (".zip", ".shz")  # the second is a zipped Shapefile
PARQUET = (".parquet", ".geoparquet")
# What GDAL reads of a single file. Not all that it could: some formats name further files,
# databases and addresses.
BY_GDAL = (
    *(".gpkg", ".shp", ".fgb", ".kml", ".kmz", ".gml", ".tab", ".mif", ".gpx", ".sqlite"),
    *(".geojsonl", ".geojsons", ".ndjson", ".topojson"),
)
# Of a folder: Esri's geodatabases are folders.
GEODATABASE = ".gdb"
LAYER = ("|layer=", "|layername=")
# A text or member of an archive that is read into memory.
MOST_BYTES = 1 << 30
# Esri's own JSON, which GDAL knows: rings in place of coordinates.
ESRI_JSON = re.compile(rb'"(?:rings|esriGeometryPolygon)"')
# Kinds of geometry of a layer that holds no polygons.
OTHER_KINDS = re.compile("Point|Line|None")
# Of the files or layers that a message names.
MOST_SHOWN = 5
ALLOWED = (
    "give GeoJSON or WKT, as text or a file, a GeoPackage, GeoParquet, Shapefile (its .zip too),"
    " KML, KMZ or FlatGeobuf"
)


def read_area(place: str | Path) -> BaseGeometry:
    """The area of a file.

    Args:
        place: its path; a layer may follow: `FILE|layer=NAME`.

    Raises:
        QueryError: it cannot be read, holds no polygons, or does not say where they are.
        MissingDependencyError: geopandas is not installed.
    """
    name, layer = _split_layer(str(place))
    path = Path(name)
    if is_address(name):
        raise QueryError(
            f"the polygon {name} is an address, which is not read here; download it and give the"
            " file"
        )
    try:
        return _read(path, layer)
    except DataError as error:
        raise QueryError(f"the polygon {path} cannot be read: {error.problem}") from error
    except OSError as error:
        raise QueryError(
            f"the polygon {path} cannot be read ({error.strerror or error}); {ALLOWED}"
        ) from error


def _split_layer(text: str) -> tuple[str, str | None]:
    for mark in LAYER:
        name, found, layer = text.partition(mark)
        if found:
            return name, layer
    return text, None


def _read(path: Path, layer: str | None) -> BaseGeometry:
    suffix = path.suffix.lower()
    if path.is_dir():
        return _of_folder(path, layer)
    # Raises what the system says of files that are not there.
    with path.open("rb") as file:
        start = file.read(4)
    if suffix in ARCHIVES:
        return _of_archive(path, layer)
    if suffix in PARQUET or start == b"PAR1":
        return _of_parquet(path)
    if suffix in BY_GDAL:
        return _of_layers(str(path), layer, path)
    content = _content(path)
    if ESRI_JSON.search(content):
        return _of_layers(str(path), layer, path)
    return _of_text(path.name, content)


def _content(path: Path) -> bytes:
    if path.stat().st_size > MOST_BYTES:
        raise QueryError(f"the polygon {path} is larger than 1 GB; simplify it")
    return path.read_bytes()


def _of_text(name: str, content: bytes) -> BaseGeometry:
    text = decoded(content)
    if text is not None and is_area_text(text):
        return area_of_text(text)
    wrong = "is none of the formats that are read"
    if not content.strip():
        wrong = "is empty"
    elif text is not None and name.lower().endswith(TEXTS):
        wrong = "holds text that is neither GeoJSON nor WKT"
    raise QueryError(f"the polygon {name} {wrong}; {ALLOWED}")


# -- folders and archives ------------------------------------------------------------------------


def _of_folder(path: Path, layer: str | None) -> BaseGeometry:
    if path.suffix.lower() == GEODATABASE:
        return _of_layers(str(path), layer, path)
    names = sorted(file.name for file in path.iterdir() if file.is_file())
    return _of_layers(str(path / _only_area(str(path), names)), layer, path)


def _of_archive(path: Path, layer: str | None) -> BaseGeometry:
    with library_call("it is no zip archive"), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    name = _only_area(str(path), names)
    if Path(name).suffix.lower() in BY_GDAL:
        # In braces an archive may be called as it likes.
        return _of_layers(f"/vsizip/{{{path.absolute()}}}/{name}", layer, path)
    with library_call("it cannot be unpacked"), zipfile.ZipFile(path) as archive:
        if archive.getinfo(name).file_size > MOST_BYTES:
            raise DataError(f"its {name} is larger than 1 GB; simplify it")
        content = archive.read(name)
    return _of_text(name, content)


def _only_area(where: str, names: Sequence[str]) -> str:
    """The only file of a folder or archive that is an area."""
    readable = (*BY_GDAL, ".geojson", ".json", ".wkt")
    # What macOS puts beside files is none.
    areas = [
        name
        for name in names
        if name.lower().endswith(readable) and not Path(name).name.startswith("._")
    ]
    if len(areas) == 1:
        return areas[0]
    if not areas:
        raise QueryError(f"the polygon {where} holds no file that can be read; {ALLOWED}")
    raise QueryError(f"the polygon {where} holds several files: {_listed(areas)}; give one of them")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_SHOWN])
    if len(names) > MOST_SHOWN:
        return f"{shown} and {len(names) - MOST_SHOWN} more"
    return shown


# -- by geopandas --------------------------------------------------------------------------------


def _of_parquet(path: Path) -> BaseGeometry:
    read = _geopandas().read_parquet
    with library_call("it is no GeoParquet file"):
        frame = read(path)
    return area_of_frame(frame)


def _of_layers(address: str, layer: str | None, path: Path) -> BaseGeometry:
    """The area of the layer that is named, or of the one with polygons.

    Args:
        address: what GDAL reads.
        layer: a layer's name.
        path: what a person called it, for messages.
    """
    kinds = _layers(address)
    if layer is None:
        frames = {name: _frame(address, name) for name in _with_areas(kinds)}
        return area_of_frame(_one_of(path, frames))
    if layer not in kinds:
        raise QueryError(
            f"the polygon {path} has no layer {layer!r}; it has {_listed(list(kinds))}"
        )
    return area_of_frame(_frame(address, layer))


def _layers(address: str) -> dict[str, str]:
    """The layers of a file, each with its kind of geometry."""
    list_layers = _geopandas().list_layers
    with library_call("it is none of the formats that GDAL reads as areas"):
        listed = list_layers(address)
    kinds = zip(listed["name"], listed["geometry_type"], strict=True)
    return {str(name): str(kind) for name, kind in kinds}


def _with_areas(kinds: dict[str, str]) -> list[str]:
    """The layers that may hold polygons; the first where none does, which says what it holds."""
    names = [name for name, kind in kinds.items() if not OTHER_KINDS.search(kind)]
    return names or list(kinds)[:1]


def _one_of(path: Path, frames: dict[str, Any]) -> Any:
    """The only one of some layers that has polygons."""
    if len(frames) == 1:
        return next(iter(frames.values()))
    # KML and GeoPackages of any geometry do not say beforehand what a layer holds.
    holding = [name for name, frame in frames.items() if _has_polygons(frame)]
    if len(holding) > 1:
        raise QueryError(
            f"the polygon {path} has several layers with polygons: {_listed(holding)}; name"
            f" one: {path}|layer={holding[0]}"
        )
    if not holding:
        raise QueryError(f"the polygon {path} holds no polygon in {_listed(list(frames))}")
    return frames[holding[0]]


def _frame(address: str, layer: str) -> Any:
    read = _geopandas().read_file
    with library_call("its geometries cannot be read"):
        return read(address, layer=layer, columns=[])


def _has_polygons(frame: Any) -> bool:
    geometry = getattr(frame, "geometry", None)
    return geometry is not None and bool(geometry.geom_type.isin(["Polygon", "MultiPolygon"]).any())


def area_of_frame(frame: Any) -> BaseGeometry:
    """The area of a GeoDataFrame or GeoSeries.

    Raises:
        QueryError: it has no polygons, or no coordinate reference system.
    """
    with library_call("it has no column of geometries"):
        geometry = frame.geometry
    if geometry.crs is None:
        raise QueryError(
            "the polygon does not say what its coordinates are: state its coordinate reference"
            " system (a Shapefile has it in its .prj file; geopandas: set_crs)"
        )
    return joined(list(geometry), unless_wgs84(geometry.crs))


def _geopandas() -> Any:
    try:
        import geopandas
    except ImportError as error:
        raise MissingDependencyError(
            "areas in files of this format need geopandas: pip install 'harma[search]'"
        ) from error
    return geopandas
