"""Opened scenes: rasters by rasterio, plain pictures by Pillow; both give chips."""

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterWindow

from harma.data.images import picture_size, read_image
from harma.errors import ConfigError, DataError, HarmaError, MissingFileError
from harma.scenes.bands import Bands, choose_bands
from harma.scenes.dates import date_in_name, date_in_tags
from harma.scenes.place import Place, find_place
from harma.scenes.stretch import Stretch, check_percentiles, stretch_of
from harma.scenes.windows import Window

# Longer side of the thinned-out copy that percentiles are taken from.
OVERVIEW = 1024
PICTURES = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


@dataclass(frozen=True)
class Reading:
    """How scenes are read.

    Attributes:
        bands: "auto", a preset of `harma.scenes.bands`, or numbers from 1.
        percentiles: of a scene's values that become black and white, where they are not 8 bit.
        nodata: value that is no data, in place of what the file says.

    Raises:
        ConfigError: a value is not usable.
    """

    bands: str | Bands = "auto"
    percentiles: tuple[float, float] = (2.0, 98.0)
    nodata: float | None = None

    def __post_init__(self) -> None:
        check_percentiles(self.percentiles)


@dataclass(frozen=True)
class SceneFacts:
    """What is known of an opened scene.

    Attributes:
        source: path or address.
        width: pixels.
        height: pixels.
        crs: name of its coordinate reference system, or "".
        gsd: metres per pixel, or None.
        taken: when, or None.
        bands: which bands are shown.
        bands_reason: how they were chosen.
        stretch: ranges that became 0 to 255, or "" where values were 8 bit already.
    """

    source: str
    width: int
    height: int
    crs: str
    gsd: float | None
    taken: datetime | None
    bands: Bands
    bands_reason: str
    stretch: str


