"""What all routes of a server share: its settings, indexes and queues of work."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from harma.errors import NotFoundError
from harma.serve.feature_collections import FeatureCollections
from harma.serve.scene_files import SceneFiles
from harma.serve.served import ServedIndex
from harma.serve.settings import ServeSettings
from harma.serve.source_table import SourceTables
from harma.serve.work import WorkQueue


@dataclass
class Service:
    """What all routes share.

    Attributes:
        settings: of the server.
        indexes: id → index.
        search_work: runs searches.
        tile_work: runs tiles, pictures and thumbnails.
        source_tables: sources of indexes, with their extents.
        scene_files: scenes that are open for tiles.
    """

    settings: ServeSettings
    indexes: dict[str, ServedIndex]
    search_work: WorkQueue
    tile_work: WorkQueue
    source_tables: SourceTables = field(default_factory=SourceTables)
    scene_files: SceneFiles = field(default_factory=SceneFiles)
    further: dict[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: ServeSettings) -> Self:
        """A service whose indexes have still to be warmed."""
        limits = settings.limits
        indexes = {
            name: ServedIndex(name, directory) for name, directory in settings.indexes.items()
        }
        return cls(
            settings,
            indexes,
            search_work=WorkQueue("searches", limits.threads, limits.waiting),
            tile_work=WorkQueue("tiles", limits.threads, limits.waiting),
        )

    @cached_property
    def collections(self) -> FeatureCollections:
        """Collections of OGC API Features and STAC."""
        return FeatureCollections(self.indexes, self.settings.limits, self.source_tables)

    def index(self, name: str) -> ServedIndex:
        """A served index by its id.

        Raises:
            NotFoundError: there is none.
        """
        if name not in self.indexes:
            raise NotFoundError(f"there is no index {name}; see /v1/indexes")
        return self.indexes[name]
