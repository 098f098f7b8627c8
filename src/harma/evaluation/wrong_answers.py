"""Confusions: the best wrong result of every query, labels mixed up, pairs that are hardest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.data.split import Split
from harma.evaluation.breakdown import label_names
from harma.evaluation.retrieval import BLOCK_ELEMENTS, Embedded

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class WrongHits:
    """The best wrong result of every query.

    An image is not wrong for a caption that it has too (identical captions).

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

    def most(self, count: int = 10) -> list[tuple[str, str, int, int]]:
        """The most frequent mix-ups of two labels.

        Returns:
            For each the query's label, the result's, how often, and queries of the query's label.
        """
        between = self._between()
        order = np.argsort(-between, axis=None, kind="stable")[:count]
        rows, columns = np.unravel_index(order, between.shape)
        return [
            (self.names[i], self.names[j], int(between[i, j]), int(self.queries[i]))
            for i, j in zip(rows, columns, strict=True)
            if between[i, j]
        ]

    def most_confused(self, count: int) -> "Confusion":
        """The part with the labels mixed up with others most often, in the order of labels."""
        between = self._between()
        involved = between.sum(axis=0) + between.sum(axis=1)
        chosen = np.sort(np.argsort(-involved, kind="stable")[:count])
        # Queries stay those of the whole, so that shares of a row mean what they did.
        names = tuple(self.names[i] for i in chosen)
        return Confusion(names, self.counts[np.ix_(chosen, chosen)], self.queries[chosen])

    def _between(self) -> Ints:
        """The counts without those within a label."""
        # Within a label the scene was of the right kind, only not the right one.
        between = self.counts.copy()
        np.fill_diagonal(between, 0)
        return between


def wrong_hits(embedded: Embedded) -> WrongHits:
    """Find the best wrong result of every query, a block of similarities at a time."""
    captions = embedded.captions
    image, image_score = _best_others(
        embedded.texts, embedded.images, captions.pair_column, captions.pair_image
    )
    text, text_score = _best_others(
        embedded.images, embedded.texts, captions.pair_image, captions.pair_column
    )
    # Of each caption with its own image, and of each image with the best of its captions.
    own_score = np.einsum(
        "me,me->m", embedded.texts[captions.text], embedded.images[captions.image]
    )
    best_own = np.full(captions.num_images, -np.inf, dtype=np.float32)
    np.maximum.at(best_own, captions.image, own_score)
    return WrongHits(
        image=image[captions.text],
        t2i_margin=image_score[captions.text] - own_score,
        text=text,
        i2t_margin=text_score - best_own,
    )


def _best_others(
    rows: Floats, columns: Floats, pair_row: Ints, pair_column: Ints
) -> tuple[Ints, Floats]:
    """The best column of each row that is no pair of it, and its cosine.

    Where every column is one: -1 and -inf.
    """
    best = np.full(len(rows), -1, dtype=np.int64)
    score = np.full(len(rows), -np.inf, dtype=np.float32)
    size = max(1, BLOCK_ELEMENTS // len(columns))
    for start in range(0, len(rows), size):
        block = rows[start : start + size] @ columns.T
        # What belongs to the row cannot be wrong for it.
        within = (pair_row >= start) & (pair_row < start + size)
        block[pair_row[within] - start, pair_column[within]] = -np.inf
        highest = block.argmax(axis=1)
        reached = block[np.arange(len(block)), highest]
        best[start : start + size] = np.where(np.isfinite(reached), highest, -1)
        score[start : start + size] = reached
    return best, score


def labels_of_texts(embedded: Embedded, labels: Ints) -> Ints:
    """The label of each distinct caption (U,); of several images' caption that of the first."""
    first = np.zeros(len(embedded.texts), dtype=np.int64)
    # Backwards, so that the first image is written last.
    first[embedded.captions.text[::-1]] = embedded.captions.image[::-1]
    return labels[first]


def confusions(
    wrong: WrongHits, embedded: Embedded, split: Split
) -> tuple[Confusion, Confusion] | None:
    """Count the labels of wrong results that stand first; None without labels.

    Returns:
        Text to image, and image to text.
    """
    if split.labels is None:
        return None
    names = label_names(split)
    known = np.array(list(names))
    # Numbers of labels may have gaps; rows and columns of the matrix have none.
    of_image = np.searchsorted(known, split.labels)
    of_text = np.searchsorted(known, labels_of_texts(embedded, split.labels))
    of_caption = of_image[split.caption_to_image]
    t2i = _count(of_caption, of_image, wrong.image, wrong.t2i_margin, len(names))
    i2t = _count(of_image, of_text, wrong.text, wrong.i2t_margin, len(names))
    shown = tuple(names.values())
    return (
        Confusion(shown, t2i, np.bincount(of_caption, minlength=len(names))),
        Confusion(shown, i2t, np.bincount(of_image, minlength=len(names))),
    )


def _count(query: Ints, answer: Ints, wrong: Ints, margin: Floats, num_labels: int) -> Ints:
    """Queries whose best wrong answer stands before the right one, by the labels of both (C, C)."""
    missed = margin > 0
    counts = np.zeros((num_labels, num_labels), dtype=np.int64)
    np.add.at(counts, (query[missed], answer[wrong[missed]]), 1)
    return counts


def hardest(wrong: WrongHits, split: Split, most: int = 8) -> Sequence[int]:
    """Captions whose best wrong image stands farthest before their own, each image shown once."""
    chosen: list[int] = []
    shown: set[int] = set()
    for caption in np.argsort(-wrong.t2i_margin, kind="stable").tolist():
        if len(chosen) == most or wrong.t2i_margin[caption] <= 0:
            break
        pair = {int(split.caption_to_image[caption]), int(wrong.image[caption])}
        # The same few images would fill the list otherwise.
        if not pair & shown:
            chosen.append(caption)
            shown |= pair
    return chosen
