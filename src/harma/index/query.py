"""From what is looked for to one vector: texts, pictures, chips, examples to be like and unlike."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.errors import ConfigError
from harma.index.schema import quoted
from harma.index.store import Store
from harma.scenes.sources import SUFFIXES

Vector = NDArray[np.float32]
# How much an example to be unlike counts against one to be like, unless a weight is given.
UNLIKE = 0.5
CHIP = "chip:"


def query_vector(
    model: Any,
    store: Store,
    *,
    text: Any = None,
    image: Any = None,
    like: Sequence[Any] = (),
    unlike: Sequence[Any] = (),
) -> Vector:
    """Embed a query.

    Args:
        model: called only when there is something to embed: a function that gives the model.
        store: of the index, for chips that are named.
        text: a description, or several, which count alike.
        image: a picture (file, PIL image, array), or `chip:ID`.
        like: examples: a text, a picture file or other picture, `chip:ID`, a vector, or (example,
            weight).
        unlike: examples that count against; each weighs half of one in `like` unless a weight is
            given.

    Returns:
        (E,), L2-normalised.

    Raises:
        ConfigError: there is nothing to look for, an example cannot be told, or examples cancel
            out.
    """
    parts: list[tuple[Any, float]] = []
    for value in [text] if isinstance(text, str) else list(text or ()):
        parts.append((_Text(value), 1.0))
    if image is not None:
        # Never a text, whatever the name looks like.
        is_name = isinstance(image, str) and not image.startswith(CHIP)
        parts.append((Path(image) if is_name else image, 1.0))
    parts += [_weighted(example, 1.0) for example in like]
    parts += [
        (example, -weight) for example, weight in (_weighted(example, UNLIKE) for example in unlike)
    ]
    if not any(weight > 0 for _, weight in parts):
        raise ConfigError(
            "there is nothing to look for: give a text, an image or an example to be like"
        )
    vectors = [weight * _embed(model, store, what) for what, weight in parts]
    lengths = {len(vector) for vector in vectors} | {store.settings.embed_dim}
    if len(lengths) > 1:
        raise ConfigError(
            f"a vector to look for has {next(len(v) for v in vectors)} numbers, the index's"
            f" embeddings {store.settings.embed_dim}; give one of the index's"
            " model"
        )
    total: Vector = np.sum(vectors, axis=0)
    norm = float(np.linalg.norm(total))
    if norm < 1e-3:
        raise ConfigError(
            "the examples to be like and unlike cancel out; leave one out or change its weight"
        )
    return total / np.float32(norm)


class _Text(str):
    """A string that is a description for sure, not a file."""

    __slots__ = ()


def _weighted(example: Any, default: float) -> tuple[Any, float]:
    is_pair = (
        isinstance(example, tuple) and len(example) == 2 and isinstance(example[1], int | float)
    )
    what, weight = example if is_pair else (example, default)
    if not 0 < weight < float("inf"):
        raise ConfigError(f"the weight of {what!r} is {weight}; it must be greater than 0")
    return what, float(weight)


def _embed(model: Any, store: Store, what: Any) -> Vector:
    """The embedding of an example (E,)."""
    if isinstance(what, np.ndarray) and what.ndim == 1:
        return _unit(what.astype(np.float32))
    if isinstance(what, str) and what.startswith(CHIP):
        return _of_chip(store, what.removeprefix(CHIP))
    if isinstance(what, _Text) or (isinstance(what, str) and not _is_file(what)):
        if not what.strip():
            raise ConfigError("the text to look for is empty; describe what should be seen")
        embedded: Vector = model().embed_texts([str(what)])[0]
        return embedded
    picture: Vector = model().embed_images([what])[0]
    return picture


def _is_file(text: str) -> bool:
    """Whether a string names a picture: it has a suffix, or is there."""
    try:
        return text.lower().endswith(SUFFIXES) or Path(text).is_file()
    except (OSError, ValueError):  # too long, or not a name at all
        return False


def _of_chip(store: Store, chip: str) -> Vector:
    rows = store.rows(["embedding"], f"id = {quoted(chip)}")
    if rows.num_rows == 0:
        raise ConfigError(f"there is no chip {chip!r} in the index")
    return _unit(np.asarray(rows["embedding"][0].as_py(), dtype=np.float32))


def _unit(vector: Vector) -> Vector:
    norm = float(np.linalg.norm(vector))
    if not np.isfinite(norm) or norm == 0:
        raise ConfigError("a vector to look for is zero or not finite")
    return vector / np.float32(norm)
