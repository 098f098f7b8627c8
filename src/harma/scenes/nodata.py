"""Nodata: which pixels of a raster hold no data.

- Without a value of the person's own it is as the file says: its nodata value, mask or alpha band.
- With one, a pixel whose shown bands all have that value; the file's own value then counts no more,
  but what is transparent by its alpha band still does. NaN as the value: no value means nodata.
- Values that are not numbers are nodata in any case.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterWindow

from harma.errors import ConfigError
from harma.scenes.edge import library_call

UNREADABLE = "it is damaged"


@dataclass(frozen=True)
class NodataRule:
    """How nodata is told in one raster.

    Attributes:
        value: that means nodata, in place of what the file says; None: as the file says.
        alpha: number of its alpha band, or 0.
        is_full: the file says that every pixel holds data.
    """

    value: float | None
    alpha: int
    is_full: bool

    @classmethod
    def of(cls, dataset: DatasetReader, value: float | None) -> "NodataRule":
        """The rule of an opened raster.

        Args:
            dataset: the raster.
            value: as the attribute.

        Raises:
            DataError: the file's own masks are damaged.
        """
        with library_call("its masks cannot be read"):
            interpretation = list(dataset.colorinterp)
            flags = list(dataset.mask_flag_enums)
        alpha = 0
        if ColorInterp.alpha in interpretation:
            # rasterio counts bands from 1.
            alpha = interpretation.index(ColorInterp.alpha) + 1
        return cls(value, alpha, all(flag == [MaskFlags.all_valid] for flag in flags))

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
            valid = self._by_file(dataset, window, shape)
        # NaN means that no value is nodata; what is no number is taken out below all the same.
        elif math.isnan(self.value):
            valid = np.ones(shape, dtype=bool)
        else:
            # In all bands: a 0 in one of them is a colour, in all of them a border.
            valid = (values != self.value).any(axis=0)
        if self.value is not None and self.alpha:
            # A person's value replaces the file's mask, of which alpha would have been a part.
            with library_call(UNREADABLE):
                opacity = dataset.read(
                    self.alpha, window=window, out_shape=shape, resampling=Resampling.nearest
                )
            valid &= opacity > 0
        # One NaN among values would make every percentile NaN.
        if values.dtype.kind == "f":
            valid &= np.isfinite(values).all(axis=0)
        return valid

    def _by_file(
        self, dataset: DatasetReader, window: RasterWindow | None, shape: tuple[int, ...]
    ) -> NDArray[np.bool_]:
        if self.is_full:  # a mask that says nothing need not be read
            return np.ones(shape, dtype=bool)
        with library_call(UNREADABLE):
            # Nearest, as values are read: mask and values must be of the same pixels.
            mask = dataset.dataset_mask(
                window=window, out_shape=shape, resampling=Resampling.nearest
            )
        return np.asarray(mask != 0)


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
        limits = np.iinfo(kind)
        if not limits.min <= value <= limits.max or value != int(value):
            raise ConfigError(f"nodata is {value:g}, which its values ({kind}) cannot hold")
