"""Nodata: which pixels of a raster hold no data, by the bands that are shown alone.

- As the file says: the nodata value of each band shown, its mask (internal, .msk, of the file or of
  a band), its alpha band. What other bands hold, such as a QA band whose fill is 1, says nothing.
- A value such as 0 is a colour where one of the bands has it, and no data where all have it. A
  negative value (-9999) and the greatest of more than 8 bits (65535) are none that is measured: a
  pixel with one of them in any band shown is nodata.
- Where the file declares nothing, the fill of the sensor's products, as its documents state it, if
  the values have more than 8 bits.
- With a value of the person's own, a pixel whose shown bands all have it; the file's own value then
  counts no more, but what is transparent by its alpha band still does. NaN as the value: no value
  means nodata.
- Values that are not numbers, and real ones beyond ±1e30 (programs fill with -3.4e38 and do not say
  so), are nodata in any case.
- An alpha band that has the values of a measured band, such as near infrared, is none: a pixel is
  then empty only where all its colours are 0 too (`harma.scenes.opacity`).
- What nothing declares, such as black collars of JPEG-compressed imagery, is not guessed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterWindow

from harma.errors import ConfigError
from harma.scenes.edge import library_call
from harma.scenes.opacity import has_data, is_measured
from harma.scenes.sampled import sampled

# No unit is so small that a real measurement is as large.
BEYOND_MEASURE = 1e30
UNREADABLE = "it is damaged"
# What GDAL says of bands whose mask need not be read: there is none, or it is told by the values.
WITHOUT_MASK = (
    [MaskFlags.all_valid],
    [MaskFlags.nodata],
    [MaskFlags.per_dataset, MaskFlags.nodata],  # by NODATA_VALUES
)
# Nothing is measured that is larger.
HUGE = 1e30


@dataclass(frozen=True)
class NodataRule:
    """How nodata is told in one raster.

    Attributes:
        value: that means nodata, in place of what the file says; None: as the file says.
        alpha: number of its alpha band, or 0.
        is_measured: what is declared as alpha is a measured band.
        values: nodata value of each band shown, or None.
        masks: numbers of bands whose masks say which pixels hold data: a pixel does if one of them
            says so; () where nothing is masked.
    """

    value: float | None
    alpha: int
    values: tuple[float | None, ...]
    masks: tuple[int, ...]
    is_measured: bool = False

    @classmethod
    def of(
        cls,
        dataset: DatasetReader,
        bands: Sequence[int],
        value: float | None,
        *,
        fill: float | None = None,
        survey: bool = False,
    ) -> "NodataRule":
        """The rule of an opened raster.

        Args:
            dataset: the raster.
            bands: that are shown, from 1.
            value: as the attribute.
            fill: of the sensor's products.
            survey: nobody will ask for pixels: none is read here.

        Raises:
            DataError: the file's own masks are damaged.
        """
        problem = "its masks cannot be read"
        with library_call(problem):
            interpretation = list(dataset.colorinterp)
            flags = dict(zip(dataset.indexes, dataset.mask_flag_enums, strict=True))
            declared = _declared_values(dataset)
        alpha = _alpha(interpretation, bands)
        masks = _masks({band: flags[band] for band in bands})
        values = tuple(declared[band - 1] for band in bands)
        has_room = _has_room([dataset.dtypes[band - 1] for band in bands])
        if has_room and not (alpha or masks or _are_said(values)):
            values = (fill,) * len(bands)
        if alpha and not survey:
            measured = is_measured(
                sampled(dataset, alpha, problem), lambda: sampled(dataset, bands[0], problem)
            )
            return cls(value, alpha, values, masks, measured)
        return cls(value, alpha, values, masks)

    def valid(
        self,
        dataset: DatasetReader,
        values: NDArray[Any],
        window: RasterWindow | None,
    ) -> NDArray[np.bool_]:
        """Which pixels of a window hold data.

        Args:
            dataset: the raster.
            values: what was read of it, (bands, H, W).
            window: where; None: everywhere, thinned out to the size of `values`.

        Returns:
            (H, W).

        Raises:
            DataError: the file is damaged there.
        """
        shape = values.shape[1:]
        if self.value is None:
            valid = self._by_values(values)
            for_all = self._by_masks(dataset, window, shape)
            if for_all is not None:
                valid &= for_all
        # NaN means that no value is nodata; what is no number is taken out below all the same.
        elif math.isnan(self.value):
            valid = np.ones(shape, dtype=bool)
        else:
            # In all bands: a 0 in one of them is a colour, in all of them a border.
            valid = (values != self.value).any(axis=0)
        if self.alpha:
            # Also beside a person's value, and beside the file's own.
            with library_call(UNREADABLE):
                # Nearest, as values are read: alpha and values must be of the same pixels.
                opacity = dataset.read(
                    self.alpha, window=window, out_shape=shape, resampling=Resampling.nearest
                )
            valid &= has_data(opacity, values, measured=self.is_measured)
        # One NaN among values would make every percentile NaN; NaN is below nothing.
        if values.dtype.kind in "fc":
            valid &= (np.abs(values) < BEYOND_MEASURE).all(axis=0)
        return valid

    def _by_values(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """By the nodata values of the bands, told from the values that were read anyway."""
        if not _are_said(self.values):
            return np.ones(values.shape[1:], dtype=bool)
        some_data = np.zeros(values.shape[1:], dtype=bool)
        all_measured = np.ones(values.shape[1:], dtype=bool)
        for band, value in zip(values, self.values, strict=True):
            if value is None or not _can_hold(band.dtype, value):
                some_data[:] = True
                continue
            differs = _differs(band, value)
            some_data |= differs
            if _is_never_measured(band.dtype, value):
                all_measured &= differs
        return some_data & all_measured

    def _by_masks(
        self, dataset: DatasetReader, window: RasterWindow | None, shape: tuple[int, ...]
    ) -> NDArray[np.bool_] | None:
        """By masks that the file has beside its values; None where it has none."""
        if not self.masks:  # a mask that says nothing need not be read
            return None
        with library_call(UNREADABLE):
            masks = dataset.read_masks(
                list(self.masks),
                window=window,
                out_shape=(len(self.masks), *shape),
                resampling=Resampling.nearest,
            )
        valid: NDArray[np.bool_] = np.any(masks != 0, axis=0)
        return valid


def _declared_values(dataset: DatasetReader) -> tuple[float | None, ...]:
    """The nodata value of each band: its own, or that of the file's tag for all of them."""
    texts = dataset.tags().get("NODATA_VALUES", "").split()
    if len(texts) != dataset.count:
        values: tuple[float | None, ...] = dataset.nodatavals
        return values
    return tuple(float(text) for text in texts)


