"""The ranges of an archive: percentiles over a sample of its scenes, kept in the settings."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harma.ground.progress import AdvancePart, not_told
from harma.index.contract import StoreWriter
from harma.index.look import Surveyed
from harma.scenes.ranges import KindRange, spread, told_ranges
from harma.scenes.sampling import sample_ranges
from harma.scenes.source import Source

# Sources that are looked at, spread over all; of those that a network brings, a few are enough.
LOCAL_SOURCES = 64
REMOTE_SOURCES = 8
# Where a further kind turns up later.
LATER_SOURCES = 16


class ArchiveRanges:
    """The range of each kind of scene, found when the first scene of the kind turns up.

    What is found is in the settings before a chip of that kind is read, and never changes: `add`,
    `reembed` and pictures of hits show all scenes of the kind alike.

    Args:
        store: of the index; nobody else writes it now.
        sources: that are being brought in.
        progress: told of sources that are looked at, as "sampling".

    Attributes:
        found: kind → range, of those that were not known before.
    """

    def __init__(
        self, store: StoreWriter, sources: Sequence[Source], progress: AdvancePart = not_told
    ) -> None:
        self.store = store
        self.sources = sources
        self.progress = progress
        self.found: dict[str, str] = {}
        self._has_sampled = False

    def of(self, surveyed: Surveyed) -> tuple[KindRange, ...]:
        """The range to read a source in, or the ranges of its kind; none where it has no kind."""
        if surveyed.facts is None or not surveyed.facts.kind:
            return ()
        kind = surveyed.facts.kind
        if not self._known(kind):
            self._learn(surveyed.source)
        return self._known(kind)

    def _known(self, kind: str) -> tuple[KindRange, ...]:
        ranges = self.store.settings.reading.ranges
        return tuple(known for known in ranges if known.kind == kind)

    def _learn(self, source: Source) -> None:
        """Look at a sample, and keep the ranges of all kinds in it that were not known."""
        settings = self.store.settings
        reading = settings.reading
        found = sample_ranges(self._told(self._chosen(source)), reading)
        if found:
            reading = replace(reading, ranges=(*reading.ranges, *found))
            self.store.put_settings(replace(settings, reading=reading))
            self.found |= told_ranges(found)

    def _chosen(self, source: Source) -> list[Source]:
        """The source that is to be read, and others spread over all."""
        most = LATER_SOURCES if self._has_sampled else LOCAL_SOURCES
        if source.opened_as.startswith("/vsi"):
            most = min(most, REMOTE_SOURCES)
        self._has_sampled = True
        others = [other for other in spread(self.sources, most) if other.name != source.name]
        return [source, *others]

    def _told(self, chosen: Sequence[Source]) -> Iterator[str]:
        for done, source in enumerate(chosen, start=1):
            yield source.opened_as
            self.progress("sampling", done, len(chosen))
