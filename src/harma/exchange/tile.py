"""A hit as it stands on a contact sheet: its pictures, and what is said of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC

from harma.index.contract import StoreReader
from harma.index.hits import Hit
from harma.index.pictures import ChipPicture, pictures_of


@dataclass(frozen=True, eq=False)
class Tile:
    """A hit on a sheet.

    Attributes:
        hit: what was found.
        pictures: of it; several stand side by side, such as before and after.
        lines: of text to add, such as "then 0.21 → now 0.35".
    """

    hit: Hit
    pictures: tuple[ChipPicture, ...]
    lines: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        """What hits are ranked by: the score, or the gain where change was looked for."""
        return self.hit.value_text

    @property
    def percentile(self) -> str:
        """Share of the index that scores lower; rounded down, so that 100 % is all of it."""
        return f"{math.floor(10 * self.hit.percentile) / 10:.1f} %"

    @property
    def date(self) -> str:
        """When the scene was taken, in UTC, without a clock that is at midnight; "" if unknown.

        Of a period the day, the month or the range.
        """
        if self.hit.datetime is None or self.hit.datetime_end is not None:
            return self.hit.date_text
        return f"{self.hit.datetime.astimezone(UTC):%Y-%m-%d %H:%M}".removesuffix(" 00:00")

    @property
    def place(self) -> str:
        """Longitude and latitude of the middle, to about a metre; "" without a place."""
        return self.hit.place_text

    @property
    def source_name(self) -> str:
        """The last part of the source's path or address."""
        return self.hit.source_name

    @property
    def window(self) -> str:
        """Where the chip lies in its scene, or "" if unknown."""
        window = self.hit.window
        if not window.width:
            # Embeddings of other programs come without one.
            return ""
        return f"{window.width} × {window.height} px at {window.column}, {window.row}"

    @property
    def ground(self) -> str:
        """How much ground the chip shows, or "" where that is not known."""
        if self.hit.gsd is None:
            return ""
        width = _length(self.hit.window.width * self.hit.gsd)
        height = _length(self.hit.window.height * self.hit.gsd)
        return f"{width} × {height}"

    @property
    def thumbnail_reason(self) -> str:
        """Why a picture is the index's thumbnail, or ""."""
        problems = [picture.problem for picture in self.pictures if picture.problem]
        return problems[0] if problems else ""


def tiles_of(store: StoreReader, hits: Sequence[Hit]) -> list[Tile]:
    """Hits with their pictures.

    Of a change the earlier picture stands before the later, each under its date.

    Args:
        store: the index that the hits are of.
        hits: what was found.
    """
    earlier = [hit.then for hit in hits if hit.then is not None]
    # All at once, so that each scene is opened once.
    pictures = pictures_of(store, [*hits, *earlier])
    before = iter(pictures[len(hits) :])
    tiles = []
    for hit, picture in zip(hits, pictures[: len(hits)], strict=True):
        if hit.then is None:
            tiles.append(Tile(hit, (picture,)))
            continue
        line = f"then {hit.then.score:.3f} → now {hit.score:.3f}"
        pair = (_dated(next(before), hit.then), _dated(picture, hit))
        tiles.append(Tile(hit, pair, (line,)))
    return tiles


def _dated(picture: ChipPicture, hit: Hit) -> ChipPicture:
    return replace(picture, heading=Tile(hit, (picture,)).date)


def _length(metres: float) -> str:
    if metres >= 1000:
        return f"{metres / 1000:.3g} km"
    return f"{metres:.3g} m"
