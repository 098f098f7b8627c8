"""Losses of HarMA: pure functions of a batch's embeddings (SPEC 2).

Every loss takes L2-normalised image and text embeddings of B pairs, both (B, E), and returns a
scalar. In several processes it is given the gathered batch. A loss of your own has the same form
and may ask, by the names of its keyword arguments, for `temperature`, `image_index` (B,),
`caption_index` (B,), `labels` (B,), and for second views of the pairs, `image_view` (B, E) and
`text_view` (B, E).
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from harma.errors import ConfigError, DataError


def _check_pairs(I: Tensor, T: Tensor) -> None:
    if I.ndim != 2 or I.shape != T.shape:
        raise DataError(
            f"a loss takes two (B, E) tensors of one shape; got {tuple(I.shape)} and"
            f" {tuple(T.shape)}"
        )


def contrastive_loss(
    I: Tensor,
    T: Tensor,
    temperature: Tensor | float,
    image_index: Tensor | None = None,
    *,
    smoothing: float = 0.0,
) -> Tensor:
    """Symmetric contrastive loss, soft targets where several captions belong to one image (SPEC 2).

    Args:
        I: image embeddings (B, E).
        T: text embeddings (B, E).
        temperature: τ, the similarities are divided by it.
        image_index: which image each pair shows (B,); pairs of one image share the target. None:
            only the diagonal.
        smoothing: share of each target that is spread evenly over the batch (ours; label
            smoothing).

    Returns:
        Mean cross-entropy over rows and over columns, averaged; a scalar.

    Raises:
        DataError: the shapes do not fit.
    """
    _check_pairs(I, T)
    logits = I @ T.t() / temperature
    if image_index is None:
        targets = torch.arange(len(I), device=I.device)
        return _both_ways(logits, targets, targets, smoothing)
    same = image_index[:, None] == image_index[None, :]
    return _both_ways(logits, _shares(same, logits.dtype), _shares(same, logits.dtype), smoothing)


def _both_ways(logits: Tensor, of_rows: Tensor, of_columns: Tensor, smoothing: float) -> Tensor:
    """Mean cross-entropy over rows and over columns, averaged."""
    if not 0 <= smoothing < 1:
        raise ConfigError(f"smoothing is {smoothing}; it must be from 0 to below 1")
    rows = F.cross_entropy(logits, of_rows, label_smoothing=smoothing)
    return (rows + F.cross_entropy(logits.t(), of_columns, label_smoothing=smoothing)) / 2


def _shares(relevant: Tensor, dtype: torch.dtype) -> Tensor:
    """Equal weight on everything that is relevant to a row."""
    return relevant.to(dtype) / relevant.sum(dim=1, keepdim=True)


def relevant_pairs(image_index: Tensor, caption_index: Tensor) -> Tensor:
    """Which captions describe which images, as duplicate-aware recall counts it (SPEC 5).

    Args:
        image_index: which image each pair shows (B,).
        caption_index: which text its caption has (B,).

    Returns:
        bool (B, B): whether the caption of column j is one of the image of row i, or has the text
        of one.
    """
    same_image = (image_index[:, None] == image_index[None, :]).float()
    same_text = (caption_index[:, None] == caption_index[None, :]).float()
    return same_image @ same_text > 0


def duplicate_contrastive_loss(
    I: Tensor,
    T: Tensor,
    temperature: Tensor | float,
    *,
    image_index: Tensor,
    caption_index: Tensor,
    smoothing: float = 0.0,
) -> Tensor:
    """`contrastive_loss` in which a caption's positives are the images of every identical caption (ours).

    Args:
        I: image embeddings (B, E).
        T: text embeddings (B, E).
        temperature: τ.
        image_index: which image each pair shows (B,).
        caption_index: which text its caption has (B,).
        smoothing: see `contrastive_loss`.

    Raises:
        DataError: the shapes do not fit.
    """
    _check_pairs(I, T)
    logits = I @ T.t() / temperature
    relevant = relevant_pairs(image_index, caption_index)
    return _both_ways(
        logits, _shares(relevant, logits.dtype), _shares(relevant.t(), logits.dtype), smoothing
    )


def diagonal_contrastive_loss(I: Tensor, T: Tensor, temperature: Tensor | float) -> Tensor:
    """`contrastive_loss` without `image_index`: each image's only positive is the caption of its own row."""
    return contrastive_loss(I, T, temperature)


