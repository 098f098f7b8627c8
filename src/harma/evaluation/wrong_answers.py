"""The best wrong result of every query: which labels are mixed up, and which pairs are hardest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.data.split import Split
from harma.evaluation.breakdown import label_names
from harma.evaluation.retrieval import BLOCK_ELEMENTS, Embedded

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class WrongHits:
    """The best wrong result of every query. An image is not wrong for a caption that it has too (identical captions).

    Attributes:
        image: (M,) best wrong image of each caption; -1 where no image is wrong.
        t2i_margin: (M,) its cosine minus that of the caption's own image; above 0 it stands before
            it.
        text: (N,) best wrong distinct caption of each image; -1 where none is wrong.
        i2t_margin: (N,) its cosine minus that of the image's best own caption.
    """

    image: Ints
    t2i_margin: Floats
    text: Ints
    i2t_margin: Floats


@dataclass(frozen=True, eq=False)
class Confusion:
    """Labels of what stands before the right result, in one direction.

    Attributes:
        names: (C,) labels.
        counts: (C, C) queries of label i (row) with a wrong result of label j ranked first.
        queries: (C,) queries of each label, found or not.
    """

    names: tuple[str, ...]
    counts: Ints
    queries: Ints

    def most(self, number: int = 10) -> list[tuple[str, str, int, int]]:
        """The most frequent mix-ups of two labels: the query's, the result's, how often, queries of the label."""
        between = self._between()
        order = np.argsort(-between, axis=None, kind="stable")[:number]
        rows, columns = np.unravel_index(order, between.shape)
        return [
            (self.names[i], self.names[j], int(between[i, j]), int(self.queries[i]))
            for i, j in zip(rows, columns, strict=True)
            if between[i, j]
        ]

    def most_confused(self, number: int) -> "Confusion":
        """The part of it with the labels that are mixed up with others most often, in the order of labels."""
        between = self._between()
        involved = between.sum(axis=0) + between.sum(axis=1)
        chosen = np.sort(np.argsort(-involved, kind="stable")[:number])
        names = tuple(self.names[i] for i in chosen)
        return Confusion(names, self.counts[np.ix_(chosen, chosen)], self.queries[chosen])

    def _between(self) -> Ints:
        between = self.counts.copy()
        np.fill_diagonal(between, 0)
        return between


def wrong_hits(embedded: Embedded) -> WrongHits:
    """Find the best wrong result of every query, a block of similarities at a time."""
    captions = embedded.captions
    of_text, score = _best_others(
        embedded.texts, embedded.images, captions.pair_column, captions.pair_image
    )
    own = np.einsum("me,me->m", embedded.texts[captions.text], embedded.images[captions.image])
    of_image, text_score = _best_others(
        embedded.images, embedded.texts, captions.pair_image, captions.pair_column
    )
    best_own = np.full(captions.num_images, -np.inf, dtype=np.float32)
    np.maximum.at(best_own, captions.image, own)
    return WrongHits(
        of_text[captions.text], score[captions.text] - own, of_image, text_score - best_own
    )


def _best_others(
    rows: Floats, columns: Floats, pair_row: Ints, pair_column: Ints
) -> tuple[Ints, Floats]:
    """The best column of each row that is no pair of it, and its cosine; (-1, -inf) where all are."""
    best, score = (
        np.full(len(rows), -1, dtype=np.int64),
        np.full(len(rows), -np.inf, dtype=np.float32),
    )
    size = max(1, BLOCK_ELEMENTS // len(columns))
    for start in range(0, len(rows), size):
        block = rows[start : start + size] @ columns.T
        within = (pair_row >= start) & (pair_row < start + size)
        block[pair_row[within] - start, pair_column[within]] = -np.inf
        found = block.argmax(axis=1)
        reached = block[np.arange(len(block)), found]
        best[start : start + size] = np.where(np.isfinite(reached), found, -1)
        score[start : start + size] = reached
    return best, score


def labels_of_texts(embedded: Embedded, labels: Ints) -> Ints:
    """The label of each distinct caption (U,); one that several images share has that of the first of them."""
    first = np.zeros(len(embedded.texts), dtype=np.int64)
    first[embedded.captions.text[::-1]] = embedded.captions.image[::-1]
    return labels[first]


def confusions(
    wrong: WrongHits, embedded: Embedded, split: Split
) -> tuple[Confusion, Confusion] | None:
    """Count the labels of wrong results that stand first, text to image and image to text; None without labels."""
    names = label_names(split)
    if not names or split.labels is None:
        return None
    known = np.array(list(names))
    of_image = np.searchsorted(known, split.labels)
    of_text = np.searchsorted(known, labels_of_texts(embedded, split.labels))
    return (
        _count(
            tuple(names.values()),
            of_image[split.caption_to_image],
            of_image,
            wrong.image,
            wrong.t2i_margin,
        ),
        _count(tuple(names.values()), of_image, of_text, wrong.text, wrong.i2t_margin),
    )


def _count(
    names: tuple[str, ...], query: Ints, answer: Ints, found: Ints, margin: Floats
) -> Confusion:
    missed = margin > 0
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, (query[missed], answer[found[missed]]), 1)
    return Confusion(names, counts, np.bincount(query, minlength=len(names)))


def hardest(wrong: WrongHits, split: Split, number: int = 8) -> Sequence[int]:
    """Captions whose best wrong image stands farthest before their own, each image shown once: ≤ `number` captions."""
    chosen: list[int] = []
    shown: set[int] = set()
    for caption in np.argsort(-wrong.t2i_margin, kind="stable"):
        pair: Any = {int(split.caption_to_image[caption]), int(wrong.image[caption])}
        if len(chosen) == number or not wrong.t2i_margin[caption] > 0:
            break
        if not pair & shown:
            chosen.append(int(caption))
            shown |= pair
    return chosen
