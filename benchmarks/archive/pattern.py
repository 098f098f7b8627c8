"""What all scenes show: four fields of known colours, and a border without data."""

from dataclasses import dataclass

import numpy as np

# Reflectance of what the fields are made of, by band.
BANDS = ("coastal", "blue", "green", "yellow", "red", "rededge", "nir", "swir1", "swir2", "pan")
MATERIALS = {
    "red": (0.04, 0.05, 0.06, 0.18, 0.26, 0.27, 0.28, 0.30, 0.28, 0.14),
    "green": (0.04, 0.05, 0.20, 0.12, 0.06, 0.20, 0.40, 0.18, 0.10, 0.11),
    "blue": (0.21, 0.20, 0.07, 0.05, 0.05, 0.04, 0.03, 0.02, 0.02, 0.08),
    "grey": (0.16, 0.16, 0.16, 0.16, 0.16, 0.16, 0.16, 0.16, 0.16, 0.16),
}
# Which quarter each field is: row and column of two by two.
QUARTERS = {"red": (0, 0), "green": (0, 1), "blue": (1, 0), "grey": (1, 1)}


@dataclass(frozen=True)
class Pattern:
    """A picture as its surface is.

    Attributes:
        spectra: band → reflectance (height, width), 0 to 1.
        valid: where there is data (height, width).
        centres: field → its centre, pixels from the upper left (x, y).
    """

    spectra: dict[str, np.ndarray]
    valid: np.ndarray
    centres: dict[str, tuple[float, float]]

    @property
    def height(self):
        return self.valid.shape[0]

    @property
    def width(self):
        return self.valid.shape[1]

    @property
    def fill(self):
        """Share of pixels without data."""
        return 1 - float(self.valid.mean())

    def values(self, band, scale, offset=0.0, *, dtype="uint16", fill=0):
        """A band as numbers: reflectance × scale + offset, `fill` where there is no data."""
        numbers = self.spectra[band] * scale + offset
        if np.issubdtype(np.dtype(dtype), np.integer):
            limits = np.iinfo(dtype)
            # The lowest number may be the fill; data stays off it.
            numbers = np.clip(np.round(numbers), limits.min + 1, limits.max)
        return np.where(self.valid, numbers, fill).astype(dtype)

    def picture(self, fill=0):
        """8-bit red, green and blue (3, height, width), `fill` where there is no data."""
        bands = ("red", "green", "blue")
        return np.stack([self.values(band, 600, dtype="uint8", fill=fill) for band in bands])

    def every(self, step):
        """The same surface with every n-th pixel of each row and column alone."""
        spectra = {band: values[::step, ::step] for band, values in self.spectra.items()}
        centres = {field: (x / step, y / step) for field, (x, y) in self.centres.items()}
        return Pattern(spectra, self.valid[::step, ::step], centres)

    def turned(self, *, down=False, across=False):
        """The same surface stored with its rows, or its columns, the other way round."""
        order = (slice(None, None, -1 if down else 1), slice(None, None, -1 if across else 1))
        spectra = {band: values[order] for band, values in self.spectra.items()}
        centres = {}
        for field, (x, y) in self.centres.items():
            centres[field] = (
                self.width - x if across else x,
                self.height - y if down else y,
            )
        return Pattern(spectra, self.valid[order], centres)


def draw(rng, height, width, fill_columns=0):
    """Four fields, each a little different in each scene, right of a border without data.

    Args:
        rng: of numpy.
        height: pixels.
        width: pixels.
        fill_columns: of the border.
    """
    valid = np.ones((height, width), dtype=bool)
    valid[:, :fill_columns] = False
    rows = (0, height // 2, height)
    columns = (fill_columns, (fill_columns + width) // 2, width)
    spectra = {band: np.zeros((height, width)) for band in BANDS}
    centres = {}
    # Brightness of the whole scene, and its grain.
    light = rng.uniform(0.85, 1.15)
    grain = 1 + rng.normal(0, 0.03, (height, width))
    for field, (down, across) in QUARTERS.items():
        place = (slice(rows[down], rows[down + 1]), slice(columns[across], columns[across + 1]))
        for band, reflectance in zip(BANDS, MATERIALS[field], strict=True):
            spectra[band][place] = reflectance * light * grain[place]
        centres[field] = (
            (columns[across] + columns[across + 1]) / 2,
            (rows[down] + rows[down + 1]) / 2,
        )
    return Pattern(spectra, valid, centres)
