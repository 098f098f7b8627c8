"""Recall by label and by term, with how many queries each is of and its Wilson interval."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.curation.vocabulary.counting import terms_of
from harma.data.split import Split
from harma.evaluation.retrieval import Evaluation


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
    """The interval of a share (0 to 1) seen in `count` draws (Wilson 1927); (0, 1) without draws.

    (p + z²/2n ± z √(p (1 − p)/n + z²/4n²)) / (1 + z²/n), cut to 0 and 1.
    """
    if count == 0:
        return 0.0, 1.0
    squared = z * z / count
    middle = (share + squared / 2) / (1 + squared)
    root = math.sqrt(share * (1 - share) / count + squared / (4 * count))
    half = z * root / (1 + squared)
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
    # A mean of chances may end a rounding error above 1, where Wilson's root has no value.
    at_1, at_5, at_10 = np.clip(hits.mean(axis=0), 0, 1).tolist()
    intervals = []
    for share in (at_1, at_5, at_10):
        low, high = wilson(share, num_images)
        intervals.append((100 * low, 100 * high))
    at = (100 * at_1, 100 * at_5, 100 * at_10)
    return Recall(at, len(hits), num_images, tuple(intervals))


def label_names(split: Split) -> dict[int, str]:
    """Number → name of the labels that images of the split have; {} without labels."""
    if split.labels is None:
        return {}
    names = {}
    for label in sorted(set(split.labels.tolist())):
        # Annotations may number labels without naming them; the number stands for the name.
        named = 0 <= label < len(split.label_names)
        names[label] = split.label_names[label] if named else str(label)
    return names


def by_label(evaluation: Evaluation, split: Split) -> tuple[LabelRecall, ...]:
    """Recall of each label's images and captions, in the order of labels; () without labels."""
    if split.labels is None:
        return ()
    of_caption = split.labels[split.caption_to_image]
    recalls = []
    for label, name in label_names(split).items():
        images = np.flatnonzero(split.labels == label)
        captions = np.flatnonzero(of_caption == label)
        i2t = recall_of(evaluation.hits.i2t[images], images)
        t2i = recall_of(evaluation.hits.t2i[captions], split.caption_to_image[captions])
        recalls.append(LabelRecall(name, i2t, t2i))
    return tuple(recalls)


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
    captions_by_term = _captions_of_terms(split.captions, pairs)
    # Of terms that are as frequent the first by the alphabet, so that the list is the same again.
    frequent_first = sorted(captions_by_term.items(), key=lambda item: (-len(item[1]), item[0]))
    recalls: list[TermRecall] = []
    for term, captions in frequent_first:
        if len(recalls) == most:
            break
        images = split.caption_to_image[captions]
        if len(np.unique(images)) >= min_images:
            recalls.append(TermRecall(term, recall_of(evaluation.hits.t2i[captions], images)))
    return tuple(sorted(recalls, key=lambda recall: (-recall.t2i.at[2], recall.term)))


def _captions_of_terms(captions: Sequence[str], pairs: bool) -> dict[str, list[int]]:
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, caption in enumerate(captions):
        for term in terms_of(caption, pairs=pairs):
            rows[term].append(row)
    return rows
