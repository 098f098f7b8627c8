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
from harma.index.schema import quoted
from harma.scenes.rendering import read_rgb

logger = logging.getLogger(__name__)

Embedding = NDArray[np.float32]
# How much an example to be like counts, unless a weight is given.
LIKE_WEIGHT = 1.0
# How much one to be unlike counts against it.
UNLIKE_WEIGHT = 0.5
# A sum of unit vectors that is shorter has no direction to speak of.
SHORTEST_SUM = 1e-3


@dataclass(frozen=True)
class _Part:
    """An example and its weight in the sum, below 0 to be unlike."""

    example: Example
    weight: float


def query_vector(model: Callable[[], QueryEmbedder], store: StoreReader, query: Query) -> Embedding:
    """Embed a query.

    Args:
        model: gives the model; called only when there is something to embed.
        store: of the index, for chips that are named.
        query: what is looked for.

    Returns:
        (E,), L2-normalised.

    Raises:
        QueryError: there is nothing to look for, an example cannot be told, or examples cancel out.
        NotFoundError: a chip is not in the index.
    """
    parts = list(_parts(query))
    if not any(part.weight > 0 for part in parts):
        raise QueryError(
            "there is nothing to look for: give a text, an image or an example to be like"
        )
    embed_dim = store.settings.embed_dim
    total = np.zeros(embed_dim, dtype=np.float32)
    for part in parts:
        vector = _embedded(model, store, part.example)
        if len(vector) != embed_dim:
            raise QueryError(
                f"a vector to look for has {len(vector)} numbers, the index's embeddings"
                f" {embed_dim}; give one of the index's model"
            )
        total += np.float32(part.weight) * vector
    norm = float(np.linalg.norm(total))
    if norm < SHORTEST_SUM:
        raise QueryError(
            "the examples to be like and unlike cancel out; leave one out or change its weight"
        )
    return total / np.float32(norm)


def _parts(query: Query) -> Iterator[_Part]:
    for text in _texts(query):
        yield _Part(Text(text), LIKE_WEIGHT)
    if query.image is not None:
        picture = _picture(query.image)
        yield _Part(picture, picture.weight or LIKE_WEIGHT)
    for example in _examples("like", query.like):
        yield _Part(example, example.weight or LIKE_WEIGHT)
    for example in _examples("unlike", query.unlike):
        yield _Part(example, -(example.weight or UNLIKE_WEIGHT))


def _texts(query: Query) -> Iterable[str]:
    """The texts of a query, of which one may stand alone."""
    if query.text is None:
        return ()
    if isinstance(query.text, str):
        return (query.text,)
    if isinstance(query.text, bytes) or not isinstance(query.text, Iterable):
        raise QueryError(f"a text to look for is a string, not {query.text!r}")
    return query.text


def _picture(image: PictureLike | Picture) -> Picture:
    """What `image` is. A string is the name of a file: the parameter says that it is a picture."""
    if isinstance(image, Picture):
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


def _embedded(
    model: Callable[[], QueryEmbedder], store: StoreReader, example: Example
) -> Embedding:
    """The embedding of an example (E,), L2-normalised."""
    if isinstance(example, Vector):
        return _unit(np.asarray(example.values, dtype=np.float32))
    if isinstance(example, Chip):
        return _of_chip(store, example.id)
    if isinstance(example, Text):
        embedded: Embedding = model().embed_texts([example.text])[0]
        return embedded
    image = example.image
    # The name of a file: a picture is no text, whatever its name looks like.
    if isinstance(image, str | PathLike):
        image = read_rgb(image, store.settings.reading, as_scene=True)
    picture: Embedding = model().embed_images([image])[0]
    return picture


def _of_chip(store: StoreReader, chip: str) -> Embedding:
    rows = store.rows(["embedding"], f"id = {quoted(chip)}")
    if rows.num_rows == 0:
        raise NotFoundError(f"there is no chip {chip!r} in the index")
    return _unit(np.asarray(rows["embedding"][0].as_py(), dtype=np.float32))


def _unit(vector: Embedding) -> Embedding:
    norm = float(np.linalg.norm(vector))
    if not np.isfinite(norm) or norm == 0:
        raise QueryError("a vector to look for is zero or not finite")
    return vector / np.float32(norm)
