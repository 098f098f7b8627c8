"""Opening a scene: a raster by rasterio, a plain picture by Pillow; both give facts and chips."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.io import DatasetReader
from rasterio.rpc import RPC
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from harma.errors import DataError
from harma.scenes.addresses import unsigned
from harma.scenes.band_names import wavelength_in_tags, wavelengths_in_list
from harma.scenes.bands import BandChoice, BandFacts, Bands, choose_bands
from harma.scenes.camera import camera_of
from harma.scenes.date_pattern import check_date_pattern
from harma.scenes.edge import gdal_settings, library_call, naming, open_dataset
from harma.scenes.geolocation import points_of_arrays
from harma.scenes.locate import Georeference, Location, check_height, locate
from harma.scenes.nodata import NodataRule, check_nodata
from harma.scenes.period import Period
from harma.scenes.picture import picture_size, read_with_alpha
from harma.scenes.place import PixelSize, Place
from harma.scenes.ranges import KindRange, chosen_stretch, is_by_kind, kind_of
from harma.scenes.readers import BandReader, PaletteReader, PictureReader, Reader, thinned
from harma.scenes.reflectance import shown_range
from harma.scenes.sensors import fill_of
from harma.scenes.sidecars import crs_beside, how_to_look
from harma.scenes.stacking import VRT_START, name_of
from harma.scenes.stretch import Stretch
from harma.scenes.stretch_rule import AUTO, AUTO_RULE, StretchRule
from harma.scenes.subdatasets import name_one
from harma.scenes.systems import parse_crs
from harma.scenes.taken import taken_of
from harma.scenes.upright import UprightReader
from harma.scenes.windows import Window

# GDAL's names of plain pictures, which have a place only where a sidecar file gives them one.
PICTURE_DRIVERS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


@dataclass(frozen=True)
class Reading:
    """How scenes are read.

    Attributes:
        bands: "auto", a preset of `harma.scenes.bands`, or numbers from 1.
        stretch: which values become black and white, where they are not 8 bit.
        nodata: value that is no data, in place of what the file says.
        crs: of rasters that have a place but name no coordinate reference system, as pyproj reads
            it (EPSG:25832).
        height: of the ground above the ellipsoid, metres, where rational polynomial coefficients
            (RPCs) place a raster; None: as they say themselves.
        date_from: finds the date in a scene's path; see `harma.scenes.date_pattern`.
        ranges: of the kinds of scenes that are shown in one range, as far as they are known.

    Raises:
        ConfigError: a value is not usable.
    """

    bands: str | Bands = "auto"
    stretch: StretchRule = AUTO_RULE
    nodata: float | None = None
    crs: str | None = None
    height: float | None = None
    date_from: str | None = None
    ranges: tuple[KindRange, ...] = ()

    def __post_init__(self) -> None:
        if self.crs is not None:
            parse_crs(self.crs)
        check_height(self.height)
        check_date_pattern(self.date_from)

    @property
    def stated_crs(self) -> CRS | None:
        """The coordinate reference system of those that name none."""
        return None if self.crs is None else parse_crs(self.crs)

    def __str__(self) -> str:
        """What is not as usual; ranges are found, and nobody says them."""
        usual = Reading()
        said = []
        for name, value in vars(self).items():
            # As text: a nodata value may be NaN, which is not equal to itself.
            if name != "ranges" and str(value) != str(getattr(usual, name)):
                said.append(f"{name} {value}")
        return ", ".join(said) or "as the files say"


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
        kind: of scenes that are shown in one range with it, or "" where its range is its own, or
            follows from what it says of itself.
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

    kind: str = ""

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
        position: longitude and latitude of its camera, where it has no georeference; or None.
    """

    facts: SceneFacts
    place: Place | None
    reader: Reader = field(repr=False)
    position: Point | None = None

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

    def overview(self, side: int) -> NDArray[np.uint8]:
        """The whole scene, thinned out so that its longer side is `side` pixels at most.

        Returns:
            8-bit RGB (H, W, 3), black where there is no data.

        Raises:
            DataError: the file is damaged.
        """
        facts = self.facts
        shape = thinned(facts.height, facts.width, side)
        with naming(facts.source):
            rgb, valid = self.reader.read(Window(0, 0, facts.width, facts.height), shape)
        return np.where(valid[..., None], rgb, np.uint8(0))

    def footprint(self, window: Window) -> BaseGeometry | None:
        """Outline of a window in WGS84, or None where the scene has no place.

        Of a scene without georeference it is the position of its camera, a point.

        Raises:
            OffEarthError: its corners have no longitude and latitude.
        """
        if self.place is None:
            return self.position
        with naming(self.facts.source):
            return self.place.footprint(window.column, window.row, window.width, window.height)


