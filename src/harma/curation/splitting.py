"""Dividing groups of images into train, val and test, or into folds, stratified by class."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from harma.data.description import SPLITS
from harma.errors import ConfigError

# Shares of an image below this are noise of floats.
DECIMALS = 6
# One part judges, one chooses, one trains.
LEAST_FOLDS = 3


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
    _check_ratios(ratios)
    sides = [SPLITS[part] for part in _deal(groups, labels, ratios, seed)]
    empty = [
        split
        for split, ratio in zip(SPLITS, ratios, strict=True)
        if ratio > 0 and split not in sides
    ]
    if empty:
        raise ConfigError(
            f"{len(labels)} images in {len(groups)} groups of copies leave {', '.join(empty)}"
            " empty; give larger ratios"
        )
    return sides


def divide_into_folds(
    groups: Sequence[Sequence[int]], labels: Sequence[str | None], num_folds: int, seed: int
) -> list[int]:
    """Give every image to one of K parts of the same size, as `divide` does.

    Args:
        groups: of images 0 … N-1, each image in one group.
        labels: (N,) label of each image, or None.
        num_folds: K.
        seed: of the order.

    Returns:
        (N,) part of each image, from 0.

    Raises:
        ConfigError: there are too few folds to train, choose and judge with, the seed is not
            usable, or a part would stay empty.
    """
    if num_folds < LEAST_FOLDS:
        raise ConfigError(
            f"folds are {num_folds}; give {LEAST_FOLDS} or more: one part judges, another one"
            " chooses, and the others train"
        )
    parts = _deal(groups, labels, [1 / num_folds] * num_folds, seed)
    if len(set(parts)) < num_folds:
        raise ConfigError(
            f"{len(labels)} images in {len(groups)} groups of copies do not fill {num_folds} folds;"
            " give fewer"
        )
    return parts


def _deal(
    groups: Sequence[Sequence[int]],
    labels: Sequence[str | None],
    ratios: Sequence[float],
    seed: int,
) -> list[int]:
    """The part of each image: groups in random order, the large ones first: (N,)."""
    if seed < 0:
        raise ConfigError(f"seed is {seed}; it must be 0 or more")
    shuffled = np.random.default_rng(seed).permutation(len(groups)).tolist()
    # Large groups first: small ones then fill what these leave.
    order = sorted(shuffled, key=lambda index: -len(groups[index]))
    dealing = _Dealing(labels, ratios)
    parts = [0] * len(labels)
    for index in order:
        part = dealing.give(groups[index])
        for image in groups[index]:
            parts[image] = part
    return parts


def _check_ratios(ratios: Sequence[float]) -> None:
    """Raise if these are no three shares of a whole, of which train has some."""
    usable = (
        len(ratios) == len(SPLITS)
        and abs(sum(ratios) - 1) <= 1e-6  # no number is not within it
        and min(ratios) >= 0
        and ratios[0] > 0
    )
    if not usable:
        shown = " ".join(f"{ratio:g}" for ratio in ratios)
        raise ConfigError(
            f"ratios are {shown}; give three shares for train, val and test that sum to 1: 0.8"
            " 0.1 0.1"
        )


class _Dealing:
    """How many images of each label every part has, and how many it should have."""

    def __init__(self, labels: Sequence[str | None], ratios: Sequence[float]) -> None:
        self.labels = labels
        self.ratios = np.array(ratios)
        self.totals = Counter(labels)
        self.given = {label: np.zeros(len(ratios)) for label in self.totals}
        self.given_in_all = np.zeros(len(ratios))

    def give(self, group: Sequence[int]) -> int:
        """Choose the part of a group of images, and note it."""
        best = self._neediest([self.labels[image] for image in group])
        for image in group:
            self.given[self.labels[image]][best] += 1
        self.given_in_all[best] += len(group)
        return best

    def _neediest(self, labels: Sequence[str | None]) -> int:
        label = _main_label(labels)
        lacks = np.round(self.ratios * self.totals[label] - self.given[label], DECIMALS)
        if lacks.max() >= 1:
            return int(np.argmax(lacks))
        # What is left is less than an image each: then the whole decides, or every label would
        # round the same way.
        lacks_in_all = self.ratios * len(self.labels) - self.given_in_all
        return int(np.argmax(np.where(lacks > 0, lacks_in_all, -np.inf)))


def _main_label(labels: Sequence[str | None]) -> str | None:
    """The label that most images of a group have, the first of those as frequent."""
    return max(dict.fromkeys(labels), key=labels.count)
