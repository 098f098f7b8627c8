"""Numbering labels as classes; names decide, as files may number a class differently."""

import logging
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from harma.data.rows import Annotation

logger = logging.getLogger(__name__)

T = TypeVar("T")
Labels = tuple[NDArray[np.int64] | None, tuple[str, ...]]


def number_labels(rows: Sequence[Annotation]) -> Labels:
    """Class numbers of images, and the names of the classes.

    Names decide where every row has one, because several files may number the same class
    differently: the files' numbers stay if they agree with the names one to one, else classes are
    numbered by sorted name. Without names the files' numbers are taken.

    Args:
        rows: one for each image, N.

    Returns:
        int64 (N,) and names with index = number; None and () if a row has neither name nor number.
    """
    given_numbers = [row.label for row in rows]
    names = _known([row.label_name for row in rows])
    numbers = _known(given_numbers)
    if not names and not numbers:
        return None, ()
    if len(names) == len(rows):
        return _by_name(names, given_numbers)
    if len(numbers) == len(rows):
        return _as_array(numbers), tuple(str(number) for number in range(max(numbers) + 1))
    # Images without a class would be a class of their own to a loss that goes by labels.
    logger.warning("only some images of %s have labels: none are used", rows[0].place.file)
    return None, ()


def _known(values: Sequence[T | None]) -> list[T]:
    return [value for value in values if value is not None]


def _by_name(names: Sequence[str], numbers: Sequence[int | None]) -> Labels:
    name_of = _given_numbering(names, numbers) or dict(enumerate(sorted(set(names))))
    number_of = {name: number for number, name in name_of.items()}
    labels = [number_of[name] for name in names]
    # The files' numbers may leave some out: those classes have no name.
    return _as_array(labels), tuple(name_of.get(number, "") for number in range(max(labels) + 1))


def _given_numbering(names: Sequence[str], numbers: Sequence[int | None]) -> dict[int, str] | None:
    """Number → name as the files have it, or None where the two do not go one to one."""
    pairs = set(zip(numbers, names, strict=True))
    name_of = {number: name for number, name in pairs if number is not None}
    if len(pairs) == len(name_of) == len(set(names)):
        return name_of
    return None


def _as_array(labels: Sequence[int]) -> NDArray[np.int64]:
    return np.array(labels, dtype=np.int64)
