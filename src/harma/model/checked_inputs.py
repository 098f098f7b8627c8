"""Inputs that are compared, checked: texts without blanks and twins, images or embeddings."""

from collections.abc import Sequence

import numpy as np

from harma.errors import ConfigError
from harma.model.embedding import Embedder, Embeddings, Images, embed_images


def image_embeddings(model: Embedder, images: Images, *, batch_size: int = 64) -> Embeddings:
    """Embeddings of images, or those that were given: float32 (N, E), L2-normalised.

    Args:
        model: embeds.
        images: paths, PIL images or arrays, N; or their embeddings, a float array (N, E).
        batch_size: images at once.

    Raises:
        ConfigError: the embeddings are of another length, zero or not finite.
        MissingFileError: an image is not there.
        DataError: one cannot be read.
    """
    if not _are_embeddings(images):
        return embed_images(model, images, batch_size=batch_size)
    # Normalised again: float16 files have lost some digits, other programs may not normalise.
    given = np.asarray(images, dtype=np.float32)
    if given.shape[1] != model.embed_dim:
        raise ConfigError(
            f"the image embeddings have {given.shape[1]} numbers each, the model's have"
            f" {model.embed_dim}; give embeddings by this model"
        )
    return normalized_rows(given, "image embeddings")


def _are_embeddings(images: Images) -> bool:
    # A stack of pictures has three axes or more, or whole numbers.
    return isinstance(images, np.ndarray) and images.ndim == 2 and images.dtype.kind == "f"


def normalized_rows(embeddings: Embeddings, what: str) -> Embeddings:
    """L2-normalise rows (N, E).

    Raises:
        ConfigError: a row is zero or not finite; `what` names the rows in the message.
    """
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    usable = np.isfinite(norms) & (norms > 0)
    if not usable.all():
        row = int(np.argmin(usable))
        raise ConfigError(f"row {row} of the {what} is zero or not finite; embed it again")
    unit: Embeddings = embeddings / norms
    return unit


def check_texts(texts: Sequence[str], what: str) -> None:
    """Raise ConfigError unless `texts` is a list of texts with something in each of them.

    Args:
        texts: given by a caller.
        what: the argument's name, for messages.
    """
    if isinstance(texts, str):
        raise ConfigError(f"{what} is {texts!r}; give a list, such as [{texts!r}]")
    if len(texts) == 0:
        raise ConfigError(f"{what} is empty; give one or more")
    for index, text in enumerate(texts):
        if not text.strip():
            raise ConfigError(f"{what}[{index}] is empty; write something, or leave it out")


def check_distinct(texts: Sequence[str], what: str, *, written: Sequence[str] = ()) -> None:
    """Raise ConfigError if two texts say the same.

    Args:
        texts: to compare.
        what: the argument's name, for messages.
        written: what the caller wrote for each of them; the texts themselves if not given.
    """
    written = written or texts
    first: dict[str, str] = {}
    # Both are named as the caller wrote them: that they are the same is not always to be seen.
    for text, given in zip(texts, written, strict=True):
        if text in first:
            raise ConfigError(f"{what} holds {first[text]!r} and {given!r}, which are the same")
        first[text] = given
