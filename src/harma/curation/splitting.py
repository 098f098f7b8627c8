"""Dividing a data set into train, val and test so that no image has a copy on another side."""

from collections.abc import Sequence

import numpy as np

from harma.data.description import SPLITS
from harma.errors import ConfigError


def divide(
    groups: Sequence[Sequence[int]],
    labels: Sequence[str | None],
    ratios: Sequence[float],
    seed: int,
) -> list[str]:
    """Give every image to a split; groups stay together, labels are spread evenly.

    Groups are dealt in random order, the large ones first, each to the split that lacks most of its
    label. The last images of a label, of which every split lacks less than one, go where most is
    lacking in all.

    Args:
        groups: of images 0 … N-1, each image in one group.
        labels: (N,) label of each image, or None.
        ratios: of train, val and test; they sum to 1.
        seed: of the order.

    Returns:
        (N,) split of each image.

    Raises:
        ConfigError: the ratios or the seed are not usable, or a split would stay empty.
    """
    if (
        len(ratios) != len(SPLITS)
        or not abs(sum(ratios) - 1) <= 1e-6
        or min(ratios) < 0
        or ratios[0] == 0
    ):
        shown = " ".join(f"{ratio:g}" for ratio in ratios)
        raise ConfigError(
            f"ratios are {shown}; give three shares for train, val and test that sum to 1: 0.8"
            " 0.1 0.1"
        )
    if seed < 0:
        raise ConfigError(f"seed is {seed}; it must be 0 or more")
    rng = np.random.default_rng(seed)
    order = sorted(rng.permutation(len(groups)).tolist(), key=lambda g: -len(groups[g]))
    wanted = np.array(ratios)
    totals: dict[str | None, int] = {}
    for label in labels:
        totals[label] = totals.get(label, 0) + 1
    given = {label: np.zeros(len(SPLITS)) for label in totals}
    in_all = np.zeros(len(SPLITS))
    result = [""] * len(labels)
    for g in order:
        label = _label_of([labels[i] for i in groups[g]])
        lacks = np.round(wanted * totals[label] - given[label], 6)
        lacks_in_all = wanted * len(labels) - in_all
        # What is left is less than an image each: then the whole decides, or every label would
        # round the same way.
        best = int(
            np.argmax(lacks if lacks.max() >= 1 else np.where(lacks > 0, lacks_in_all, -np.inf))
        )
        for i in groups[g]:
            result[i] = SPLITS[best]
            given[labels[i]][best] += 1
        in_all[best] += len(groups[g])
    empty = [
        split
        for split, ratio in zip(SPLITS, ratios, strict=True)
        if ratio > 0 and split not in result
    ]
    if empty:
        raise ConfigError(
            f"{len(labels)} images in {len(groups)} groups of copies leave {', '.join(empty)}"
            " empty; give larger ratios"
        )
    return result


def _label_of(labels: Sequence[str | None]) -> str | None:
    """The label that most images of a group have, the first of those as frequent."""
    return max(dict.fromkeys(labels), key=labels.count)
