"""Caption memory: the distinct captions of training with their embeddings, found by their words.

A model that was trained on captions knows what is said of a storage tank better than the two words
that somebody types; the captions that hold them can join the query.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harma.curation.vocabulary.lemmas import singular
from harma.data.captions import words_of
from harma.errors import DataError, ModelMismatchError

if TYPE_CHECKING:
    from harma.model.model import HarMA

logger = logging.getLogger(__name__)

Rows = NDArray[np.intp]
MOST_CAPTIONS = 100_000
"""Captions that a memory keeps at most: 100 MB of a model with embeddings of 512 numbers."""
# How far a norm may be from 1: float16 rounds each number by up to 0.0005 of it.
NORM_TOLERANCE = 2e-3


@dataclass(frozen=True, eq=False)
class CaptionMemory:
    """Distinct captions, embedded by a model.

    Attributes:
        captions: N, in the order in which they were first used.
        embeddings: float32 (N, E), L2-normalised up to the rounding of float16, in which they are
            kept.
        model_id: fingerprint of the model that embedded them.

    Raises:
        DataError: there is no caption, an empty one, or one twice, or the embeddings do not fit.
    """

    captions: tuple[str, ...] = field(repr=False)
    embeddings: NDArray[np.float32] = field(repr=False)
    model_id: str

    def __post_init__(self) -> None:
        if not self.captions:
            raise DataError("there is no caption to keep; give one or more")
        if len(set(self.captions)) != len(self.captions):
            raise DataError("a caption is there twice; give each once")
        if not all(caption.strip() for caption in self.captions):
            raise DataError("a caption is empty; leave it out")
        shape = self.embeddings.shape
        if len(shape) != 2 or shape[0] != len(self.captions):
            raise DataError(
                f"embeddings of shape {shape} do not fit {len(self.captions):,} captions"
            )
        norms = np.linalg.norm(self.embeddings, axis=1)
        # Not "> tolerance": a norm that is no number is beside every limit.
        if not (np.abs(norms - 1) <= NORM_TOLERANCE).all():
            raise DataError("embeddings are not numbers, or not of length 1")

    def __len__(self) -> int:
        """N."""
        return len(self.captions)

    def holding(self, words: Iterable[str]) -> Rows:
        """The captions that hold all of these words, in singular or plural.

        Args:
            words: single words, in lower case.

        Returns:
            Rows of `captions` and `embeddings`, ascending; none where there is no word.

        Raises:
            MissingDependencyError: simplemma is not installed.
        """
        lemmas = {singular(word) for word in words}
        rows = [self._rows_of_lemmas.get(lemma, _NO_ROWS) for lemma in lemmas]
        if not rows:
            return _NO_ROWS
        # The rarest first: what they have in common is small soon.
        return reduce(_common, sorted(rows, key=len))

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """The mean of all embeddings (E,): what all captions have in common."""
        mean: NDArray[np.float32] = self.embeddings.mean(axis=0)
        return mean

    @cached_property
    def _rows_of_lemmas(self) -> dict[str, Rows]:
        """The captions that hold a word, by its singular; made when it is first asked for."""
        found: dict[str, list[int]] = defaultdict(list)
        for row, caption in enumerate(self.captions):
            for lemma in {singular(word) for word in words_of(caption)}:
                found[lemma].append(row)
        return {lemma: np.array(rows, dtype=np.intp) for lemma, rows in found.items()}


_NO_ROWS: Rows = np.empty(0, dtype=np.intp)


def _common(rows: Rows, others: Rows) -> Rows:
    common: Rows = np.intersect1d(rows, others, assume_unique=True)
    return common


def remember(
    model: "HarMA", captions: Iterable[str], *, most: int = MOST_CAPTIONS
) -> CaptionMemory:
    """Embed the distinct captions of many.

    Args:
        model: embeds.
        captions: as they were used, equal ones among them.
        most: how many are kept; of more, those that lie evenly in their order, and a warning says
            so.

    Raises:
        DataError: there is no caption.
    """
    # Not at the top: a memory is read without torch.
    from harma.model.embedding import embed_texts
    from harma.model.fingerprint import model_id

    distinct = [caption for caption in dict.fromkeys(captions) if caption.strip()]
    kept = _evenly(distinct, most)
    if len(kept) < len(distinct):
        logger.warning(
            "%s of %s distinct captions are kept, evenly spread in their order: a model keeps no"
            " more",
            f"{len(kept):,}",
            f"{len(distinct):,}",
        )
    embeddings = embed_texts(model, kept, tell_cut=False)
    # Rounded now: a memory is the same before it is written and after it is read.
    rounded = embeddings.astype(np.float16).astype(np.float32)
    return CaptionMemory(tuple(kept), rounded, model_id(model))


def captions_to_save(model: "HarMA") -> CaptionMemory | None:
    """The captions that a model keeps, if they are of its weights as they are now.

    A warning says that they are not: what is saved must fit together.
    """
    from harma.model.fingerprint import model_id

    try:
        captions = model.captions
    except ModelMismatchError as error:
        logger.warning("saved without captions: %s", error)
        return None
    if captions is not None and captions.model_id != model_id(model):
        logger.warning(
            "saved without its %s captions: they were embedded before its weights changed",
            f"{len(captions):,}",
        )
        return None
    return captions


def _evenly(items: Sequence[str], most: int) -> Sequence[str]:
    """Items that lie evenly in their order, `most` at most."""
    if len(items) <= most:
        return items
    # Not the first: those of a data set that is sorted by class would be of its first classes.
    return [items[place * len(items) // most] for place in range(most)]