def _are_said(values: Sequence[float | None]) -> bool:
    return any(value is not None for value in values)


def _alpha(interpretation: Sequence[ColorInterp], bands: Sequence[int]) -> int:
    """Number of the alpha band, or 0."""
    if ColorInterp.alpha not in interpretation:
        return 0
    # rasterio counts bands from 1.
    alpha = interpretation.index(ColorInterp.alpha) + 1
    # A person who has it shown says that it is a picture.
    return 0 if alpha in bands else alpha


def _masks(flags: Mapping[int, list[MaskFlags]]) -> tuple[int, ...]:
    """Numbers of bands whose masks must be read, from what GDAL says of those shown."""
    masks = tuple(band for band in flags if _has_mask(flags[band]))
    # One mask for all bands need not be read for each of them.
    if any(MaskFlags.per_dataset in flags[band] for band in masks):
        return masks[:1]
    return masks


def _has_room(types: Sequence[str]) -> bool:
    """Whether values have more than 8 bits: of 8, as pictures have, black may be a colour."""
    return all(kind not in ("uint8", "int8") for kind in types)


def _differs(band: NDArray[Any], value: float) -> NDArray[np.bool_]:
    """Where a band has another value than that for nodata."""
    # Of -3.4e38, files state fewer digits than they store.
    if abs(value) > HUGE and band.dtype.kind == "f":
        near: NDArray[np.bool_] = np.abs(band - value) <= abs(value) * 1e-5
        return ~near
    differs: NDArray[np.bool_] = band != band.dtype.type(value)
    return differs


def _is_never_measured(kind: np.dtype[Any], value: float) -> bool:
    if kind.itemsize == 1:
        return False
    if kind.kind in "iu":
        return value < 0 or value == np.iinfo(kind).max
    return value < 0 or value > HUGE


def _has_mask(flags: list[MaskFlags]) -> bool:
    """Whether a band has a mask that must be read; alpha is read as a band."""
    return flags not in WITHOUT_MASK and MaskFlags.alpha not in flags


def _can_hold(kind: np.dtype[Any], value: float) -> bool:
    """Whether a value can occur in a type: -9999 cannot in unsigned numbers."""
    if kind.kind not in "iu":
        return True
    limits = np.iinfo(kind)
    return math.isfinite(value) and limits.min <= value <= limits.max and value == int(value)


def check_nodata(value: float | None, types: Sequence[np.dtype[Any]]) -> None:
    """Check that a value of the person's own can occur in a raster.

    Args:
        value: that means nodata; None and NaN say nothing of values.
        types: of the bands that are shown.

    Raises:
        ConfigError: whole numbers of such a type cannot have it.
    """
    if value is None or math.isnan(value):
        return
    for kind in types:
        # Real numbers can be anything that a person writes.
        if kind.kind not in "iu":
            continue
        if not _can_hold(kind, value):
            raise ConfigError(f"nodata is {value:g}, which its values ({kind}) cannot hold")
