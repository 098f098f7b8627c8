"""One range for all scenes of a kind: what kind a scene is, and the range that it is shown in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from harma.scenes.stretch import Stretch, stretch_between, stretch_of, usable_values
from harma.scenes.stretch_rule import AUTO, FIXED, SCENE, StretchRule

Item = TypeVar("Item")
# Values of a scene that enter a sample, at most: every scene counts about alike.
SAMPLE_VALUES = 20_000
# Of a scene's values: beyond them are outliers.
LEVEL_PERCENTILES = (2, 98)
SMALLEST_LEVEL = 1e-12
# Values so many times as great as others, with none between, have another unit: water is about a
# thirtieth as bright as clouds, and an archive of both has scenes of both.
OTHER_UNIT = 40


@dataclass(frozen=True)
class KindRange:
    """The range of all scenes of a kind.

    Attributes:
        kind: as `SceneFacts.kind`.
        stretch: values that become 0 and 255.
        level: how great values of these scenes are; tells scenes of other units apart, where a kind
            has several ranges.
    """

    kind: str
    stretch: Stretch
    level: float = 0.0


class ThinnedValues(NamedTuple):
    """A thinned-out copy of a scene.

    Attributes:
        values: as measured, (bands, H, W).
        valid: which pixels hold data, (H, W).
    """

    values: NDArray[Any]
    valid: NDArray[np.bool_]


def kind_of(sensor: str, types: Sequence[str], scaling: Sequence[tuple[float, float]]) -> str:
    """What scenes have in common that are shown in one range.

    Args:
        sensor: or "".
        types: of the bands that are shown, by GDAL's names.
        scaling: scale and offset of each of them.
    """
    words = [sensor or "unknown sensor"]
    words += dict.fromkeys(types)
    words.append("1 band" if len(types) == 1 else f"{len(types)} bands")
    for scale, offset in dict.fromkeys(scaling):
        if (scale, offset) != (1.0, 0.0):
            words.append(f"scale {scale:g} offset {offset:g}")
    return ", ".join(words)


def is_by_kind(rule: StretchRule) -> bool:
    """Whether a rule gives all scenes of a kind one range that is taken from a sample of them."""
    return rule.how not in (FIXED, SCENE)


def chosen_stretch(
    rule: StretchRule,
    kind: str,
    ranges: Sequence[KindRange],
    num_bands: int,
    look: Callable[[], ThinnedValues],
) -> Stretch | None:
    """The range that a scene is shown in.

    Args:
        rule: what a person said.
        kind: of the scene.
        ranges: of the kinds that are known.
        num_bands: that are shown.
        look: reads a thinned-out copy; called only where its percentiles are needed.

    Raises:
        DataError: no value is valid.
        ConfigError: the rule does not fit the number of bands.
    """
    if rule.how == FIXED:
        return rule.fixed(num_bands)
    of_kind = [known for known in ranges if known.kind == kind]
    if is_by_kind(rule) and len(of_kind) == 1:
        return of_kind[0].stretch
    thinned = look()
    if is_by_kind(rule) and of_kind:
        return _nearest(of_kind, usable_values(*thinned)).stretch
    return stretch_of(*thinned, rule.percentiles, each=rule.each)


def _nearest(ranges: Sequence[KindRange], values: NDArray[np.float64]) -> KindRange:
    """The one of several ranges whose scenes have values about as great."""
    level = np.log(_level(values))
    return min(ranges, key=lambda known: abs(np.log(known.level) - level))


def _level(values: NDArray[np.float64]) -> float:
    """How great values are, but for outliers; never 0."""
    if not values.size:
        return SMALLEST_LEVEL
    return max(SMALLEST_LEVEL, float(np.abs(np.percentile(values, LEVEL_PERCENTILES)).max()))


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many of some items, evenly spread from the first to the last."""
    if not items:
        return []
    places = np.unique(np.linspace(0, len(items) - 1, most).round().astype(int))
    return [items[place] for place in places]


def sampled_values(look: ThinnedValues) -> NDArray[np.float64]:
    """Values of a scene for a sample: (bands, n) of at most `SAMPLE_VALUES` pixels."""
    values = usable_values(look.values, look.valid)
    step = max(1, -(-values.shape[1] // SAMPLE_VALUES))
    return values[:, ::step]


def ranges_of_sample(
    kind: str, values: Sequence[NDArray[np.float64]], rule: StretchRule
) -> list[KindRange]:
    """The range of a kind, from values of some of its scenes, (bands, n) each.

    Files that say nothing of their unit may be reflectance beside heights beside decibels; in one
    range all but the greatest would be black. Where the sample falls into groups of quite other
    values, each has a range, unless a person asked for one of the archive.
    """
    ordered = sorted(values, key=_level)
    levels = [_level(scene) for scene in ordered]
    groups: list[list[int]] = []
    for place, level in enumerate(levels):
        is_far = place > 0 and level > OTHER_UNIT * levels[place - 1]
        if not groups or (is_far and rule.how == AUTO):
            groups.append([])
        groups[-1].append(place)
    ranges = []
    for group in groups:
        together = np.concatenate([ordered[place] for place in group], axis=1)
        stretch = stretch_between(together, rule.percentiles, each=rule.each)
        middle = levels[group[len(group) // 2]]
        ranges.append(KindRange(kind, stretch, middle))
    return ranges


def told_ranges(ranges: Sequence[KindRange]) -> dict[str, str]:
    """Kind → its range in words, or its ranges."""
    told: dict[str, list[str]] = {}
    for known in ranges:
        told.setdefault(known.kind, []).append(str(known.stretch))
    return {kind: " or ".join(texts) for kind, texts in told.items()}
