"""Scenes that are kept open for tiles: a few in each thread, closed when others are wanted."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from rasterio.io import DatasetReader

from harma.index.extents import Box
from harma.scenes.mapping import Mapping
from harma.scenes.scene import Scene

# Of one thread: each holds a file open, and GDAL's blocks of it, which have a limit of their own.
KEPT_OPEN = 8


@dataclass(frozen=True, eq=False)
class KeptScene:
    """A scene that is kept open.

    Attributes:
        content: fingerprint of the bytes that it was opened with.
        dataset: its raster, which is closed by whoever keeps it.
        scene: reads it.
        bounds: where it is; None where that cannot be told.
        mapping: from its pixels to Web Mercator; None without a place.
    """

    content: str
    dataset: DatasetReader
    scene: Scene
    bounds: Box | None
    mapping: Mapping | None


class OpenScenes(threading.local):
    """Scenes kept open, of each thread its own: a raster must not be read by two at once.

    Args:
        most: that a thread keeps.
    """

    def __init__(self, most: int = KEPT_OPEN) -> None:
        self.most = most
        self._kept: OrderedDict[str, KeptScene] = OrderedDict()

    def get(self, name: str, content: str, opened: Callable[[], KeptScene]) -> KeptScene:
        """A scene, opened if it is not, or is one of other bytes.

        Args:
            name: of the scene.
            content: fingerprint of its bytes as they are now.
            opened: opens it.
        """
        kept = self._kept.get(name)
        if kept is not None and kept.content == content:
            self._kept.move_to_end(name)
            return kept
        self.drop(name)
        while len(self._kept) >= self.most:
            _, oldest = self._kept.popitem(last=False)
            oldest.dataset.close()
        self._kept[name] = opened()
        return self._kept[name]

    def drop(self, name: str) -> None:
        """Close a scene, if this thread has it open."""
        kept = self._kept.pop(name, None)
        if kept is not None:
            kept.dataset.close()
