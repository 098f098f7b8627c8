"""Opening a scene: a raster by rasterio, a plain picture by Pillow; both give facts and chips."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.io import DatasetReader
from rasterio.rpc import RPC
from shapely.geometry.base import BaseGeometry

from harma.errors import DataError
from harma.scenes.bands import Bands, choose_bands
from harma.scenes.dates import date_in_name, date_in_tags
from harma.scenes.edge import gdal_settings, library_call, naming, open_dataset
from harma.scenes.locate import Georeference, Location, check_height, locate
from harma.scenes.nodata import NodataRule, check_nodata
from harma.scenes.period import Period
from harma.scenes.picture import picture_size, read_image
from harma.scenes.place import PixelSize, Place
from harma.scenes.readers import BandReader, PaletteReader, PictureReader, Reader
from harma.scenes.sidecars import crs_beside, how_to_look
from harma.scenes.stretch import check_percentiles
from harma.scenes.systems import parse_crs
from harma.scenes.upright import UprightReader
from harma.scenes.windows import Window

# GDAL's names of plain pictures, which have a place only where a sidecar file gives them one.
PICTURE_DRIVERS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


@dataclass(frozen=True)
class Reading:
    """How scenes are read.

    Attributes:
        bands: "auto", a preset of `harma.scenes.bands`, or numbers from 1.
        percentiles: of a scene's values that become black and white, where they are not 8 bit.
        nodata: value that is no data, in place of what the file says.
        crs: of rasters that have a place but name no coordinate reference system, as pyproj reads
            it (EPSG:25832).
        height: of the ground above the ellipsoid, metres, where rational polynomial coefficients
            (RPCs) place a raster; None: as they say themselves.
        date_from: regular expression that finds the date in a scene's path.

    Raises:
        ConfigError: a value is not usable.
    """

    bands: str | Bands = "auto"
    percentiles: tuple[float, float] = (2.0, 98.0)
    nodata: float | None = None
    crs: str | None = None
    height: float | None = None
    date_from: str | None = None

    def __post_init__(self) -> None:
        check_percentiles(self.percentiles)
        if self.crs is not None:
            parse_crs(self.crs)
        check_height(self.height)

    @property
    def stated_crs(self) -> CRS | None:
        """The coordinate reference system of those that name none."""
        return None if self.crs is None else parse_crs(self.crs)


@dataclass(frozen=True)
class SceneFacts:
    """What is known of an opened scene.

    Attributes:
        source: path or address.
        width: pixels, of the north-up grid that is shown.
        height: pixels.
        crs: name of its coordinate reference system, or "".
        gsd: metres per pixel, or None.
        taken: when, or None.
        bands: which bands are shown.
        bands_reason: how they were chosen.
        stretch: ranges that became 0 to 255, or "" where values were 8 bit already.
        is_guess: whether nothing says that these bands are red, green and blue.
        sensor: that took it, or "" where that is not known.
        date_from: what names the date, or "".
        placed_by: what places it, such as a world file or control points and how well they fit,
            or "" where it is the raster's own transform.
        pixel_size: on the ground; None without a place.
    """

    source: str
    width: int
    height: int
    crs: str
    gsd: float | None
    taken: Period | None
    bands: Bands
    bands_reason: str
    stretch: str
    is_guess: bool = False
    sensor: str = ""
    date_from: str = ""
    placed_by: str = ""
    pixel_size: PixelSize | None = None

    @property
    def scale(self) -> PixelSize | float | None:
        """Metres per pixel, by direction where that is known: what a `Tiling` asks for."""
        return self.pixel_size or self.gsd


@dataclass(frozen=True, eq=False)
class Scene:
    """An opened scene.

    Attributes:
        facts: what is known of it.
        place: its georeference, or None.
        reader: of its windows.
    """

    facts: SceneFacts
    place: Place | None
    reader: Reader = field(repr=False)

    def read(self, window: Window) -> tuple[NDArray[np.uint8], float]:
        """A chip.

        Args:
            window: what to read; what lies outside of the scene is nodata.

        Returns:
            8-bit RGB (height, width, 3), black where there is no data, and the share of nodata, 0
            to 1.

        Raises:
            DataError: the file is damaged there, or the chip does not fit into memory.
        """
        with naming(self.facts.source):
            try:
                return self._read(window)
            except MemoryError as error:
                size = f"{window.width:,} × {window.height:,} pixels"
                raise DataError(
                    f"a chip of {size} does not fit into memory; take smaller chips"
                ) from error

    def _read(self, window: Window) -> tuple[NDArray[np.uint8], float]:
        rgb, valid = self.reader.read(window)
        if valid.all() and valid.shape == (window.height, window.width):
            # A copy: a plain picture's reader gives a view, which would keep the picture alive.
            return np.array(rgb), 0.0
        chip = np.zeros((window.height, window.width, 3), dtype=np.uint8)
        height, width = valid.shape
        np.multiply(rgb, valid[..., None], out=chip[:height, :width])
        return chip, 1 - float(valid.sum()) / (window.width * window.height)

    def footprint(self, window: Window) -> BaseGeometry | None:
        """Outline of a window in WGS84, or None where the scene has no place.

        Raises:
            OffEarthError: its corners have no longitude and latitude.
        """
        if self.place is None:
            return None
        with naming(self.facts.source):
            return self.place.footprint(window.column, window.row, window.width, window.height)


@contextmanager
def open_scene(
    source: str, reading: Reading | None = None, *, survey: bool = False
) -> Iterator[Scene]:
    """Open a raster or picture; it is closed at the end of the block.

    Args:
        source: path, or an address that GDAL reads (https://, s3://, /vsi…).
        reading: how.
        survey: only its facts are wanted: no pixel is read, no stretch computed.

    Raises:
        MissingFileError: it is not there.
        DataError: it cannot be read or placed.
        ConfigError: it cannot be read in that way.
    """
    reading = reading or Reading()
    with gdal_settings(how_to_look(source)):
        with naming(source):
            dataset = open_dataset(source)
        with dataset:
            with naming(source):
                scene = _scene(source, dataset, reading, survey=survey)
            # Not inside of `naming`: what the caller does to other files is raised here too.
            yield scene


def _scene(source: str, dataset: DatasetReader, reading: Reading, *, survey: bool) -> Scene:
    header = _read_header(dataset)
    # Only GDAL reads addresses.
    is_local = not source.startswith("/vsi")
    location = _locate(source, header, reading)
    if header.driver in PICTURE_DRIVERS and location.place is None and is_local:
        return _open_picture(source, location, survey=survey)
    return _open_raster(source, dataset, header, location, reading, survey=survey)


def _open_picture(source: str, location: Location, *, survey: bool) -> Scene:
    """A picture without a place, read by the rules that all pictures are read by."""
    with library_call("it cannot be read as a picture"):
        if survey:
            # A scene has a reader in any case; nobody asks this one.
            image = np.empty((0, 0, 3), dtype=np.uint8)
            width, height = picture_size(source)
        else:
            image = np.asarray(read_image(source))
            height, width = image.shape[:2]
    facts = SceneFacts(
        source=source,
        width=width,
        height=height,
        crs="",
        gsd=None,
        taken=_moment(date_in_name(source)),
        bands=(1, 2, 3),
        bands_reason="a picture",
        stretch="",
        placed_by=location.placed_by,
    )
    return Scene(facts, None, PictureReader(image))


class _Header(NamedTuple):
    """What a raster says of itself, read at once: any part of it may be damaged."""

    driver: str
    width: int
    height: int
    crs: CRS | None
    transform: Affine
    gcps: tuple[list[GroundControlPoint], CRS | None]
    coefficients: RPC | None
    interpretation: tuple[str, ...]
    descriptions: tuple[str | None, ...]
    types: tuple[str, ...]
    subdatasets: list[str]
    tags: dict[str, str]


def _read_header(dataset: DatasetReader) -> _Header:
    with library_call("what it says of itself cannot be read"):
        # What is placed otherwise needs no coefficients, however damaged they are.
        coefficients = dataset.rpcs if dataset.transform.is_identity else None
        return _Header(
            driver=dataset.driver,
            width=dataset.width,
            height=dataset.height,
            crs=dataset.crs,
            transform=dataset.transform,
            gcps=dataset.gcps,
            coefficients=coefficients,
            interpretation=tuple(color.name for color in dataset.colorinterp),
            descriptions=dataset.descriptions,
            types=dataset.dtypes,
            subdatasets=dataset.subdatasets,
            # Some sensors' files name the date in a namespace of their own.
            tags={**dataset.tags(), **dataset.tags(ns="IMAGERY")},
        )


def _locate(source: str, header: _Header, reading: Reading) -> Location:
    """Where a raster is, before a pixel of it is read."""
    points, points_crs = header.gcps
    given = Georeference(
        width=header.width,
        height=header.height,
        crs=header.crs,
        transform=header.transform,
        points=points,
        points_crs=points_crs,
        coefficients=header.coefficients,
    )
    crs = None
    if given.needs_crs:
        crs = crs_beside(source) or reading.stated_crs
    return locate(given, crs=crs, height=reading.height)


def _open_raster(
    source: str,
    dataset: DatasetReader,
    header: _Header,
    location: Location,
    reading: Reading,
    *,
    survey: bool,
) -> Scene:
    if not header.interpretation:
        problem = "it has no bands"
        if header.subdatasets:
            problem += f"; it holds {len(header.subdatasets)} subdatasets, name one"
        raise DataError(problem)
    reader: Reader
    if header.interpretation[0] == "palette":
        bands: Bands = (1,)
        reason = "colours of its palette"
        reader = PaletteReader(dataset)
    else:
        name = source.rpartition("/")[2]
        bands, reason = choose_bands(
            reading.bands, name, header.interpretation, header.descriptions
        )
        # A value that cannot occur would silently leave all nodata in.
        check_nodata(reading.nodata, _real_types([header.types[band - 1] for band in bands]))
        nodata = NodataRule.of(dataset, reading.nodata)
        # They cost a look at the whole scene.
        percentiles = None if survey else reading.percentiles
        reader = BandReader(dataset, bands, nodata, percentiles)
    if location.mapping is not None:
        reader = UprightReader(reader, location.mapping, location.grid, header.width, header.height)
    facts = SceneFacts(
        source=source,
        width=location.width,
        height=location.height,
        crs=location.crs_name,
        gsd=location.gsd,
        taken=_moment(date_in_tags(header.tags) or date_in_name(source)),
        bands=bands,
        bands_reason=reason,
        stretch=str(reader.stretch or ""),
        placed_by=location.placed_by,
        pixel_size=location.pixel_size,
    )
    return Scene(facts, location.place, reader)


def _moment(when: datetime | None) -> Period | None:
    return None if when is None else Period.moment(when)


def _real_types(names: list[str]) -> list[np.dtype[np.generic]]:
    """Types of values, by GDAL's names.

    Raises:
        DataError: they are complex numbers. Some of these types numpy does not even know.
    """
    if any(name.startswith("complex") for name in names):
        listed = ", ".join(dict.fromkeys(names))
        raise DataError(f"its values are complex numbers ({listed}), which cannot be shown")
    return [np.dtype(name) for name in names]
