"""The ranges of an archive: percentiles over a sample of its scenes, kept in the settings."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harma.errors import HarmaError
from harma.ground.progress import AdvancePart, not_told
from harma.index.contract import StoreWriter
from harma.index.survey import Surveyed
from harma.scenes.ranges import KindRange, range_of_sample, sampled_values
from harma.scenes.raster import Reading, open_scene
from harma.scenes.readers import BandReader
from harma.scenes.sources import Source

# Sources that are looked at, spread over all; of those that a network brings, a few are enough.
LOCAL_SOURCES = 64
REMOTE_SOURCES = 8
# Of each kind that turns up later.
LATER_SOURCES = 16

# Kind → values (bands, n) of each of its scenes.
Sample = dict[str, list[NDArray[np.float64]]]


class ArchiveRanges:
    """The range of each kind of scene, found when the first scene of the kind turns up.

    What is found is in the settings before a chip of that kind is read, and never changes: `add`,
    `reembed` and pictures of hits show all scenes of the kind alike.

    Args:
        store: of the index; nobody else writes it now.
        sources: that are being brought in.
        progress: told of sources that are looked at, as "sampling".
    """

    def __init__(
        self, store: StoreWriter, sources: Sequence[Source], progress: AdvancePart = not_told
    ) -> None:
        self.store = store
        self.sources = sources
        self.progress = progress
        self._has_sampled = False

    def of(self, surveyed: Surveyed) -> tuple[KindRange, ...]:
        """The ranges to read a source with; none where it has no kind."""
        if surveyed.facts is None or not surveyed.facts.kind:
            return ()
        kind = surveyed.facts.kind
        known = _named(self.store.settings.reading.ranges, kind)
        if not known:
            self._learn(surveyed.source)
            known = _named(self.store.settings.reading.ranges, kind)
        return known

    def _learn(self, source: Source) -> None:
        """Look at a sample, and keep the ranges of all kinds in it that were not known."""
        settings = self.store.settings
        reading = settings.reading
        sample = self._sample(source, reading)
        there = {known.kind for known in reading.ranges}
        found = [
            range_of_sample(kind, values, reading.stretch)
            for kind, values in sample.items()
            if kind not in there
        ]
        if found:
            reading = replace(reading, ranges=(*reading.ranges, *found))
            self.store.put_settings(replace(settings, reading=reading))

    def _sample(self, source: Source, reading: Reading) -> Sample:
        sample: Sample = {}
        chosen = self._chosen(source)
        for done, one in enumerate(chosen, start=1):
            try:
                _look(one, reading, sample)
            except (HarmaError, OSError):
                # Whoever reads it says so; a sample goes on without it.
                continue
            finally:
                self.progress("sampling", done, len(chosen))
        return sample

    def _chosen(self, source: Source) -> list[Source]:
        """The source that is to be read, and others spread over all."""
        most = LATER_SOURCES if self._has_sampled else LOCAL_SOURCES
        if source.opened_as.startswith("/vsi"):
            most = min(most, REMOTE_SOURCES)
        self._has_sampled = True
        places = np.unique(np.linspace(0, len(self.sources) - 1, most).round().astype(int))
        spread = [self.sources[place] for place in places]
        return [source, *(other for other in spread if other.name != source.name)]


def _look(source: Source, reading: Reading, sample: Sample) -> None:
    """Add values of a source to the sample of its kind."""
    with open_scene(source.opened_as, reading, survey=True) as scene:
        reader = scene.reader
        if not scene.facts.kind or not isinstance(reader, BandReader):
            return
        values = sampled_values(reader.look())
    if values.size:
        sample.setdefault(scene.facts.kind, []).append(values)


def _named(ranges: Sequence[KindRange], kind: str) -> tuple[KindRange, ...]:
    return tuple(known for known in ranges if known.kind == kind)
