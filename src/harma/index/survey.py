"""Before anything is embedded: what has to be done. Every source is looked at once, in parallel."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from harma.errors import HarmaError
from harma.index.records import SourceRecord
from harma.scenes.raster import Reading, SceneFacts, open_scene
from harma.scenes.sources import Source
from harma.scenes.windows import Tiling, Window

BLOCK = 1 << 20


@dataclass(frozen=True)
class Surveyed:
    """What is known of a source before its chips are read.

    Attributes:
        source: it.
        size: bytes; -1 where it is not a file.
        mtime_ns: time of the last change.
        content: fingerprint of the bytes, or of the address.
        facts: of the opened scene, or None.
        windows: its chips.
        problem: why it cannot be used, or "".
        is_known: whether the index has exactly this source already.
    """

    source: Source
    size: int
    mtime_ns: int
    content: str
    facts: SceneFacts | None = None
    windows: tuple[Window, ...] = field(default=(), repr=False)
    problem: str = ""
    is_known: bool = False


def survey(
    sources: Iterable[Source],
    known: Mapping[str, SourceRecord],
    tiling: Tiling,
    reading: Reading,
    *,
    num_workers: int,
) -> Iterator[Surveyed]:
    """Look at sources, in their order.

    Args:
        sources: to look at.
        known: rows of the index's table of sources, by source.
        tiling: how scenes are cut.
        reading: how scenes are read.
        num_workers: threads; GDAL and Pillow release the lock while they read.
    """
    with ThreadPoolExecutor(max(1, num_workers)) as pool:
        yield from pool.map(
            lambda source: _look(source, known.get(source.name), tiling, reading), sources
        )


def _look(source: Source, kept: SourceRecord | None, tiling: Tiling, reading: Reading) -> Surveyed:
    try:
        stat = Path(source.opened_as).stat()
        size, mtime_ns = stat.st_size, stat.st_mtime_ns
    except OSError:
        size, mtime_ns = -1, 0  # an address, or gone: opening says which
    unchanged = (
        kept is not None and (kept.size, kept.mtime_ns) == (size, mtime_ns) and not kept.problem
    )
    if unchanged and kept is not None:
        return Surveyed(source, size, mtime_ns, kept.content, is_known=True)
    try:
        content = _fingerprint(source, size)
        if kept is not None and kept.content == content and not kept.problem:
            return Surveyed(source, size, mtime_ns, content, is_known=True)
        with open_scene(source.opened_as, reading, survey=True) as scene:
            facts = scene.facts
            windows = tuple(tiling.windows(facts.width, facts.height, facts.gsd))
    except HarmaError as error:
        return Surveyed(source, size, mtime_ns, "", problem=error.problem)
    except OSError as error:
        return Surveyed(
            source, size, mtime_ns, "", problem=f"it cannot be read ({error.strerror or error})"
        )
    except Exception as error:  # whatever one odd file does to a library, the rest goes on
        return Surveyed(
            source,
            size,
            mtime_ns,
            "",
            problem=f"it cannot be read ({type(error).__name__}: {error})"[:300],
        )
    return Surveyed(source, size, mtime_ns, content, facts, windows)


def _fingerprint(source: Source, size: int) -> str:
    """Of a file its bytes; of anything else its name, as there is nothing cheaper that is sure."""
    digest = hashlib.blake2b(digest_size=16)
    if size < 0 or not Path(source.opened_as).is_file():
        digest.update(source.name.encode())
        return digest.hexdigest()
    with Path(source.opened_as).open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
