"""One range for all scenes of a kind: what kind a scene is, and the range that it is shown in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from harma.scenes.stretch import Stretch, stretch_between, stretch_of, usable_values
from harma.scenes.stretch_rule import FIXED, SCENE, StretchRule

Item = TypeVar("Item")
# Values of a scene that enter a sample, at most: every scene counts about alike.
SAMPLE_VALUES = 20_000


@dataclass(frozen=True)
class KindRange:
    """The range of all scenes of a kind.

    Attributes:
        kind: as `SceneFacts.kind`.
        stretch: values that become 0 and 255.
    """

    kind: str
    stretch: Stretch


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
    if is_by_kind(rule):
        for known in ranges:
            if known.kind == kind:
                return known.stretch
    values, valid = look()
    return stretch_of(values, valid, rule.percentiles, each=rule.each)


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


def range_of_sample(
    kind: str, values: Sequence[NDArray[np.float64]], rule: StretchRule
) -> KindRange:
    """The range of a kind, from values of some of its scenes, (bands, n) each."""
    together = np.concatenate(values, axis=1)
    return KindRange(kind, stretch_between(together, rule.percentiles, each=rule.each))