@contextmanager
def open_scene(
    source: str, reading: Reading | None = None, *, survey: bool = False, name: str = ""
) -> Iterator[Scene]:
    """Open a raster or picture; it is closed at the end of the block.

    Args:
        source: path, an address that GDAL reads (https://, s3://, /vsi…), or a VRT in XML.
        reading: how.
        survey: only its facts are wanted: no pixel is read, no stretch computed.
        name: that it goes by, in which its date is looked for; `source` if it is not given.

    Raises:
        MissingFileError: it is not there.
        DataError: it cannot be read or placed.
        ConfigError: it cannot be read in that way.
    """
    reading = reading or Reading()
    with gdal_settings(how_to_look(source)):
        with naming(name_of(source)):
            dataset = open_dataset(source)
        with dataset:
            with naming(name_of(source)):
                scene = _scene(source, dataset, reading, survey=survey)
                scene = _dated(scene, dataset, unsigned(name or name_of(source)), reading)
            # Not inside of `naming`: what the caller does to other files is raised here too.
            yield scene


def _scene(opened: str, dataset: DatasetReader, reading: Reading, *, survey: bool) -> Scene:
    # What is put together is called by its first file, of which dates and bands may be told.
    # By its name: a signature holds dates, and is kept nowhere.
    source = unsigned(name_of(opened))
    if opened.startswith(VRT_START) and isinstance(reading.bands, str):
        # Its bands are named already; a preset counts those of files that hold all bands.
        reading = replace(reading, bands="auto")
    header = _read_header(dataset)
    # Only GDAL reads addresses.
    is_local = not source.startswith("/vsi")
    location = _locate(source, header, reading)
    # What has more bits is measured: a PNG looks as a TIFF of the same values does.
    is_8_bit = all(kind == "uint8" for kind in header.types)
    is_picture = header.driver in PICTURE_DRIVERS and location.place is None
    if is_picture and is_local and is_8_bit:
        return _open_picture(source, location, survey=survey)
    return _open_raster(source, dataset, header, location, reading, survey=survey)


def _open_picture(source: str, location: Location, *, survey: bool) -> Scene:
    """A picture without a place, read by the rules that all pictures are read by."""
    with library_call("it cannot be read as a picture"):
        if survey:
            # A scene has a reader in any case; nobody asks this one.
            image = np.empty((0, 0, 3), dtype=np.uint8)
            alpha = None
            width, height = picture_size(source)
        else:
            image, alpha = read_with_alpha(source)
            height, width = image.shape[:2]
    facts = SceneFacts(
        source=source,
        width=width,
        height=height,
        crs="",
        gsd=None,
        taken=None,
        bands=(1, 2, 3),
        bands_reason="a picture",
        stretch="",
        placed_by=location.placed_by,
    )
    return Scene(facts, None, PictureReader(image, alpha))


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
    scaling: tuple[tuple[float, float], ...]
    subdatasets: list[str]
    tags: dict[str, str]
    wavelengths: tuple[float | None, ...]


def _read_header(dataset: DatasetReader) -> _Header:
    with library_call("what it says of itself cannot be read"):
        # Some sensors' files name the date, the satellite and the bands in namespaces of their own.
        tags = {**dataset.tags(), **dataset.tags(ns="IMAGERY"), **dataset.tags(ns="IMD")}
        # What is placed otherwise needs no coefficients, however damaged they are.
        coefficients = dataset.rpcs if dataset.transform.is_identity else None
        gcps = dataset.gcps
        if dataset.transform.is_identity and not gcps[0] and coefficients is None:
            gcps = points_of_arrays(dataset) or gcps
        return _Header(
            driver=dataset.driver,
            width=dataset.width,
            height=dataset.height,
            crs=dataset.crs,
            transform=dataset.transform,
            gcps=gcps,
            coefficients=coefficients,
            interpretation=tuple(color.name for color in dataset.colorinterp),
            descriptions=dataset.descriptions,
            types=dataset.dtypes,
            scaling=tuple(zip(dataset.scales, dataset.offsets, strict=True)),
            subdatasets=dataset.subdatasets,
            tags=tags,
            wavelengths=_wavelengths(dataset, tags),
        )


