"""Pictures of hits: chips read again from their scenes, or the index's thumbnails where that cannot be done."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from harma.errors import DataError, HarmaError
from harma.index.chips import THUMBNAIL
from harma.index.hits import Hit
from harma.index.records import SourceRecord
from harma.index.schema import quoted
from harma.index.settings import Settings
from harma.index.store import NAMES_AT_ONCE, Store
from harma.index.survey import survey
from harma.scenes.raster import Scene, open_scene
from harma.scenes.sources import source_named

# Scenes read at once.
THREADS = 4
# A chip, or why it cannot be read.
Read = Image.Image | str


@dataclass(frozen=True, eq=False)
class Picture:
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


def pictures_of(store: Store, hits: Sequence[Hit], *, size: int = 256) -> list[Picture]:
    """A picture of each hit, in their order; every scene is opened once for all of its hits.

    Args:
        store: the index that the hits are of; scenes are read as it was built.
        hits: what was found.
        size: longer side at most, pixels; a chip that is smaller stays as it is.

    Raises:
        DataError: a hit is not in the index any more.
    """
    by_source: dict[str, list[Hit]] = {}
    for hit in hits:
        by_source.setdefault(hit.source, []).append(hit)
    known = store.sources()
    with ThreadPoolExecutor(THREADS) as pool:
        parts = pool.map(
            lambda own: _of_source(store.settings, known, own, size), by_source.values()
        )
        read = {chip: result for part in parts for chip, result in part.items()}
    thumbnails = _thumbnails(
        store, [chip for chip, result in read.items() if isinstance(result, str)]
    )
    return [
        (
            Picture(thumbnails[hit.id], result)
            if isinstance(result := read[hit.id], str)
            else Picture(result)
        )
        for hit in hits
    ]


def _of_source(
    settings: Settings, known: Mapping[str, SourceRecord], hits: Sequence[Hit], size: int
) -> dict[str, Read]:
    """The chips of one scene."""
    source = source_named(hits[0].source)
    looked = next(survey([source], known, settings.tiling, settings.reading, num_workers=1))
    if not looked.is_known:
        return dict.fromkeys(
            (hit.id for hit in hits), looked.problem or "it has changed since it was indexed"
        )
    try:
        with open_scene(source.opened_as, settings.reading) as scene:
            return {hit.id: _chip(scene, hit, size) for hit in hits}
    except HarmaError as error:
        return dict.fromkeys((hit.id for hit in hits), str(error))


def _chip(scene: Scene, hit: Hit, size: int) -> Read:
    try:
        image = Image.fromarray(scene.read(hit.window)[0])
    except DataError as error:
        return str(error)
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    return image


def _thumbnails(store: Store, chips: Sequence[str]) -> dict[str, Image.Image]:
    """What the index keeps of chips."""
    found: dict[str, Image.Image] = {}
    for start in range(0, len(chips), NAMES_AT_ONCE):
        named = ", ".join(quoted(chip) for chip in chips[start : start + NAMES_AT_ONCE])
        rows = store.rows(["id", "thumbnail"], f"id IN ({named})").to_pylist()
        found |= {row["id"]: _thumbnail(row["thumbnail"]) for row in rows}
    gone = [chip for chip in chips if chip not in found]
    if gone:
        raise DataError(
            f"{len(gone):,} hits are not in the index any more, such as {gone[0]}; search again"
        )
    return found


def _thumbnail(jpeg: bytes | None) -> Image.Image:
    """A thumbnail; a grey square for a chip that came without one, from another program."""
    return (
        Image.open(BytesIO(jpeg)).convert("RGB")
        if jpeg
        else Image.new("RGB", (THUMBNAIL, THUMBNAIL), "#9a9a94")
    )