def _triplet_costs(I: Tensor, T: Tensor, margin: float, ignored: Tensor) -> tuple[Tensor, Tensor]:
    """Hinge costs (B, B): of captions for each image (rows), of images for each caption (columns)."""
    _check_pairs(I, T)
    S = I @ T.t()
    positive = S.diagonal()
    of_captions = (margin + S - positive[:, None]).clamp_min(0).masked_fill(ignored, 0)
    of_images = (margin + S - positive[None, :]).clamp_min(0).masked_fill(ignored, 0)
    return of_captions, of_images


def _no_negatives(
    I: Tensor,
    image_index: Tensor | None,
    caption_index: Tensor | None,
    same_image: bool,
    duplicates: bool,
) -> Tensor:
    """Which pairs (B, B) are no negatives of each other: the diagonal, and what the options say."""
    if (same_image or duplicates) and image_index is None:
        raise ConfigError(
            "exclude_same_image and exclude_duplicates need image_index (B,); got None"
        )
    if duplicates and caption_index is None:
        raise ConfigError("exclude_duplicates needs caption_index (B,); got None")
    if duplicates:
        assert image_index is not None
        assert caption_index is not None
        return relevant_pairs(image_index, caption_index)
    if same_image:
        assert image_index is not None
        return image_index[:, None] == image_index[None, :]
    return torch.eye(len(I), dtype=torch.bool, device=I.device)


def _reduce(of_captions: Tensor, of_images: Tensor, hardest: bool, reduction: str) -> Tensor:
    if reduction not in ("sum", "mean"):
        raise ConfigError(f"reduction is {reduction!r}; allowed are sum, mean")
    if hardest:
        total = of_captions.amax(dim=1).sum() + of_images.amax(dim=0).sum()
    else:
        total = of_captions.sum() + of_images.sum()
    return total / len(of_captions) if reduction == "mean" else total


def weighted_triplet_loss(
    I: Tensor,
    T: Tensor,
    margin: float = 0.2,
    gamma: float = 2.0,
    hardest: bool = False,
    *,
    image_index: Tensor | None = None,
    caption_index: Tensor | None = None,
    exclude_same_image: bool = False,
    exclude_duplicates: bool = False,
    reduction: str = "sum",
) -> Tensor:
    """Triplet loss in which harder negatives weigh more: each cost c by (1 − e^(−c))^gamma, not detached (SPEC 2).

    Args:
        I: image embeddings (B, E).
        T: text embeddings (B, E).
        margin: by which a positive has to lead, in cosine.
        gamma: focus on hard negatives; 0 weighs all alike, else at least 1.
        hardest: keep only the hardest negative of each image and each caption.
        image_index: which image each pair shows (B,); used with the two options that exclude.
        caption_index: which text each caption has (B,); used with `exclude_duplicates`.
        exclude_same_image: other captions of the same image are no negatives (ours; the original
            counts them).
        exclude_duplicates: neither are captions with the same text as one of the image's (ours).
        reduction: "sum", as the original, or "mean": the sum divided by B, which batches of any
            size have alike.

    Returns:
        Half the sum over both directions, a scalar; as a sum it grows with B².

    Raises:
        ConfigError: an option has no such value (gamma below 1 has an infinite gradient at a zero
            cost), or an index lacks.
        DataError: the shapes do not fit.
    """
    if gamma != 0 and gamma < 1:
        raise ConfigError(f"gamma is {gamma}; it must be 0 or at least 1")
    ignored = _no_negatives(I, image_index, caption_index, exclude_same_image, exclude_duplicates)
    costs = _triplet_costs(I, T, margin, ignored)
    of_captions, of_images = (c * (-torch.expm1(-c)) ** gamma for c in costs)
    return _reduce(of_captions, of_images, hardest, reduction) / 2


