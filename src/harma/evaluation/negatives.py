"""The hardest negatives for the report: wrong images that stand farthest before the right one."""

from dataclasses import dataclass

import numpy as np

from harma.data.split import Split
from harma.evaluation.breakdown import label_names
from harma.evaluation.examples import thumbnail
from harma.evaluation.retrieval import Embedded
from harma.evaluation.wrong_answers import WrongHits, hardest


@dataclass(frozen=True)
class Side:
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
    own: Side
    wrong: Side


def negatives(
    wrong: WrongHits, embedded: Embedded, split: Split, number: int = 8
) -> list[Negative]:
    """The captions of `hardest` with their two images, the largest margin first.

    Raises:
        DataError: an image cannot be read.
    """
    found = []
    for caption in hardest(wrong, split, number):
        sides = [
            _side(embedded, split, caption, int(image))
            for image in (split.caption_to_image[caption], wrong.image[caption])
        ]
        found.append(
            Negative(split.captions[caption], float(wrong.t2i_margin[caption]), sides[0], sides[1])
        )
    return found


def _side(embedded: Embedded, split: Split, caption: int, image: int) -> Side:
    query = embedded.texts[embedded.captions.text[caption]]
    own = np.flatnonzero(split.caption_to_image == image)
    nearest = (
        own[np.argmax(embedded.texts[embedded.captions.text[own]] @ query)] if len(own) else None
    )
    label = label_names(split)[int(split.labels[image])] if split.labels is not None else ""
    return Side(
        thumbnail(split, image),
        split.images[image].name,
        label,
        float(embedded.images[image] @ query),
        "" if nearest is None else split.captions[int(nearest)],
    )
