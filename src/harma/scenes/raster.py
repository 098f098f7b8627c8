"""Opening a scene: a raster by rasterio, a plain picture by Pillow; both give facts and chips."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from rasterio.io import DatasetReader

from harma.errors import DataError
from harma.scenes.addresses import unsigned
from harma.scenes.bands import BandChoice, Bands, choose_bands
from harma.scenes.bounds import check_bounds, check_look
from harma.scenes.camera import camera_of
from harma.scenes.edge import gdal_settings, library_call, naming, open_dataset
from harma.scenes.header import Header, read_header
from harma.scenes.locate import Georeference, Location, locate
from harma.scenes.nodata import NodataRule, check_nodata
from harma.scenes.picture import picture_size, read_with_alpha
from harma.scenes.readers import BandReader, PaletteReader, PictureReader, Reader
from harma.scenes.reading import Reading
from harma.scenes.scene import Scene, SceneFacts
from harma.scenes.sensors import fill_of
from harma.scenes.showing import set_stretch
from harma.scenes.sidecars import asked_for, crs_beside, how_to_look
from harma.scenes.stacking import VRT_START, name_of
from harma.scenes.subdatasets import name_one
from harma.scenes.taken import taken_of
from harma.scenes.trial import check_decodes
from harma.scenes.upright import UprightReader
from harma.scenes.values import refuse_picture, value_reader

# GDAL's names of plain pictures, which have a place only where a sidecar file gives them one.
PICTURE_DRIVERS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


@contextmanager
def open_scene(
    source: str,
    reading: Reading | None = None,
    *,
    survey: bool = False,
    name: str = "",
    files: Collection[str] = (),
) -> Iterator[Scene]:
    """Open a raster or picture; it is closed at the end of the block.

    Args:
        source: path, an address that GDAL reads (https://, s3://, /vsi…), or a VRT in XML.
        reading: how.
        survey: only its facts are wanted: no pixel is read, no stretch computed.
        name: that it goes by, in which its date is looked for; `source` if it is not given.
        files: of its source; sidecars in a bucket are looked for where they are among these.

    Raises:
        MissingFileError: it is not there.
        DataError: it cannot be read or placed.
        ConfigError: it cannot be read in that way.
    """
    reading = reading or Reading()
    with gdal_settings(how_to_look(source, files), asked_for(source, files)):
        with naming(name_of(source)):
            if survey:
                # Before this process opens it, once for each source of a build.
                check_decodes(source)
            dataset = open_dataset(source)
        with dataset:
            # Not inside of `naming`: what the caller does to other files is raised here too.
            yield scene_of(dataset, source, reading, survey=survey, name=name)


def scene_of(
    dataset: DatasetReader,
    source: str,
    reading: Reading,
    *,
    survey: bool = False,
    name: str = "",
) -> Scene:
    """The scene of a raster that is open, for callers that keep it open and close it themselves.

    GDAL's settings are theirs too, here and where the scene is read: `edge.gdal_settings`.

    Args:
        dataset: the raster.
        source: as it was opened; this and all else as of `open_scene`.
        reading: how.
        survey: only its facts are wanted.
        name: that it goes by.

    Raises:
        DataError: it cannot be read or placed.
        ConfigError: it cannot be read in that way.
    """
    with naming(name_of(source)):
        scene = _scene(source, dataset, reading, survey=survey)
        return _dated(scene, dataset, unsigned(name or name_of(source)), reading)


def _scene(opened: str, dataset: DatasetReader, reading: Reading, *, survey: bool) -> Scene:
    # What is put together is called by its first file, of which dates and bands may be told.
    # By its name: a signature holds dates, and is kept nowhere.
    source = unsigned(name_of(opened))
    if opened.startswith(VRT_START) and isinstance(reading.bands, str):
        # Its bands are named already; a preset counts those of files that hold all bands.
        reading = replace(reading, bands="auto")
    check_bounds(dataset, opened)
    header = read_header(dataset)
    # Only GDAL reads addresses.
    is_local = not source.startswith("/vsi")
    location = _locate(source, header, reading)
    # What has more bits is measured: a PNG looks as a TIFF of the same values does.
    is_8_bit = all(kind == "uint8" for kind in header.types)
    is_picture = header.driver in PICTURE_DRIVERS and location.place is None
    if is_picture and is_local and is_8_bit:
        if reading.values is not None:
            raise refuse_picture(reading.values)
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


def _locate(source: str, header: Header, reading: Reading) -> Location:
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
    header: Header,
    location: Location,
    reading: Reading,
    *,
    survey: bool,
) -> Scene:
    if not header.interpretation:
        raise DataError(f"it has no bands{name_one(header.subdatasets)}")
    reader: Reader
    values: Reader | None = None
    kind = ""
    if header.interpretation[0] == "palette":
        bands: Bands = (1,)
        choice = BandChoice(bands, "colours of its palette")
        reader = PaletteReader(dataset)
    else:
        choice = choose_bands(reading.bands, header.band_facts(source))
        bands = choice.bands
        # A value that cannot occur would silently leave all nodata in.
        check_nodata(reading.nodata, _real_types([header.types[band - 1] for band in bands]))
        if not survey:
            check_look(dataset)
        fill = fill_of(choice.sensor)
        nodata = NodataRule.of(dataset, bands, reading.nodata, fill=fill, survey=survey)
        # What Sentinel-1 delivers in whole numbers is amplitude; real numbers may be anything.
        whole = all(header.types[band - 1] in ("uint16", "int16") for band in bands)
        is_amplitude = whole and choice.sensor == "sentinel-1"
        reader = BandReader(dataset, bands, nodata, is_amplitude=is_amplitude)
        kind = set_stretch(reader, header, choice.sensor, source, reading, survey=survey)
    if reading.values is not None:
        read_values = value_reader(dataset, header, source, reading, choice.sensor, survey=survey)
        values = _north_up(read_values, header, location)
    reader = _north_up(reader, header, location)
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
    return Scene(facts, location.place, reader, values=values)


def _north_up(reader: Reader, header: Header, location: Location) -> Reader:
    """A reader of the north-up grid of a raster that is not north up itself."""
    if location.mapping is None:
        return reader
    return UprightReader(reader, location.mapping, location.grid, header.width, header.height)


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


def _real_types(names: list[str]) -> list[np.dtype[np.generic]]:
    """Types of values as they are shown, by GDAL's names; complex numbers are shown in decibels."""
    return [np.dtype("float32" if name.startswith("complex") else name) for name in names]
