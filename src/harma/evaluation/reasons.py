"""Why hits were found, for the report: relevance maps of example captions and their first images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from harma.data.images import read_image
from harma.data.split import Split
from harma.evaluation.examples import images_having
from harma.evaluation.relevance import relevance
from harma.evaluation.relevance_picture import overlay
from harma.evaluation.retrieval import Embedded
from harma.ground.drawing import data_uri
from harma.model.embedding import Embedder

# 65 image embeddings a map; a report has three.
REPORT_GRID = 8
SIDE = 224


@dataclass(frozen=True)
class Reason:
    """A caption and the image it found first: the image, the map over it (data URIs), cosine, largest fall.

    `same` as in `harma.evaluation.examples.Found`.
    """

    caption: str
    name: str
    right: bool
    same: bool
    picture: str
    map: str
    cosine: float
    most: float


def reasons(
    model: Embedder,
    embedded: Embedded,
    split: Split,
    captions: Sequence[int],
    *,
    grid: int = REPORT_GRID,
) -> list[Reason]:
    """The maps of captions with the image each found first.

    Raises:
        DataError: an image cannot be read.
    """
    return [_reason(model, embedded, split, caption, grid) for caption in captions]


def _reason(model: Embedder, embedded: Embedded, split: Split, caption: int, grid: int) -> Reason:
    image = int(np.argmax(embedded.images @ embedded.texts[embedded.captions.text[caption]]))
    found = relevance(model, read_image(split.images[image]), split.captions[caption], grid=grid)
    seen = Image.fromarray(found.picture).resize((SIDE, SIDE))
    own = image == int(split.caption_to_image[caption])
    return Reason(
        split.captions[caption],
        split.images[image].name,
        own,
        not own and image in images_having(embedded, caption),
        data_uri(seen),
        data_uri(overlay(found, seen)),
        found.cosine,
        float(found.cells.max()),
    )
