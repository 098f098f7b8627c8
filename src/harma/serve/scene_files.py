"""Opening the scene of a source for a client: only as it was indexed, else a plain problem."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from harma.errors import ConfigError, ConflictError, DataError, MissingFileError, NotFoundError
from harma.index.records import SourceRecord
from harma.index.settings import Settings
from harma.index.source_files import (
    NOT_A_FILE,
    OnDisk,
    as_it_is_now,
    fingerprint,
    on_disk,
    source_of,
)
from harma.scenes.put_together import reading_of_pictures
from harma.scenes.raster import scene_of
from harma.scenes.source import Source
from harma.serve.open_scenes import KeptScene, OpenScenes
from harma.serve.rasters import open_raster, serving_settings
from harma.serve.tiles import bounds_of, mapping_of

logger = logging.getLogger(__name__)

GONE = "the file of the scene is not there any more; `harma index add` brings the index up to date"
CHANGED = "the scene has changed since it was indexed; `harma index add` brings it in anew"
UNREADABLE = "the scene cannot be read now; the server's log says why"


@dataclass
class SceneFiles:
    """Opens scenes of an index for clients, and keeps some open in each thread.

    Attributes:
        open_scenes: that are open.
        checked: name → what a file looked like on the disk when its bytes were last compared, and
            whether they were those that were indexed.
    """

    open_scenes: OpenScenes = field(default_factory=OpenScenes)
    checked: dict[str, tuple[OnDisk, bool]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def opened(self, index: str, settings: Settings, record: SourceRecord) -> Iterator[KeptScene]:
        """The scene of a source, open, to be used in this thread inside of the block.

        Args:
            index: id of the index.
            settings: of it.
            record: of the source.

        Raises:
            NotFoundError: its file is gone.
            ConflictError: it has changed, or cannot be read.
        """
        name = f"{index}\0{record.source}"
        source = source_of(record)
        try:
            with serving_settings(source.opened_as, source.files):
                self._check(name, source, record)
                yield self.open_scenes.get(
                    name, record.content, lambda: _opened(settings, source, record.content)
                )
        except MissingFileError as error:
            self.open_scenes.drop(name)
            raise NotFoundError(GONE) from error
        except (DataError, ConfigError, OSError) as error:
            # What is wrong with a file names the file: that is for the log.
            logger.warning("%s cannot be shown: %s", record.source, error)
            self.open_scenes.drop(name)
            raise ConflictError(UNREADABLE) from error

    def _check(self, name: str, source: Source, record: SourceRecord) -> None:
        """Check that a file is the one that was indexed; its bytes are read where it seems not."""
        source = as_it_is_now(source, record)
        seen = on_disk(source)
        if (seen.size, seen.mtime_ns) == (record.size, record.mtime_ns):
            return
        if seen.size == NOT_A_FILE:
            raise MissingFileError(GONE)
        # One at a time: who waits finds it compared.
        with self._lock:
            known = self.checked.get(name)
            if known is None or known[0] != seen:
                known = (seen, fingerprint(source) == record.content)
                self.checked[name] = known
        if not known[1]:
            self.open_scenes.drop(name)
            raise ConflictError(CHANGED)


def _opened(settings: Settings, source: Source, content: str) -> KeptScene:
    """Open a scene as it was opened when it was indexed."""
    dataset = open_raster(source)
    try:
        reading = reading_of_pictures(source, settings.reading)
        scene = scene_of(dataset, source.opened_as, reading, name=source.name)
        bounds = bounds_of(scene)
        # Made once: it takes as long as drawing a tile.
        return KeptScene(content, dataset, scene, bounds, mapping_of(scene, bounds))
    except BaseException:
        dataset.close()
        raise
