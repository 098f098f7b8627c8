"""Hardest negatives for the report: wrong images that stand farthest before the right one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.data.split import Split
from harma.evaluation.breakdown import label_names
from harma.evaluation.examples import thumbnail
from harma.evaluation.retrieval import Embedded
from harma.evaluation.wrong_answers import WrongHits, hardest


@dataclass(frozen=True)
class NegativeSide:
    """One of the two images of a negative.

    Attributes:
        picture: data URI.
        name: of the image.
        label: of the image; "" without labels.
        score: cosine with the caption.
        caption: the image's own caption that fits the query best, to judge whether the wrong image
            is wrong at all.
    """

    picture: str
    name: str
    label: str
    score: float
    caption: str


@dataclass(frozen=True)
class Negative:
    """A caption, its own image, and the wrong image that the model prefers by `margin`."""

    caption: str
    margin: float
    own: NegativeSide
    wrong: NegativeSide


def negatives(wrong: WrongHits, embedded: Embedded, split: Split, most: int = 8) -> list[Negative]:
    """The captions of `hardest` with their two images, the largest margin first.

    Raises:
        DataError: an image cannot be read.
    """
    return [
        Negative(
            caption=split.captions[caption],
            margin=float(wrong.t2i_margin[caption]),
            own=_side(embedded, split, caption, int(split.caption_to_image[caption])),
            wrong=_side(embedded, split, caption, int(wrong.image[caption])),
        )
        for caption in hardest(wrong, split, most)
    ]


def _side(embedded: Embedded, split: Split, caption: int, image: int) -> NegativeSide:
    query = embedded.texts[embedded.captions.text[caption]]
    label = ""
    if split.labels is not None:
        label = label_names(split)[int(split.labels[image])]
    return NegativeSide(
        picture=thumbnail(split, image),
        name=split.images[image].name,
        label=label,
        score=float(embedded.images[image] @ query),
        caption=_nearest_caption(embedded, split, image, query),
    )


def _nearest_caption(
    embedded: Embedded, split: Split, image: int, query: NDArray[np.float32]
) -> str:
    """Of an image's captions the one most like a query embedding (E,); "" where it has none."""
    captions = np.flatnonzero(split.caption_to_image == image)
    if not len(captions):
        return ""
    # The reader judges by it whether the wrong image is wrong at all.
    likeness = embedded.texts[embedded.captions.text[captions]] @ query
    return split.captions[int(captions[np.argmax(likeness)])]
