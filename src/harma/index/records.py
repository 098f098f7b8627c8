"""Records: what an index keeps of a chip, and of a source."""

import datetime as dt
from dataclasses import dataclass, fields

from harma.scenes.period import Period
from harma.scenes.source import PropertyValue


@dataclass(frozen=True)
class ChipRecord:
    """A row of the table of chips, without the embedding and its model.

    Attributes:
        id: of source and window.
        geometry: footprint in WGS84 (WKB); None without a place.
        xmin: west side of the footprint's box, degrees; None without a place.
        ymin: south side.
        xmax: east side.
        ymax: north side.
        datetime: when the scene was taken, the first moment, or None.
        datetime_end: the last moment; None where the first is the only one.
        source: path or address of the scene.
        content: fingerprint of the source's bytes.
        column: of the window in the scene, pixels.
        row: of the window.
        width: of the window.
        height: of the window.
        crs: of the scene, or "".
        gsd: metres per pixel of the scene, or None.
        nodata: share of the chip.
        thumbnail: JPEG, or None.
        properties: further columns, such as ("eo_cloud_cover", 12.5).
    """

    id: str
    geometry: bytes | None
    xmin: float | None
    ymin: float | None
    xmax: float | None
    ymax: float | None
    datetime: dt.datetime | None
    datetime_end: dt.datetime | None
    source: str
    content: str
    column: int
    row: int
    width: int
    height: int
    crs: str
    gsd: float | None
    nodata: float
    thumbnail: bytes | None
    properties: tuple[tuple[str, PropertyValue], ...] = ()


# Columns that every index has of a chip.
CHIP_COLUMNS = tuple(field.name for field in fields(ChipRecord) if field.name != "properties")


@dataclass(frozen=True)
class ShownChip:
    """What a search reads of a chip that it shows: see `ChipRecord`."""

    id: str
    geometry: bytes | None
    datetime: dt.datetime | None
    source: str
    column: int
    row: int
    width: int
    height: int
    crs: str
    gsd: float | None
    nodata: float
    datetime_end: dt.datetime | None = None

    @property
    def taken(self) -> Period | None:
        """When the scene was taken."""
        if self.datetime is None:
            return None
        return Period(self.datetime, self.datetime_end or self.datetime)


# Its columns.
SHOWN_COLUMNS = tuple(field.name for field in fields(ShownChip))


@dataclass(frozen=True)
class SourceRecord:
    """A row of the table of sources.

    Attributes:
        source: path or address.
        size: bytes; -1 where it is not a file.
        mtime_ns: time of the last change.
        content: fingerprint of the bytes, or of the address.
        num_chips: in the index.
        num_skipped: chips left out as mostly nodata.
        width: of the scene, pixels; None where it was not opened.
        height: of the scene.
        bands: that were read, by number from 1, with commas.
        bands_reason: why these.
        stretch: how values became 8 bits.
        problem: why it is not in the index, or not as it is now; "" if it is.
        opened_as: what GDAL opens, where that cannot be told from the name; "" otherwise.
        files: further files whose change is a change of the scene, one a line.
        is_guess: whether nothing says that the bands shown are red, green and blue.
        sensor: that took it, or "".
        date_from: what names its date, or "".
        placed_by: what places it, where it is not the raster's own transform.
        num_off_earth: chips left out because they do not lie on the Earth.
        added: when its present bytes came into the index; None where an earlier version did it.
    """

    source: str
    size: int
    mtime_ns: int
    content: str
    num_chips: int = 0
    num_skipped: int = 0
    width: int | None = None
    height: int | None = None
    bands: str = ""
    bands_reason: str = ""
    stretch: str = ""
    problem: str = ""
    opened_as: str = ""
    files: str = ""
    is_guess: bool = False
    sensor: str = ""
    date_from: str = ""
    placed_by: str = ""
    num_off_earth: int = 0
    added: dt.datetime | None = None
