"""Recall by label and by term, with how many queries each is of and how sure it is."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.curation.vocabulary.counting import terms_of
from harma.data.split import Split
from harma.evaluation.retrieval import Evaluation

CUTS = (1, 5, 10)


@dataclass(frozen=True)
class Recall:
    """Strict recall of some queries in one direction.

    Attributes:
        at: percent at 1, 5 and 10; NaN without queries.
        num_queries: how many queries.
        num_images: how many images they are of.
        intervals: 95% interval of each of `at`, by Wilson (1927). It counts images, not captions:
            the captions of one image are found or missed together, so they are no independent
            draws.
    """

    at: tuple[float, float, float]
    num_queries: int
    num_images: int
    intervals: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class LabelRecall:
    """Recall of the images of a label and of their captions."""

    label: str
    i2t: Recall
    t2i: Recall


@dataclass(frozen=True)
class TermRecall:
    """Recall of the captions that have a term."""

    term: str
    t2i: Recall


def wilson(share: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share (0 to 1) that was seen in `count` draws (Wilson 1927); (0, 1) without draws."""
    if count == 0:
        return 0.0, 1.0
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = (
        z
        / (1 + z * z / count)
        * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    )
    return max(0.0, middle - half), min(1.0, middle + half)


def recall_of(hits: NDArray[np.float64], images: NDArray[np.int64]) -> Recall:
    """Recall of queries.

    Args:
        hits: (Q, 3) chance of a hit at 1, 5, 10.
        images: (Q,) the image each query is of.
    """
    if len(hits) == 0:
        return Recall((math.nan,) * 3, 0, 0, ((0.0, 100.0),) * 3)
    num_images = len(np.unique(images))
    shares = np.clip(hits.mean(axis=0), 0, 1)
    intervals = tuple(
        (100 * low, 100 * high) for low, high in (wilson(float(s), num_images) for s in shares)
    )
    at = (100 * float(shares[0]), 100 * float(shares[1]), 100 * float(shares[2]))
    return Recall(at, len(hits), num_images, intervals)


def label_names(split: Split) -> dict[int, str]:
    """Number → name of the labels that images of the split have; {} without labels."""
    if split.labels is None:
        return {}
    present = sorted(set(split.labels.tolist()))
    return {i: split.label_names[i] if 0 <= i < len(split.label_names) else str(i) for i in present}


def by_label(evaluation: Evaluation, split: Split) -> tuple[LabelRecall, ...]:
    """Recall of each label's images and captions, in the order of labels; () without labels."""
    labels: Any = split.labels
    names = label_names(split)
    of_caption = labels[split.caption_to_image] if names else None
    numbers = np.arange(split.num_images)
    return tuple(
        LabelRecall(
            name,
            recall_of(evaluation.hits.i2t[labels == label], numbers[labels == label]),
            recall_of(
                evaluation.hits.t2i[of_caption == label],
                split.caption_to_image[of_caption == label],
            ),
        )
        for label, name in names.items()
    )


def by_term(
    evaluation: Evaluation,
    split: Split,
    *,
    most: int = 30,
    min_images: int = 10,
    pairs: bool = False,
) -> tuple[TermRecall, ...]:
    """Recall of the captions that have a term, the best term first.

    The terms are the most frequent, not the best and the worst of all: among many rare terms the
    extremes are chance.

    Args:
        evaluation: what the captions found.
        split: the captions.
        most: terms.
        min_images: a term of captions of fewer images is left out.
        pairs: also take terms of two words.

    Raises:
        MissingDependencyError: simplemma is not installed.
    """
    having = _captions_of_terms(split.captions, pairs)
    recalls = [
        TermRecall(term, recall_of(evaluation.hits.t2i[rows], split.caption_to_image[rows]))
        for term, rows in sorted(having.items(), key=lambda item: (-len(item[1]), item[0]))
        if len(rows) >= min_images and len(np.unique(split.caption_to_image[rows])) >= min_images
    ]
    return tuple(sorted(recalls[:most], key=lambda found: (-found.t2i.at[2], found.term)))


def _captions_of_terms(captions: Sequence[str], pairs: bool) -> dict[str, list[int]]:
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, caption in enumerate(captions):
        for term in terms_of(caption, pairs=pairs):
            rows[term].append(row)
    return rows
