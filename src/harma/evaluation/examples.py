"""Example queries for the report: what was found, right and wrong."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.data.split import Split
from harma.evaluation.retrieval import Embedded, Evaluation
from harma.scenes.rendering import read_rgb

THUMBNAIL_SIDE = 160


@dataclass(frozen=True)
class ExampleResult:
    """One result of a query: an image (as a data URI) or a caption, and its cosine.

    Attributes:
        picture: data URI, or "".
        text: name of the image, or the caption.
        score: cosine.
        right: whether it is the query's own.
        same: whether it is another's, but has the query's words as its caption too, so that it is
            not wrong.
    """

    picture: str
    text: str
    score: float
    right: bool
    same: bool = False


@dataclass(frozen=True)
class Example:
    """A query and its best results; `rank` is where the first right one stands."""

    picture: str
    text: str
    rank: float
    results: tuple[ExampleResult, ...]


def text_examples(
    evaluation: Evaluation, split: Split, *, seed: int = 0, each: int = 2, top: int = 5
) -> list[Example]:
    """Captions and the images they found: some right at once, some found late, some not found."""
    embedded = evaluation.embedded
    if embedded is None:
        return []
    ranks = evaluation.hits.t2i_rank
    captions = varied_queries(ranks, seed, each)
    return [_of_caption(embedded, split, m, float(ranks[m]), top) for m in captions]


def image_examples(
    evaluation: Evaluation, split: Split, *, seed: int = 0, each: int = 1, top: int = 5
) -> list[Example]:
    """Images and the captions they found, as `text_examples`."""
    embedded = evaluation.embedded
    if embedded is None:
        return []
    ranks = evaluation.hits.i2t_rank
    images = varied_queries(ranks, seed, each)
    return [_of_image(embedded, split, n, float(ranks[n]), top) for n in images]


def varied_queries(ranks: NDArray[np.float64], seed: int, each: int) -> list[int]:
    """Some queries at rank 1, some from 2 to 10, and the worst beyond, `each` of either kind."""
    rng = np.random.default_rng(seed)
    # Drawn, not the first of them: images of one class often stand together in a file.
    at_once = np.flatnonzero(ranks < 2)
    late = np.flatnonzero((ranks >= 2) & (ranks <= 10))
    worst_first = np.argsort(-ranks, kind="stable")
    worst = worst_first[ranks[worst_first] > 10]
    chosen: list[int] = []
    for group in (rng.permutation(at_once), rng.permutation(late), worst):
        chosen += group[:each].tolist()
    return chosen


def _of_caption(embedded: Embedded, split: Split, caption: int, rank: float, top: int) -> Example:
    # Captions of the same words are embedded once, and share a column.
    column = embedded.captions.text[caption]
    scores = embedded.images @ embedded.texts[column]
    owner = int(split.caption_to_image[caption])
    # Images with the very same caption are no wrong results, whatever strict recall says.
    same = images_having(embedded, caption) - {owner}
    results = tuple(
        ExampleResult(
            picture=thumbnail(split, n),
            text=split.images[n].name,
            score=float(scores[n]),
            right=n == owner,
            same=n in same,
        )
        for n in np.argsort(-scores, kind="stable")[:top].tolist()
    )
    return Example(thumbnail(split, owner), split.captions[caption], rank, results)


def _of_image(embedded: Embedded, split: Split, image: int, rank: float, top: int) -> Example:
    scores = embedded.texts @ embedded.images[image]
    captions = embedded.captions
    right = set(captions.text[captions.image == image].tolist())
    results = tuple(
        ExampleResult("", embedded.distinct[column], float(scores[column]), column in right)
        for column in np.argsort(-scores, kind="stable")[:top].tolist()
    )
    return Example(thumbnail(split, image), split.images[image].name, rank, results)


def images_having(embedded: Embedded, caption: int) -> set[int]:
    """The images that have a caption's words: its own, and others where captions are identical."""
    pairs = embedded.captions
    return set(pairs.pair_image[pairs.pair_column == pairs.text[caption]].tolist())


def thumbnail(split: Split, image: int) -> str:
    """A small JPEG of an image as a data URI."""
    picture = read_rgb(split.images[image], split.reading)
    # Inside the page, which is one file without requests to elsewhere; so it must be small.
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