@dataclass(frozen=True, eq=False)
class Scene:
    """An opened scene.

    Attributes:
        facts: what is known of it.
        place: its georeference, or None.
    """

    facts: SceneFacts
    place: Place | None
    _read: Any = field(repr=False)

    def read(self, window: Window) -> tuple[NDArray[np.uint8], float]:
        """A chip.

        Args:
            window: what to read; what lies outside of the scene is nodata.

        Returns:
            8-bit RGB (height, width, 3), black where there is no data, and the share of nodata, 0
            to 1.

        Raises:
            DataError: the file is damaged there.
        """
        pixels, valid = self._read(window)
        if valid.all() and valid.shape == (window.height, window.width):
            return np.array(pixels), 0.0
        pixels = np.where(valid[..., None], pixels, 0).astype(np.uint8)
        full = np.zeros((window.height, window.width, 3), dtype=np.uint8)
        full[: pixels.shape[0], : pixels.shape[1]] = pixels
        return full, 1 - float(valid.sum()) / (window.width * window.height)


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
        DataError: it cannot be read or placed; the message says why, without the name.
    """
    reading = reading or Reading()
    # A picture without georeference is nothing to warn of: it is indexed without a place.
    warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", CPL_LOG_ERRORS="OFF"):
        try:
            dataset = rasterio.open(source)
        except RasterioError as error:
            raise _opening_error(source, error) from error
        with dataset:
            if dataset.driver in PICTURES and dataset.crs is None and not source.startswith("/vsi"):
                yield _open_picture(source, survey=survey)
            else:
                yield _open_raster(source, dataset, reading, survey=survey)


def _opening_error(source: str, error: Exception) -> HarmaError:
    text = str(error).splitlines()[0]
    if "No such file" in text or "does not exist" in text:
        return MissingFileError("it is not there")
    return DataError(f"it cannot be read as a raster or picture ({text[:200]})")


def _open_picture(source: str, *, survey: bool) -> Scene:
    """A picture without a place, read by the rules that all pictures are read by."""
    image = np.empty((0, 0, 3), dtype=np.uint8) if survey else np.asarray(read_image(source))
    width, height = picture_size(source) if survey else image.shape[1::-1]

    def read(window: Window) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        part = image[
            window.row : window.row + window.height, window.column : window.column + window.width
        ]
        return part, np.ones(part.shape[:2], dtype=bool)

    facts = SceneFacts(
        source, width, height, "", None, date_in_name(source), (1, 2, 3), "a picture", ""
    )
    return Scene(facts, None, read)


def _open_raster(source: str, dataset: DatasetReader, reading: Reading, *, survey: bool) -> Scene:
    if dataset.count == 0:
        named = (
            f"; it holds {len(dataset.subdatasets)} subdatasets, name one"
            if dataset.subdatasets
            else ""
        )
        raise DataError(f"it has no bands{named}")
    place = find_place(dataset.crs, dataset.transform, dataset.gcps)
    reader: _Palette | _Bands
    interpretation = [color.name for color in dataset.colorinterp]
    if interpretation[0] == "palette":
        bands: Bands = (1,)
        reason, reader = "colours of its palette", _Palette(dataset)
    else:
        bands, reason = choose_bands(
            reading.bands, source.rpartition("/")[2], interpretation, dataset.descriptions
        )
        _check_types(dataset, bands, reading.nodata)
        reader = _Bands(dataset, bands, reading)
        if not survey:
            reader.find_stretch()
    facts = SceneFacts(
        source=source,
        width=dataset.width,
        height=dataset.height,
        crs=_crs_name(dataset) if place else "",
        gsd=place.gsd(dataset.width, dataset.height) if place else None,
        taken=date_in_tags(_all_tags(dataset)) or date_in_name(source),
        bands=bands,
        bands_reason=reason,
        stretch=str(reader.stretch or ""),
    )
    return Scene(facts, place, reader.read)


def _all_tags(dataset: DatasetReader) -> Mapping[str, str]:
    tags: dict[str, str] = {}
    for namespace in (None, "IMAGERY"):
        tags |= dataset.tags(ns=namespace)
    return tags


def _crs_name(dataset: DatasetReader) -> str:
    crs = dataset.crs or dataset.gcps[1]
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def _check_types(dataset: DatasetReader, bands: Bands, nodata: float | None) -> None:
    kinds = {np.dtype(dataset.dtypes[band - 1]) for band in bands}
    if any(kind.kind == "c" for kind in kinds):
        raise DataError(
            f"its values are complex numbers ({', '.join(map(str, kinds))}), which cannot be shown"
        )
    if nodata is None or math.isnan(nodata):
        return
    for kind in kinds:
        if kind.kind in "iu" and not (
            np.iinfo(kind).min <= nodata <= np.iinfo(kind).max and nodata == int(nodata)
        ):
            raise ConfigError(f"nodata is {nodata:g}, which its values ({kind}) cannot hold")


class _Bands:
    """Reads one or three bands of a raster, stretched to 8 bit."""

    def __init__(self, dataset: DatasetReader, bands: Bands, reading: Reading) -> None:
        self.dataset, self.bands, self.nodata = dataset, bands, reading.nodata
        self.percentiles = reading.percentiles
        self.alpha = next(
            (n for n, color in enumerate(dataset.colorinterp, 1) if color == ColorInterp.alpha), 0
        )
        self.is_full = all(flags == [MaskFlags.all_valid] for flags in dataset.mask_flag_enums)
        self.stretch: Stretch | None = None

    def find_stretch(self) -> None:
        """Take the percentiles from a thinned-out copy of the scene, if its values are not 8 bit."""
        dataset = self.dataset
        if any(dataset.dtypes[band - 1] != "uint8" for band in self.bands):
            factor = min(1.0, OVERVIEW / max(dataset.width, dataset.height))
            shape = (max(1, round(dataset.height * factor)), max(1, round(dataset.width * factor)))
            values, valid = self._values(None, shape)
            self.stretch = stretch_of(values, valid, self.percentiles)

    def read(self, window: Window) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        inside = _inside(self.dataset, window)
        values, valid = self._values(inside, (int(inside.height), int(inside.width)))
        if self.stretch is not None:
            values = self.stretch(values)
        pixels = np.moveaxis(values, 0, -1)
        return (pixels if len(self.bands) == 3 else np.repeat(pixels, 3, axis=-1)), valid

    def _values(
        self, window: RasterWindow | None, shape: tuple[int, int]
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Values (bands, H, W) and which pixels hold data (H, W)."""
        try:
            options = {"window": window, "out_shape": shape, "resampling": Resampling.nearest}
            values = self.dataset.read(
                list(self.bands), **{**options, "out_shape": (len(self.bands), *shape)}
            )
            if self.nodata is None and self.is_full:
                valid = np.ones(shape, dtype=bool)
            elif self.nodata is None:
                valid = self.dataset.dataset_mask(**options) != 0
            elif math.isnan(self.nodata):
                valid = np.ones(shape, dtype=bool)
            else:
                valid = (values != self.nodata).any(axis=0)
            if self.nodata is not None and self.alpha:
                valid &= self.dataset.read(self.alpha, **options) > 0
        except RasterioError as error:
            raise DataError(f"it is damaged: {_reason(error)}") from error
        if values.dtype.kind == "f":
            valid &= np.isfinite(values).all(axis=0)
        return values, valid


class _Palette:
    """Reads a raster whose only band holds numbers of colours."""

    def __init__(self, dataset: DatasetReader) -> None:
        self.dataset = dataset
        self.stretch: Stretch | None = None
        colors = dataset.colormap(1)
        self.table = np.zeros((max(256, *colors) + 1, 4), dtype=np.uint8)
        for number, color in colors.items():
            self.table[number] = color

    def read(self, window: Window) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        inside = _inside(self.dataset, window)
        try:
            numbers = self.dataset.read(1, window=inside)
            valid = self.dataset.dataset_mask(window=inside) != 0
        except RasterioError as error:
            raise DataError(f"it is damaged: {_reason(error)}") from error
        colors = self.table[np.clip(numbers, 0, len(self.table) - 1)]
        return colors[..., :3], valid & (colors[..., 3] > 0)


def _inside(dataset: DatasetReader, window: Window) -> RasterWindow:
    """The part of a window that lies in the raster."""
    return RasterWindow(
        window.column,
        window.row,
        min(window.width, dataset.width - window.column),
        min(window.height, dataset.height - window.row),
    )


def _reason(error: Exception) -> str:
    """The deepest cause that GDAL gives."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
