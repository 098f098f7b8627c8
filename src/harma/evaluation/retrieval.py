"""Evaluating a model on a split: embed images and captions, count hits in blocks (SPEC 5)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harma.data.cache import ImageCache
from harma.data.split import Split
from harma.evaluation.distributed import Share
from harma.evaluation.user_metrics import OwnMetric, compute_metrics
from harma.metrics import (
    Captions,
    Hits,
    Ties,
    caption_ceilings,
    captions_of,
    chance,
    count_hits,
    summarize,
)
from harma.model.embedding import (
    Embedder,
    embed_images,
    embed_texts,
    trained_reading,
    with_model_bands,
)

if TYPE_CHECKING:
    from harma.scenes.reading import Reading

# Similarities held at once: 64 MB of float32.
BLOCK_ELEMENTS = 16_000_000
# Average precision sorts every row; past this it is left out unless asked for.
AP_ELEMENTS = 100_000_000


@dataclass(frozen=True, eq=False)
class Embedded:
    """A split's embeddings: each image, and each distinct caption once.

    Attributes:
        images: float32 (N, E).
        texts: float32 (U, E).
        distinct: (U,) the captions.
        captions: which caption is which text and belongs to which image.
    """

    images: NDArray[np.float32]
    texts: NDArray[np.float32]
    distinct: tuple[str, ...]
    captions: Captions


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model's figures on a split.

    Attributes:
        split: name of the split.
        num_images: N.
        num_captions: M.
        fingerprint: of the split.
        metrics: in percent (SPEC 5).
        hits: what each query found.
        caption_to_image: (M,) image of each caption.
        embedded: the embeddings, or None when read from a file.
        without_adapters: the same for the bare backbone, or None.
        chance: metrics of a model that knows nothing.
        ceilings: strict t2i recalls that identical captions allow.
        baseline: what `without_adapters` is of: the model without adapters, or before training.
    """

    split: str
    num_images: int
    num_captions: int
    fingerprint: str
    metrics: dict[str, float]
    hits: Hits
    caption_to_image: NDArray[np.int64]
    embedded: Embedded | None
    without_adapters: "Evaluation | None"
    chance: dict[str, float]
    ceilings: dict[str, float]
    baseline: str = "without adapters"


def embed_split(
    model: Embedder,
    split: Split,
    *,
    batch_size: int = 128,
    num_workers: int = 0,
    cache: ImageCache | None = None,
    progress: bool = False,
    share: Share | None = None,
    tell_cut: bool = False,
) -> Embedded:
    """Embed a split: every image, and every distinct cleaned caption once.

    Identical captions have one embedding, so that their scores tie exactly.

    Args:
        model: embeds; see `harma.model.embedding.Embedder`.
        split: images and captions.
        batch_size: images at once.
        num_workers: processes that decode.
        cache: decoded images.
        progress: show bars.
        share: this process's part, where several embed the split together; None embeds all of it.
        tell_cut: warn of captions that are longer than the model reads.
    """
    # Sorted, so that every process that has a share knows the same order.
    distinct, text = np.unique(np.array(split.captions), return_inverse=True)
    names = tuple(str(caption) for caption in distinct)
    images: Sequence[Path] = split.images
    texts: Sequence[str] = names
    if share is not None:
        images = share.items(images)
        texts = share.items(texts)
    of_images = embed_images(
        model,
        images,
        batch_size=batch_size,
        num_workers=num_workers,
        cache=cache or ImageCache("none", reading=_reading(split, model)),
        progress=progress,
    )
    of_texts = embed_texts(model, texts, progress=progress, tell_cut=tell_cut)
    if share is not None:
        of_images = share.join(of_images, split.num_images)
        of_texts = share.join(of_texts, len(names))
    captions = captions_of(split.caption_to_image, split.num_images, text)
    return Embedded(of_images, of_texts, names, captions)


def _reading(split: Split, model: Embedder) -> "Reading | None":
    """How the images of a split are read for a model."""
    if split.reading is None:
        return with_model_bands(None, model.preprocess)
    # It takes rasterio, which is there where a split has a reading.
    from harma.scenes.reading_values import as_trained

    return with_model_bands(as_trained(split.reading, trained_reading(model)), model.preprocess)


