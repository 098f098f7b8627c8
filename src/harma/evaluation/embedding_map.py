"""Embeddings in two dimensions by PCA or UMAP, and the modality gap between images and texts."""

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
class EmbeddingMap:
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
    """The gap between the modalities; identical captions count as often as they come."""
    images = embedded.images.astype(np.float64)
    texts = embedded.texts.astype(np.float64)[embedded.captions.text]
    mean_image = images.mean(axis=0)
    mean_text = texts.mean(axis=0)
    matched = np.einsum("me,me->m", texts, images[embedded.captions.image]).mean()
    return ModalityGap(
        distance=float(np.linalg.norm(mean_image - mean_text)),
        matched=float(matched),
        # The mean over all pairs is the product of the means, without forming the pairs.
        all_pairs=float(mean_image @ mean_text),
    )


def pca_map(embedded: Embedded, *, close_gap: bool = False) -> EmbeddingMap:
    """The two principal components of images and distinct texts together.

    Args:
        embedded: the embeddings.
        close_gap: first move the centre of either modality to 0, so that what remains is meaning,
            not modality.
    """
    parts = [embedded.images.astype(np.float64), embedded.texts.astype(np.float64)]
    if close_gap:
        parts = [part - part.mean(axis=0) for part in parts]
    # One map for both, so that an image and its caption can lie together.
    points = np.concatenate(parts)
    points -= points.mean(axis=0)
    # The singular vectors of the (E, E) scatter are those of the points, and much quicker to find.
    directions, variances, _ = np.linalg.svd(points.T @ points, hermitian=True)
    chosen = directions[:, :2]
    # The sign of a direction is arbitrary: its largest part is made positive.
    largest = np.abs(chosen).argmax(axis=0)
    chosen *= np.sign(chosen[largest, np.arange(chosen.shape[1])])
    placed = (points @ chosen).astype(np.float32)
    explained = variances[:2] / max(float(variances.sum()), 1e-30)
    num_images = len(embedded.images)
    return EmbeddingMap(
        images=placed[:num_images],
        texts=placed[num_images:],
        image_rows=np.arange(num_images),
        text_rows=np.arange(len(embedded.texts)),
        explained=(float(explained[0]), float(explained[1])),
    )


def umap_map(embedded: Embedded, *, seed: int = 0, most: int = UMAP_POINTS) -> EmbeddingMap:
    """A UMAP of images and distinct texts (McInnes et al. 2018), cosine distance.

    Args:
        embedded: the embeddings.
        seed: of the layout, and of the points that are drawn where there are more than `most`.
        most: points, half of them images where there are enough of either.

    Raises:
        MissingDependencyError: umap-learn is not installed.
        DataError: there are fewer than ten points.
    """
    num_points = len(embedded.images) + len(embedded.texts)
    if num_points < 10:
        raise DataError(
            f"a UMAP of {num_points} images and texts says nothing; it takes ten or more. Leave"
            " --umap out"
        )
    check_umap()
    import umap

    rng = np.random.default_rng(seed)
    image_rows = _drawn_rows(rng, len(embedded.images), most // 2)
    text_rows = _drawn_rows(rng, len(embedded.texts), most // 2)
    points = np.concatenate([embedded.images[image_rows], embedded.texts[text_rows]])
    # One job: with several the layout is another one every time.
    layout = umap.UMAP(
        n_neighbors=min(15, len(points) - 1), metric="cosine", random_state=seed, n_jobs=1
    )
    placed = np.asarray(layout.fit_transform(points), dtype=np.float32)
    num_images = len(image_rows)
    return EmbeddingMap(placed[:num_images], placed[num_images:], image_rows, text_rows)


def check_umap() -> None:
    """Check that a UMAP can be made.

    Raises:
        MissingDependencyError: umap-learn is not installed.
    """
    try:
        import umap  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "a UMAP needs umap-learn: pip install umap-learn, or leave --umap out"
        ) from error


def _drawn_rows(rng: np.random.Generator, count: int, most: int) -> NDArray[np.int64]:
    """All of `count` rows, or `most` that are drawn, ascending."""
    if count <= most:
        return np.arange(count)
    return np.sort(rng.permutation(count)[:most])
