"""A sample of scenes: some of many are looked at for the range that all of a kind are shown in."""

from collections.abc import Iterable
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from harma.errors import HarmaError
from harma.scenes.ranges import KindRange, ranges_of_sample, sampled_values
from harma.scenes.raster import open_scene
from harma.scenes.readers import BandReader
from harma.scenes.reading import Reading
from harma.scenes.upright import UprightReader

# Kind → values (bands, n) of each of its scenes.
Sample = dict[str, list[NDArray[np.float64]]]


def sample_ranges(sources: Iterable[str], reading: Reading) -> tuple[KindRange, ...]:
    """The range of each kind of scene, from all of some scenes.

    Args:
        sources: paths or addresses. What cannot be read is passed over: whoever needs it says so.
        reading: how they are read; ranges that it knows already are not looked for.
    """
    known = {one.kind for one in reading.ranges}
    sample: Sample = {}
    for source in sources:
        with suppress(HarmaError, OSError):
            _look(source, reading, known, sample)
    ranges: list[KindRange] = []
    for kind, values in sample.items():
        ranges += ranges_of_sample(kind, values, reading.stretch)
    return tuple(ranges)


def _look(source: str, reading: Reading, known: set[str], sample: Sample) -> None:
    """Add values of a scene to the sample of its kind."""
    with open_scene(source, reading, survey=True) as scene:
        kind = scene.facts.kind
        reader = scene.reader
        # What is shown north up has the values that it has.
        if isinstance(reader, UprightReader):
            reader = reader.inner
        if not kind or kind in known or not isinstance(reader, BandReader):
            return
        values = sampled_values(reader.glance())
    if values.size:
        sample.setdefault(kind, []).append(values)