def evaluate_embeddings(
    embedded: Embedded, *, ties: Ties = "expected", ap: bool | None = None
) -> Hits:
    """Count hits from embeddings, a block of similarities at a time.

    Args:
        embedded: the embeddings.
        ties: see `harma.metrics.retrieval_metrics`.
        ap: compute average precision; None does unless the split is large.
    """
    images = embedded.images
    texts = embedded.texts
    if ap is None:
        # Recalls need counts alone; average precision needs every row in order.
        ap = len(images) * len(texts) <= AP_ELEMENTS
    return count_hits(
        embedded.captions, _blocks(images, texts), _blocks(texts, images), ties=ties, ap=ap
    )


def _blocks(
    rows: NDArray[np.float32], columns: NDArray[np.float32]
) -> Callable[[], Iterator[tuple[int, NDArray[np.float32]]]]:
    """Similarities of all rows with all columns, some rows at a time; each call begins anew."""
    # The similarities of a large split as a whole would not fit the memory.
    size = max(1, BLOCK_ELEMENTS // len(columns))

    def blocks() -> Iterator[tuple[int, NDArray[np.float32]]]:
        for start in range(0, len(rows), size):
            yield start, rows[start : start + size] @ columns.T

    return blocks


def evaluate_split(
    model: Any,
    split: Split,
    *,
    batch_size: int = 128,
    num_workers: int = 0,
    cache: ImageCache | None = None,
    ties: Ties = "expected",
    compare: bool = True,
    progress: bool = False,
    metrics: Mapping[str, OwnMetric] | None = None,
) -> Evaluation:
    """Embed a split and compute its metrics, with the adapters and without.

    Args:
        model: a `HarMA`, or anything that embeds.
        split: images and captions.
        batch_size: images at once.
        num_workers: processes that decode.
        cache: decoded images.
        ties: how equal scores count.
        compare: also evaluate the bare backbone, if the model has adapters.
        progress: show bars.
        metrics: further metrics by name; see `harma.evaluation.user_metrics`.

    Raises:
        DataError: an image cannot be decoded, or an embedding is not a number.
    """
    options: dict[str, Any] = {
        "batch_size": batch_size,
        "num_workers": num_workers,
        "cache": cache,
        "progress": progress,
    }
    # Said once: the bare backbone reads the same captions.
    embedded = embed_split(model, split, **options, tell_cut=True)
    evaluation = summarize_embedded(embedded, split, ties, metrics)
    # Not every embedder has adapters: any two towers can be evaluated.
    if not compare or getattr(model, "adapters", None) is None:
        return evaluation
    # Every report shows both: a start that has seen the test images looks good without any adapter
    # (SPEC 5).
    with model.without_adapters():
        bare = summarize_embedded(embed_split(model, split, **options), split, ties, metrics)
    return with_baseline(evaluation, bare)


def summarize_embedded(
    embedded: Embedded,
    split: Split,
    ties: Ties = "expected",
    metrics: Mapping[str, OwnMetric] | None = None,
) -> Evaluation:
    """The figures of embeddings of a split.

    Args:
        embedded: the embeddings.
        split: what they are of.
        ties: how equal scores count.
        metrics: further metrics by name; see `harma.evaluation.user_metrics`.
    """
    hits = evaluate_embeddings(embedded, ties=ties)
    figures = summarize(hits)
    # Metrics of the user's own see each caption of the split, not the distinct ones.
    figures |= compute_metrics(
        metrics or {},
        embedded.images,
        embedded.texts[embedded.captions.text],
        split.caption_to_image,
        figures,
    )
    return Evaluation(
        split=split.name,
        num_images=split.num_images,
        num_captions=split.num_captions,
        fingerprint=split.fingerprint(),
        metrics=figures,
        hits=hits,
        caption_to_image=split.caption_to_image,
        embedded=embedded,
        without_adapters=None,
        chance=chance(embedded.captions),
        ceilings=caption_ceilings(embedded.captions.text, embedded.captions.image),
    )


def with_baseline(
    evaluation: Evaluation, bare: Evaluation, baseline: str = "without adapters"
) -> Evaluation:
    """The evaluation with that of the bare backbone, or of the model before training, beside it."""
    return replace(evaluation, without_adapters=bare, baseline=baseline)