def _wavelengths(dataset: DatasetReader, tags: dict[str, str]) -> tuple[float | None, ...]:
    """Of each band, as the file lists them or each band's tags state it."""
    listed = wavelengths_in_list({**tags, **dataset.tags(ns="ENVI")}, dataset.count)
    if any(listed):
        return tuple(listed)
    found = []
    for band in dataset.indexes:
        of_band = {**dataset.tags(band), **dataset.tags(band, ns="IMAGERY")}
        found.append(wavelength_in_tags(of_band))
    return tuple(found)


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
        raise DataError(f"it has no bands{name_one(header.subdatasets)}")
    reader: Reader
    kind = ""
    if header.interpretation[0] == "palette":
        bands: Bands = (1,)
        choice = BandChoice(bands, "colours of its palette")
        reader = PaletteReader(dataset)
    else:
        choice = choose_bands(reading.bands, _band_facts(source, header))
        bands = choice.bands
        # A value that cannot occur would silently leave all nodata in.
        check_nodata(reading.nodata, _real_types([header.types[band - 1] for band in bands]))
        fill = fill_of(choice.sensor)
        nodata = NodataRule.of(dataset, bands, reading.nodata, fill=fill, survey=survey)
        # What Sentinel-1 delivers in whole numbers is amplitude; real numbers may be anything.
        whole = all(header.types[band - 1] in ("uint16", "int16") for band in bands)
        is_amplitude = whole and choice.sensor == "sentinel-1"
        reader = BandReader(dataset, bands, nodata, is_amplitude=is_amplitude)
        facts_of_bands = _band_facts(source, header)
        kind = _set_stretch(reader, header, choice.sensor, facts_of_bands, reading, survey=survey)
    if location.mapping is not None:
        reader = UprightReader(reader, location.mapping, location.grid, header.width, header.height)
    facts = SceneFacts(
        source=source,
        width=location.width,
        height=location.height,
        crs=location.crs_name,
        gsd=location.gsd,
        taken=None,
        bands=bands,
        bands_reason=choice.reason,
        stretch=str(reader.stretch or ""),
        is_guess=choice.is_guess,
        sensor=choice.sensor,
        placed_by=location.placed_by,
        pixel_size=location.pixel_size,
        kind=kind,
    )
    return Scene(facts, location.place, reader)


def _band_facts(source: str, header: _Header) -> BandFacts:
    return BandFacts(
        source, header.interpretation, header.descriptions, header.wavelengths, header.tags
    )


def _dated(scene: Scene, dataset: DatasetReader, name: str, reading: Reading) -> Scene:
    """The scene with what is known of when it was taken, and of where if nothing else says it."""
    with library_call("what it says of itself cannot be read"):
        # Some sensors' files name the date in a namespace of their own.
        tags = {**dataset.tags(ns="IMD"), **dataset.tags(), **dataset.tags(ns="IMAGERY")}
    camera = camera_of(dataset, scene.facts.source)
    taken = taken_of(name, tags, reading.date_from, camera.taken)
    facts = replace(scene.facts, taken=taken.period, date_from=taken.date_from)
    if scene.place is not None or camera.position is None:
        return replace(scene, facts=facts)
    facts = replace(facts, placed_by="GPS of the camera")
    return replace(scene, facts=facts, position=camera.position)


def _set_stretch(
    reader: BandReader,
    header: _Header,
    sensor: str,
    band_facts: BandFacts,
    reading: Reading,
    *,
    survey: bool,
) -> str:
    """Tell a reader which values become black and white.

    Returns:
        The kind of the scene, where all scenes of one are shown in one range; else "".
    """
    types = [header.types[band - 1] for band in reader.bands]
    scaling = [header.scaling[band - 1] for band in reader.bands]
    # What is 8 bit already is shown as it is, unless it holds fewer bits.
    if all(name == "uint8" for name in types):
        if not survey:
            reader.stretch = reader.depth()
        return ""
    rule = reading.stretch
    if rule.how == AUTO:
        shown = shown_range(
            sensor,
            types[0],
            band_facts.source,
            tags=band_facts.tags,
            descriptions=band_facts.descriptions,
            scaling=scaling[0],
        )
        if shown is not None:
            reader.stretch = Stretch.of_all(*shown, len(types))
            return ""
    kind = kind_of(sensor, types, scaling) if is_by_kind(rule) else ""
    # Its own percentiles would cost a look at the whole scene.
    if not survey:
        num_bands = len(reader.bands)
        reader.stretch = chosen_stretch(rule, kind, reading.ranges, num_bands, reader.look)
    return kind


def _real_types(names: list[str]) -> list[np.dtype[np.generic]]:
    """Types of values as they are shown, by GDAL's names; complex numbers are shown in decibels."""
    return [np.dtype("float32" if name.startswith("complex") else name) for name in names]