def triplet_loss(
    I: Tensor,
    T: Tensor,
    margin: float = 0.2,
    hardest: bool = False,
    *,
    image_index: Tensor | None = None,
    caption_index: Tensor | None = None,
    exclude_same_image: bool = False,
    exclude_duplicates: bool = False,
    reduction: str = "sum",
) -> Tensor:
    """Plain triplet loss: `weighted_triplet_loss` without weights and without the halving (SPEC 2)."""
    ignored = _no_negatives(I, image_index, caption_index, exclude_same_image, exclude_duplicates)
    return _reduce(*_triplet_costs(I, T, margin, ignored), hardest, reduction)


def intra_modal_triplet_loss(
    I: Tensor,
    T: Tensor,
    *,
    image_view: Tensor,
    text_view: Tensor,
    margin: float = 0.2,
    hardest: bool = True,
) -> Tensor:
    """The intra-modal part of the hybrid loss of PE-RSITR: an embedding finds the second view of its own item.

    Source: Yuan et al. 2023 (arXiv 2308.12509) and its released code: the triplet loss between the
    embeddings of a tower and those of a second pass with dropout on the tokens, summed over both
    towers.

    Args:
        I: image embeddings (B, E).
        T: text embeddings (B, E).
        image_view: the images' second embeddings (B, E).
        text_view: the captions' second embeddings (B, E).
        margin: by which an item's own view has to lead.
        hardest: keep only the hardest negative.

    Returns:
        The sum over both towers and directions, a scalar.

    Raises:
        DataError: the shapes do not fit.
    """
    return triplet_loss(I, image_view, margin, hardest) + triplet_loss(
        T, text_view, margin, hardest
    )


def affiliation_loss(I: Tensor, T: Tensor, labels: Tensor, temperature: float = 0.07) -> Tensor:
    """Pull each image to the centre of its label's captions, and each caption to that of its label's images (SPEC 2).

    Args:
        I: image embeddings (B, E).
        T: text embeddings (B, E).
        labels: label of each pair (B,), integers; -1 means unknown and is an error.
        temperature: τ₂.

    Returns:
        Half the sum of both cross-entropies with diagonal targets, a scalar. The second is taken
        along the rows of the transpose, as the released code does.

    Raises:
        DataError: labels are missing or of the wrong shape.
    """
    _check_pairs(I, T)
    if labels.shape != (len(I),):
        raise DataError(f"labels must have shape ({len(I)},); got {tuple(labels.shape)}")
    if bool((labels < 0).any()):
        raise DataError(
            "affiliation_loss needs a label for every pair; these annotations have none for some"
        )
    same = (labels[:, None] == labels[None, :]).to(I.dtype)
    mean_of_label = same / same.sum(dim=1, keepdim=True)
    image_to_center = I @ (mean_of_label @ T).t() / temperature
    text_to_center = T @ (mean_of_label @ I).t() / temperature
    targets = torch.arange(len(I), device=I.device)
    return (
        F.cross_entropy(image_to_center, targets) + F.cross_entropy(text_to_center.t(), targets)
    ) / 2


LOSSES: dict[str, Callable[..., Tensor]] = {
    "contrastive": contrastive_loss,
    "diagonal_contrastive": diagonal_contrastive_loss,
    "duplicate_contrastive": duplicate_contrastive_loss,
    "weighted_triplet": weighted_triplet_loss,
    "triplet": triplet_loss,
    "intra_modal_triplet": intra_modal_triplet_loss,
    "affiliation": affiliation_loss,
}
