"""Facts of an index's sources for `info`: bands shown and how many were guessed, sensors, age."""

from collections import Counter
from collections.abc import Iterable

from harma.index.records import SourceRecord


def counted_bands(sources: Iterable[SourceRecord]) -> str:
    """How many sources are shown in which bands, such as "3,2,1: 12 (2 guessed)", most first.

    Args:
        sources: of an index; those that could not be read say nothing of bands.
    """
    chosen: Counter[str] = Counter()
    guessed: Counter[str] = Counter()
    for source in sources:
        if source.bands:
            chosen[source.bands] += 1
            guessed[source.bands] += source.is_guess
    told = []
    for bands, count in chosen.most_common():
        text = f"{bands}: {count:,}"
        if guessed[bands]:
            text += f" ({guessed[bands]:,} guessed)"
        told.append(text)
    return "; ".join(told)


def counted_sensors(sources: Iterable[SourceRecord]) -> str:
    """How many sources are of which sensor, such as "landsat-8: 3; not known: 2", most first.

    Args:
        sources: of an index; those that could not be read are of none.
    """
    sensors = Counter(source.sensor or "not known" for source in sources if source.bands)
    return "; ".join(f"{sensor}: {count:,}" for sensor, count in sensors.most_common())


def last_added(sources: Iterable[SourceRecord]) -> str:
    """When the last source came in, in UTC, such as "2026-11-26 15:40"; "not known" of old indexes.

    Args:
        sources: of an index.
    """
    moments = [source.added for source in sources if source.added is not None]
    if not moments:
        return "not known"
    return f"{max(moments):%Y-%m-%d %H:%M} UTC"
