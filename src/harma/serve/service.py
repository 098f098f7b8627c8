"""What all routes of a server share: its settings, indexes and queues of work."""

from dataclasses import dataclass, field
from typing import Self

from harma.errors import NotFoundError
from harma.index.ask_json import Uploaded
from harma.serve.group import ServedGroup
from harma.serve.listings import Listings
from harma.serve.live import LiveIndex
from harma.serve.metrics import Metrics
from harma.serve.results import Results
from harma.serve.scene_files import SceneFiles
from harma.serve.served import ServedIndex
from harma.serve.served_indexes import ServedIndexes
from harma.serve.settings import ServeSettings
from harma.serve.source_table import SourceTables
from harma.serve.uploads import Uploads
from harma.serve.work import WorkQueue

WAITING_EXPLANATIONS = 4
SAVED_THREADS = 2
WAITING_MARKS = 64
# Pictures that are received or decoded at once: each may hold 10 MB.
UPLOADS_AT_ONCE = 8


@dataclass
class Service:
    """What all routes share.

    Attributes:
        settings: of the server.
        indexes: id → index.
        parts: further indexes that are parts of some of these, and not served apart.
        search_work: runs searches.
        tile_work: runs tiles, pictures and thumbnails.
        explain_work: runs relevance maps, one at a time: each embeds a chip many times.
        saved_work: reads and keeps saved searches and marks, which wait for the disk.
        upload_work: decodes pictures, one at a time.
        results: hits of searches, kept for their pages.
        uploads: pictures that clients sent.
        metrics: counters for Prometheus.
        source_tables: sources of indexes, with their extents.
        scene_files: scenes that are open for tiles.
        listings: chips of indexes in a fixed order, of versions that clients read.
    """

    settings: ServeSettings
    indexes: dict[str, ServedIndex]
    search_work: WorkQueue
    tile_work: WorkQueue
    explain_work: WorkQueue = field(
        default_factory=lambda: WorkQueue("explanations", 1, WAITING_EXPLANATIONS)
    )
    saved_work: WorkQueue = field(
        default_factory=lambda: WorkQueue("saved searches", SAVED_THREADS, WAITING_MARKS)
    )
    # One thread, as one process decodes.
    upload_work: WorkQueue = field(
        default_factory=lambda: WorkQueue("uploads", 1, UPLOADS_AT_ONCE - 1)
    )
    results: Results = field(default_factory=Results)
    uploads: Uploads = field(default_factory=Uploads)
    metrics: Metrics = field(default_factory=Metrics)
    source_tables: SourceTables = field(default_factory=SourceTables)
    scene_files: SceneFiles = field(default_factory=SceneFiles)
    listings: Listings = field(default_factory=Listings)
    parts: list[LiveIndex] = field(default_factory=list)

    @classmethod
    def of(cls, settings: ServeSettings) -> Self:
        """A service whose indexes have still to be warmed."""
        limits = settings.limits
        made = ServedIndexes(settings)
        return cls(
            settings,
            made.indexes,
            parts=made.parts,
            search_work=WorkQueue("searches", limits.threads, limits.waiting),
            tile_work=WorkQueue("tiles", limits.threads, limits.waiting),
            uploads=Uploads(limits),
        )

    @property
    def queues(self) -> tuple[WorkQueue, ...]:
        """All queues of work."""
        work = (self.search_work, self.tile_work, self.explain_work, self.saved_work)
        return *work, self.upload_work

    def close(self) -> None:
        """End its threads and its process when they have finished, and let databases go."""
        for queue in self.queues:
            queue.close()
        self.uploads.close()
        for index in self.indexes.values():
            index.close()

    @property
    def looked_at(self) -> list[LiveIndex]:
        """All that is to be opened and refreshed: parts before the groups that they are in."""
        groups = [index for index in self.indexes.values() if isinstance(index, ServedGroup)]
        others = [index for index in self.indexes.values() if not isinstance(index, ServedGroup)]
        return [*self.parts, *others, *groups]

    @property
    def there(self) -> list[ServedIndex]:
        """The indexes that are not gone; of one that is, /v1/indexes says so."""
        return [index for index in self.indexes.values() if index.is_there]

    def index(self, name: str) -> ServedIndex:
        """A served index by its id.

        Raises:
            NotFoundError: there is none.
        """
        if name not in self.indexes:
            raise NotFoundError(f"there is no index {name}; see /v1/indexes")
        return self.indexes[name]

    def seen_by(self, index: ServedIndex) -> Uploaded:
        """Gives what clients sent, by its id, as the model of an index sees it."""
        return lambda upload: self.uploads.seen(upload, index.index.store.settings.reading)
