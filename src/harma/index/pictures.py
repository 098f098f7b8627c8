"""Pictures of hits: chips read again from their scenes, or the thumbnails of the index."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO

import numpy as np
from PIL import Image

from harma.errors import DataError, HarmaError
from harma.index.chips import THUMBNAIL_SIDE, thumbnail_of
from harma.index.contract import StoreReader
from harma.index.hits import Hit
from harma.index.joined_store import JoinedStore
from harma.index.records import SourceRecord
from harma.index.schema import quoted
from harma.index.settings import Settings
from harma.index.source_files import change_of, source_of
from harma.scenes.ground_shape import on_the_ground
from harma.scenes.put_together import reading_of_pictures
from harma.scenes.raster import open_scene
from harma.scenes.scene import Scene
from harma.scenes.source import Source, source_named
from harma.scenes.windows import Tiling

logger = logging.getLogger(__name__)

# What Pillow raises for bytes that are no picture, or one without end.
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
# Scenes read at once.
THREADS = 4
# Names in one SQL expression.
CHIPS_AT_ONCE = 500
# Stands for a chip that came without a thumbnail, from another program.
NO_THUMBNAIL = "#9a9a94"
# Of pictures that people look at, of 1 to 95: more costs bytes that nobody sees.
QUALITY = 90
# Of a chip's side: footprints that are further apart are not of the same chip.
LEAST_SHARE = 0.05
# Of an index that an earlier HarMA made, of a scene that is not north up.
INDEXED_AS_STORED = (
    "it was indexed as it is stored, and is shown north up now; `harma index reembed` brings the"
    " index up to date"
)
# A chip, or why it cannot be read.
ChipOrProblem = Image.Image | str


@dataclass(frozen=True, eq=False)
class ChipPicture:
    """A picture of a chip.

    Attributes:
        image: RGB.
        problem: why it is the index's small thumbnail and not the scene itself; "" if it is the
            scene.
        heading: a word above it where a hit has several pictures, such as a year.
    """

    image: Image.Image
    problem: str = ""
    heading: str = ""


def pictures_of(
    store: StoreReader,
    hits: Sequence[Hit],
    *,
    size: int = 256,
    known: Mapping[str, SourceRecord] | None = None,
) -> list[ChipPicture]:
    """A picture of each hit, in their order; every scene is opened once for all of its hits.

    Args:
        store: the index that the hits are of; scenes are read as it was built.
        hits: what was found.
        size: longer side at most, pixels; a chip that is smaller stays as it is.
        known: records of sources by name, where they are read already.

    Raises:
        DataError: a hit is not in the index any more.
    """
    if isinstance(store, JoinedStore):
        return _of_several(store, hits, size, known)
    by_source: dict[str, list[Hit]] = {}
    for hit in hits:
        by_source.setdefault(hit.source, []).append(hit)
    records = known
    if records is None:
        records = store.sources_named(list(by_source))
    read_source = partial(_of_source, store.settings, records, size)
    chips: dict[str, ChipOrProblem] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        for part in pool.map(read_source, by_source.values()):
            chips |= part
    problems = {chip: why for chip, why in chips.items() if isinstance(why, str)}
    thumbnails = _thumbnails(store, list(problems))
    pictures = []
    for hit in hits:
        picture = chips[hit.id]
        if isinstance(picture, str):
            pictures.append(ChipPicture(thumbnails[hit.id], picture))
        else:
            pictures.append(ChipPicture(picture))
    return pictures


def _of_several(
    store: JoinedStore,
    hits: Sequence[Hit],
    size: int,
    known: Mapping[str, SourceRecord] | None,
) -> list[ChipPicture]:
    """Pictures of hits of several indexes: each reads scenes as it was built."""
    numbers = store.numbers_of([hit.id for hit in hits])
    pictures: dict[str, ChipPicture] = {}
    for number, part in enumerate(store.parts):
        # What is in none of them any more is told by the first.
        of_part = [hit for hit in hits if numbers.get(hit.id, 0) == number]
        if of_part:
            made = pictures_of(part, of_part, size=size, known=known)
            pictures |= {hit.id: picture for hit, picture in zip(of_part, made, strict=True)}
    return [pictures[hit.id] for hit in hits]


def thumbnails_of(store: StoreReader, chips: Sequence[str]) -> dict[str, bytes]:
    """What the index keeps of chips: JPEG by id, empty of a chip that came without one.

    Chips that are not in the index are left out.
    """
    thumbnails: dict[str, bytes] = {}
    for start in range(0, len(chips), CHIPS_AT_ONCE):
        names = [quoted(chip) for chip in chips[start : start + CHIPS_AT_ONCE]]
        rows = store.rows(["id", "thumbnail"], f"id IN ({', '.join(names)})").to_pylist()
        thumbnails |= {row["id"]: row["thumbnail"] or b"" for row in rows}
    return thumbnails


def small_pictures(
    store: StoreReader,
    hits: Sequence[Hit],
    *,
    known: Mapping[str, SourceRecord] | None = None,
) -> dict[str, bytes]:
    """Thumbnails of hits as JPEG by id: kept in the index, or made of their scenes now.

    Empty where there is neither. The arguments are those of `pictures_of`.
    """
    thumbnails = thumbnails_of(store, [hit.id for hit in hits])
    bare = [hit for hit in hits if not thumbnails.get(hit.id)]
    pictures = pictures_of(store, bare, size=THUMBNAIL_SIDE, known=known)
    for hit, picture in zip(bare, pictures, strict=True):
        if not picture.problem:
            thumbnails[hit.id] = thumbnail_of(np.asarray(picture.image))
    return thumbnails


def _of_source(
    settings: Settings, known: Mapping[str, SourceRecord], size: int, hits: Sequence[Hit]
) -> dict[str, ChipOrProblem]:
    """The chips of one scene."""
    source = _source(hits[0].source, known)
    problem = change_of(source, known.get(source.name))
    if problem:
        return {hit.id: problem for hit in hits}
    try:
        # A catalogue may know its bands, as it did when it was indexed.
        reading = reading_of_pictures(source, settings.reading)
        with open_scene(source.opened_as, reading, files=source.files) as scene:
            return {hit.id: _chip(scene, hit, settings.tiling, size) for hit in hits}
    except HarmaError as error:
        problem = error.problem
        return {hit.id: problem for hit in hits}


def _source(name: str, known: Mapping[str, SourceRecord]) -> Source:
    """A source as it was indexed; by its name alone where a build has not finished it."""
    record = known.get(name)
    return source_named(name) if record is None else source_of(record)


def _chip(scene: Scene, hit: Hit, tiling: Tiling, size: int) -> ChipOrProblem:
    try:
        if not _lies_there(scene, hit):
            return INDEXED_AS_STORED
        picture = scene.read(hit.window)[0]
    except DataError as error:
        return error.problem
    image = Image.fromarray(on_the_ground(picture, tiling, scene.facts))
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    return image


def _lies_there(scene: Scene, hit: Hit) -> bool:
    """Whether a chip's window means the place that the index has it at."""
    here = scene.footprint(hit.window)
    if here is None or hit.geometry is None:
        return True
    west, south, east, north = here.bounds
    slack = LEAST_SHARE * max(east - west, north - south)
    return bool(np.allclose(here.bounds, hit.geometry.bounds, rtol=0, atol=slack))


def _thumbnails(store: StoreReader, chips: Sequence[str]) -> dict[str, Image.Image]:
    """What the index keeps of chips, as pictures."""
    kept = thumbnails_of(store, chips)
    gone = [chip for chip in chips if chip not in kept]
    if gone:
        raise DataError(
            f"{len(gone):,} hits are not in the index any more, such as {gone[0]}; search again"
        )
    return {chip: _thumbnail(jpeg) for chip, jpeg in kept.items()}


def _thumbnail(jpeg: bytes) -> Image.Image:
    try:
        return Image.open(BytesIO(jpeg or without_thumbnail())).convert("RGB")
    except UNREADABLE:
        # Another program may have written it, or the disk has lost a part of it.
        logger.warning("a thumbnail of the index is damaged; a grey one stands for it")
        return Image.open(BytesIO(without_thumbnail()))


def as_jpeg(picture: Image.Image) -> bytes:
    """A picture as JPEG, to be looked at."""
    buffer = BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


@cache
def without_thumbnail() -> bytes:
    """What stands for the thumbnail of a chip that came without one, as JPEG."""
    buffer = BytesIO()
    Image.new("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE), NO_THUMBNAIL).save(buffer, "JPEG")
    return buffer.getvalue()
