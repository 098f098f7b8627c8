"""Embeddings in two dimensions, and how far images and texts lie apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.errors import DataError, MissingDependencyError
from harma.evaluation.retrieval import Embedded

Floats = NDArray[np.float32]

# UMAP takes a minute or more, most of it to compile itself, for what PCA does in a blink.
UMAP_POINTS = 2_000


@dataclass(frozen=True)
class ModalityGap:
    """How images and captions lie to each other.

    Attributes:
        distance: between the mean image and the mean caption embedding (Liang et al. 2022, "Mind
            the gap"), 0 to 2.
        matched: mean cosine of a caption and its own image.
        all_pairs: mean cosine of every caption with every image.
    """

    distance: float
    matched: float
    all_pairs: float


@dataclass(frozen=True, eq=False)
class Map:
    """Places of embeddings in a plane.

    Attributes:
        images: (n, 2).
        texts: (u, 2).
        image_rows: (n,) which images they are.
        text_rows: (u,) which distinct texts.
        explained: share of the variance along each of the two directions; () where that has no
            meaning.
    """

    images: Floats
    texts: Floats
    image_rows: NDArray[np.int64]
    text_rows: NDArray[np.int64]
    explained: tuple[float, ...] = ()


def modality_gap(embedded: Embedded) -> ModalityGap:
    """The gap between the modalities; every caption counts, identical ones as often as they come."""
    images = embedded.images.astype(np.float64)
    texts = embedded.texts.astype(np.float64)[embedded.captions.text]
    of_images, of_texts = images.mean(axis=0), texts.mean(axis=0)
    matched = np.einsum("me,me->m", texts, images[embedded.captions.image]).mean()
    return ModalityGap(
        float(np.linalg.norm(of_images - of_texts)), float(matched), float(of_images @ of_texts)
    )


def pca_map(embedded: Embedded, *, close_gap: bool = False) -> Map:
    """The two principal components of images and distinct texts together.

    Args:
        embedded: the embeddings.
        close_gap: first move the centre of either modality to 0, so that what remains is meaning,
            not modality.
    """
    parts = [embedded.images.astype(np.float64), embedded.texts.astype(np.float64)]
    if close_gap:
        parts = [part - part.mean(axis=0) for part in parts]
    points = np.concatenate(parts)
    points -= points.mean(axis=0)
    # The singular vectors of the (E, E) scatter are those of the points, and much quicker to find.
    directions, variances, _ = np.linalg.svd(points.T @ points, hermitian=True)
    chosen = directions[:, :2]
    chosen *= np.sign(
        chosen[np.abs(chosen).argmax(axis=0), np.arange(chosen.shape[1])]
    )  # the sign is arbitrary
    placed = (points @ chosen).astype(np.float32)
    explained = variances[:2] / max(float(variances.sum()), 1e-30)
    number = len(embedded.images)
    return Map(
        placed[:number],
        placed[number:],
        np.arange(number),
        np.arange(len(embedded.texts)),
        (float(explained[0]), float(explained[1])),
    )


def umap_map(embedded: Embedded, *, seed: int = 0, most: int = UMAP_POINTS) -> Map:
    """A UMAP of images and distinct texts (McInnes et al. 2018), cosine distance.

    Args:
        embedded: the embeddings.
        seed: of the layout, and of the points that are drawn where there are more than `most`.
        most: points, half of them images where there are enough of either.

    Raises:
        MissingDependencyError: umap-learn is not installed.
        DataError: there are fewer than ten points.
    """
    number = len(embedded.images) + len(embedded.texts)
    if number < 10:
        raise DataError(
            f"a UMAP of {number} images and texts says nothing; it takes ten or more. Leave"
            " --umap out"
        )
    try:
        import umap
    except ImportError as error:
        raise MissingDependencyError(
            "a UMAP needs umap-learn: pip install umap-learn, or leave --umap out"
        ) from error

    rng = np.random.default_rng(seed)
    rows = [
        (
            np.sort(rng.permutation(len(part))[: most // 2])
            if len(part) > most // 2
            else np.arange(len(part))
        )
        for part in (embedded.images, embedded.texts)
    ]
    points = np.concatenate([embedded.images[rows[0]], embedded.texts[rows[1]]])
    neighbours = min(15, len(points) - 1)
    placed = umap.UMAP(
        n_neighbors=neighbours, metric="cosine", random_state=seed, n_jobs=1
    ).fit_transform(points)
    placed = np.asarray(placed, dtype=np.float32)
    return Map(placed[: len(rows[0])], placed[len(rows[0]) :], rows[0], rows[1])
