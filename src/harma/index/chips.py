"""What the table says of a chip: its name, footprint, dates and thumbnail."""

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image
from shapely.geometry.base import BaseGeometry

from harma.index.records import ChipRecord
from harma.scenes.scene import SceneFacts
from harma.scenes.source import Source
from harma.scenes.taken import Taken, agreed
from harma.scenes.windows import Window

# Longer side of the picture that the table keeps, pixels.
THUMBNAIL_SIDE = 96
JPEG_QUALITY = 80


@dataclass(frozen=True, eq=False)
class Cutting:
    """A chip as it was cut from its scene.

    Attributes:
        window: of the scene.
        picture: 8-bit RGB (height, width, 3).
        nodata: share of the chip, 0 to 1.
        footprint: in WGS84, or None where the scene has no place.
        seen: what the model sees of it: the picture, or values of bands, float32 (H, W, N).
    """

    window: Window
    picture: NDArray[np.uint8]
    nodata: float
    footprint: BaseGeometry | None
    seen: NDArray[np.uint8] | NDArray[np.float32]


def chip_id(source: str, content: str, window: Window) -> str:
    """The name of a chip: the same for the same window of the same bytes."""
    key = f"{source}\0{content}\0{window.column},{window.row},{window.width},{window.height}"
    return hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def chip_record(
    source: Source, content: str, facts: SceneFacts, chip: Cutting, *, thumbnail: bool = True
) -> ChipRecord:
    """The row of a chip.

    Args:
        source: that it was cut from.
        content: fingerprint of the source's bytes.
        facts: of the opened scene.
        chip: as it was cut.
        thumbnail: whether it keeps one.
    """
    geometry = None
    west = south = east = north = None
    if chip.footprint is not None:
        geometry = shapely.to_wkb(chip.footprint)
        west, south, east, north = chip.footprint.bounds
    window = chip.window
    first, last = moments_of(source, facts)
    return ChipRecord(
        id=chip_id(source.name, content, window),
        geometry=geometry,
        xmin=west,
        ymin=south,
        xmax=east,
        ymax=north,
        datetime=first,
        datetime_end=last,
        source=source.name,
        content=content,
        column=window.column,
        row=window.row,
        width=window.width,
        height=window.height,
        crs=facts.crs,
        gsd=facts.gsd,
        nodata=chip.nodata,
        thumbnail=thumbnail_of(chip.picture) if thumbnail else None,
        properties=source.properties,
    )


def known_date(source: Source, facts: SceneFacts) -> Taken:
    """When a scene was taken, and what says so."""
    # A date that a list gives says more than what the file says of itself.
    said = Taken(source.taken, source.date_from)
    return agreed(said, Taken(facts.taken, facts.date_from))


def moments_of(source: Source, facts: SceneFacts) -> tuple[datetime | None, datetime | None]:
    """The first and last moment of a scene; no last one where the first is the only one."""
    taken = known_date(source, facts).period
    if taken is None:
        return None, None
    return taken.start, None if taken.is_moment else taken.end


def thumbnail_of(picture: NDArray[np.uint8]) -> bytes:
    """A small JPEG of a picture (height, width, 3)."""
    image = Image.fromarray(picture)
    # Shrinks, and never enlarges.
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
