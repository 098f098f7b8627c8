"""From what is looked for to one vector: texts, pictures, chips, examples to be like and unlike."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.errors import NotFoundError, QueryError
from harma.index.ask import CHIP_PREFIX, Chip, Example, Picture, Query, Text, Vector
from harma.index.contract import StoreReader
from harma.index.embedder import PictureLike, QueryEmbedder
from harma.index.expansion import Expander, Expansion
from harma.index.refine import refine
from harma.index.schema import embeddings_of, quoted
from harma.index.snapshot import Snapshot
from harma.index.standing import SMALLEST_SAMPLE
from harma.index.tiles import embed_picture
from harma.scenes.rendering import read_seen

logger = logging.getLogger(__name__)

Embedding = NDArray[np.float32]
# How much an example to be like counts, unless a weight is given.
LIKE_WEIGHT = 1.0
# How much one to be unlike counts against it.
UNLIKE_WEIGHT = 0.35
# How much a picture counts beside a text: what is written says what is sought (docs/judging.md).
PICTURE_WEIGHT = 0.2
# A sum of unit vectors that is shorter has no direction to speak of.
SHORTEST_SUM = 1e-3


@dataclass(frozen=True)
class _Part:
    """An example and its weight in the sum, below 0 to be unlike."""

    example: Example
    weight: float


@dataclass(frozen=True)
class _Asked:
    """A query, sorted: what is described, and what was marked.

    Attributes:
        described: texts, and the picture of what should be seen: they add up.
        good: chips, pictures and vectors to be like, with their weights.
        bad: those to be unlike.
    """

    described: list[_Part]
    good: list[_Part]
    bad: list[_Part]


@dataclass(frozen=True, eq=False)
class EmbeddedQuery:
    """A query as vectors, L2-normalised each.

    Attributes:
        vector: what is looked for (E,).
        good: examples to be like (n, E), texts left out.
        bad: examples to be unlike (m, E).
        expanded: what joined its texts, those of which something did.
    """

    vector: Embedding
    good: Embedding
    bad: Embedding
    expanded: tuple[Expansion, ...] = ()


def embed_query(
    model: Callable[[], QueryEmbedder],
    snapshot: Snapshot,
    query: Query,
    expander: Expander | None = None,
) -> EmbeddedQuery:
    """Embed a query.

    Texts, and the picture of what should be seen, describe: their scores add up by their weights,
    texts to be unlike with a minus. Each score counts in standard deviations of the archive's, as
    those of pictures vary more than those of texts and would drown them. Chips, pictures and
    vectors to be like or unlike are marks: they refine what is described (`harma.index.refine`).
    Where nothing is described, the mean of the good ones stands for it, and the bad ones refine it;
    so a query of one example is that example.

    Args:
        model: gives the model; called only when there is something to embed.
        snapshot: of the index, for chips that are named and what its chips look like.
        query: what is looked for.
        expander: joins its short texts by captions that hold their words, unless the query says
            that they stay as typed; None leaves all as typed.

    Raises:
        QueryError: there is nothing to look for, an example cannot be told, or examples cancel out.
        NotFoundError: a chip is not in the index.
    """
    asked = _asked(query)
    is_described = any(part.weight > 0 for part in asked.described)
    if not is_described and not asked.good:
        raise QueryError(
            "there is nothing to look for: give a text, an image or an example to be like"
        )
    if query.expand == "off":
        expander = None
    embedder = _Embedder(model, snapshot.store, expander)
    weights = _weights(asked.described)
    vectors = embedder.all(asked.described)
    good = embedder.all(asked.good)
    bad = embedder.all(asked.bad)
    if not is_described:
        # Nothing says what is sought but the good examples: their mean, as one part.
        of_good = _weights(asked.good)
        weights = np.append(weights, of_good.mean())
        vectors = np.concatenate([vectors, [_direction(of_good @ good)]])
    vector = _direction(_added_up(weights, vectors, snapshot))
    has_marks_beside = len(bad) or (is_described and len(good))
    if has_marks_beside:
        vector = refine(
            vector,
            good,
            bad,
            snapshot.background,
            good_weights=_weights(asked.good),
            bad_weights=_weights(asked.bad),
        )
    return EmbeddedQuery(vector, good, bad, tuple(embedder.expanded))


def marked_chips(query: Query) -> set[str]:
    """Ids of the chips that a query is to be like or unlike."""
    asked = _asked(query)
    examples = [part.example for part in (*asked.good, *asked.bad)]
    return {example.id for example in examples if isinstance(example, Chip)}


def _asked(query: Query) -> _Asked:
    """What is described and what was marked, in the order in which it is embedded."""
    asked = _Asked([], [], [])
    for text in _texts(query):
        asked.described.append(_Part(Text(text), LIKE_WEIGHT))
    _sort_examples(query, asked)
    if query.image is not None:
        picture = _picture(query.image)
        is_beside_text = any(part.weight > 0 for part in asked.described)
        usual = PICTURE_WEIGHT if is_beside_text else LIKE_WEIGHT
        asked.described.append(_Part(picture, picture.weight or usual))
    return asked


def _added_up(weights: Embedding, vectors: Embedding, snapshot: Snapshot) -> Embedding:
    """What is described (E,): the sum by weights, each part's scores alike in spread.

    Args:
        weights: of the parts (n,).
        vectors: their embeddings (n, E).
        snapshot: of the index, whose chips say how scores vary.
    """
    # One part alone needs no measure; a few chips give none.
    if len(weights) > 1 and len(snapshot.sample) >= SMALLEST_SAMPLE:
        spreads = [snapshot.background.spread(vector) for vector in vectors.astype(np.float64)]
        shares = weights / np.array(spreads)
        weights = (shares / np.abs(shares).max()).astype(np.float32)
    total: Embedding = weights @ vectors
    return total


def _sort_examples(query: Query, asked: _Asked) -> None:
    """Put examples to be like and unlike where they belong: texts describe, all else is a mark."""
    for example in _examples("like", query.like):
        parts = asked.described if isinstance(example, Text) else asked.good
        parts.append(_Part(example, example.weight or LIKE_WEIGHT))
    for example in _examples("unlike", query.unlike):
        if isinstance(example, Text):
            asked.described.append(_Part(example, -(example.weight or UNLIKE_WEIGHT)))
        else:
            asked.bad.append(_Part(example, example.weight or LIKE_WEIGHT))


def _weights(parts: Sequence[_Part]) -> Embedding:
    return np.array([part.weight for part in parts], dtype=np.float32)


def _direction(total: Embedding) -> Embedding:
    """A sum, L2-normalised.

    Raises:
        QueryError: it has no direction to speak of.
    """
    norm = float(np.linalg.norm(total))
    if norm < SHORTEST_SUM:
        raise QueryError(
            "the examples to be like and unlike cancel out; leave one out or change its weight"
        )
    return total / np.float32(norm)


def _texts(query: Query) -> Iterable[str]:
    """The texts of a query, of which one may stand alone."""
    if query.text is None:
        return ()
    if isinstance(query.text, str):
        return (query.text,)
    if isinstance(query.text, bytes) or not isinstance(query.text, Iterable):
        raise QueryError(f"a text to look for is a string, not {query.text!r}")
    return query.text


def _picture(image: PictureLike | Picture | Vector) -> Picture | Vector:
    """What `image` is. A string is the name of a file: the parameter says that it is a picture."""
    if isinstance(image, Picture | Vector):
        return image
    if isinstance(image, str) and image.startswith(CHIP_PREFIX) and not Path(image).exists():
        chip = image.removeprefix(CHIP_PREFIX)
        raise QueryError(f"image is {image!r}, a chip; say like=[Chip({chip!r})]")
    return Picture(image)


def _examples(name: str, examples: Sequence[Any]) -> Iterator[Example]:
    """Examples as what they are; see `Query`."""
    if isinstance(examples, str):
        raise QueryError(f"{name} is the text {examples!r}; give a list: {name}=[{examples!r}]")
    for given in examples:
        is_pair = isinstance(given, tuple) and len(given) == 2
        if is_pair and isinstance(given[1], int | float):
            yield replace(_example(name, given[0]), weight=float(given[1]))
        else:
            yield _example(name, given)


def _example(name: str, given: Any) -> Example:
    if isinstance(given, Example):
        return given
    if isinstance(given, str):
        if given.startswith(CHIP_PREFIX):
            logger.warning("%r is looked for as a text; say a chip as Chip(id)", given)
        return Text(given)
    if isinstance(given, np.ndarray) and given.ndim == 1:
        return Vector(given)
    if isinstance(given, int | float | None):
        raise QueryError(
            f"{name} holds {given!r}, which is no example; give a text, Picture, Chip or Vector"
        )
    # A path, a PIL image, pixels: what cannot be read as a picture says so when it is read.
    return Picture(given)


class _Embedder:
    """Embeds the examples of a query.

    Args:
        model: gives the model; called only when there is something to embed.
        store: of the index.
        expander: joins its texts; None leaves them as they are.

    Attributes:
        expanded: what joined the texts that were embedded.
    """

    def __init__(
        self, model: Callable[[], QueryEmbedder], store: StoreReader, expander: Expander | None
    ) -> None:
        self.model = model
        self.store = store
        self.expander = expander
        self.expanded: list[Expansion] = []

    def all(self, parts: Sequence[_Part]) -> Embedding:
        """Embeddings (n, E), L2-normalised each."""
        embed_dim = self.store.settings.embed_dim
        chips = [part.example.id for part in parts if isinstance(part.example, Chip)]
        of_chips = chip_embeddings(self.store, chips)
        vectors = np.empty((len(parts), embed_dim), dtype=np.float32)
        for row, part in enumerate(parts):
            if isinstance(part.example, Chip):
                vector = of_chips[part.example.id]
            else:
                vector = self._embedded(part.example)
            if len(vector) != embed_dim:
                raise QueryError(
                    f"a vector to look for has {len(vector)} numbers, the index's embeddings"
                    f" {embed_dim}; give one of the index's model"
                )
            vectors[row] = vector
        return vectors

    def _embedded(self, example: Text | Picture | Vector) -> Embedding:
        """The embedding of an example (E,), L2-normalised."""
        if isinstance(example, Vector):
            return _unit(np.asarray(example.values, dtype=np.float32))
        if isinstance(example, Text):
            return self._expanded(example.text, self.model().embed_texts([example.text])[0])
        image = example.image
        # The name of a file: a picture is no text, whatever its name looks like.
        if isinstance(image, str | PathLike):
            image = read_seen(image, self.store.settings.reading, as_scene=True)
        settings = self.store.settings
        return embed_picture(
            self.model(), image, settings.tiles, are_values=settings.reading.values is not None
        )

    def _expanded(self, text: str, vector: Embedding) -> Embedding:
        """A text joined by what holds its words, which is noted."""
        if self.expander is None:
            return vector
        vector, expansion = self.expander.expand(text, vector)
        if expansion is not None:
            self.expanded.append(expansion)
        return vector


def chip_embeddings(store: StoreReader, chips: Sequence[str]) -> dict[str, Embedding]:
    """Embeddings (E,) of chips by their ids, L2-normalised, all read at once.

    Raises:
        NotFoundError: a chip is not in the index.
    """
    if not chips:
        return {}
    listed = ", ".join(quoted(chip) for chip in dict.fromkeys(chips))
    rows = store.rows(["id", "embedding"], f"id IN ({listed})")
    embeddings = embeddings_of(rows)
    vectors = {}
    for chip, vector in zip(rows["id"].to_pylist(), embeddings, strict=True):
        vectors[chip] = _unit(vector)
    for chip in chips:
        if chip not in vectors:
            raise NotFoundError(
                f"there is no chip {chip!r} in the index; hits have their ids (--format json)"
            )
    return vectors


def _unit(vector: Embedding) -> Embedding:
    norm = float(np.linalg.norm(vector))
    if not np.isfinite(norm) or norm == 0:
        raise QueryError("a vector to look for is zero or not finite")
    return vector / np.float32(norm)
