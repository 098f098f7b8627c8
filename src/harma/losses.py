"""Losses of HarMA: pure functions of a batch's embeddings (SPEC 2).

Every loss takes L2-normalised image and text embeddings of B pairs, both (B, E), and returns a scalar. In several
processes it is given the gathered batch. A loss of your own has the same form and may ask, by the names of its
keyword arguments, for `temperature`, `image_index` (B,) and `labels` (B,).
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from harma.errors import ConfigError, DataError


def _check_pairs(I: Tensor, T: Tensor) -> None:
    if I.ndim != 2 or I.shape != T.shape:
        raise DataError(f"a loss takes two (B, E) tensors of one shape; got {tuple(I.shape)} and {tuple(T.shape)}")


def contrastive_loss(I: Tensor, T: Tensor, temperature: Tensor | float, image_index: Tensor | None = None) -> Tensor:
    """Symmetric contrastive loss, soft targets where several captions belong to one image (SPEC 2).

    Args:
        I: image embeddings (B, E).
        T: text embeddings (B, E).
        temperature: τ, the similarities are divided by it.
        image_index: which image each pair shows (B,); pairs of one image share the target. None: only the diagonal.

    Returns:
        Mean cross-entropy over rows and over columns, averaged; a scalar.

    Raises:
        DataError: the shapes do not fit.
    """
    _check_pairs(I, T)
    logits = I @ T.t() / temperature
    if image_index is None:
        targets = torch.arange(len(I), device=I.device)
        return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.t(), targets)) / 2
    same = (image_index[:, None] == image_index[None, :]).to(logits.dtype)
    soft = same / same.sum(dim=1, keepdim=True)
    return (F.cross_entropy(logits, soft) + F.cross_entropy(logits.t(), soft)) / 2


def diagonal_contrastive_loss(I: Tensor, T: Tensor, temperature: Tensor | float) -> Tensor:
    """`contrastive_loss` without `image_index`: each image's only positive is the caption of its own row."""
    return contrastive_loss(I, T, temperature)


def _triplet_costs(
    I: Tensor, T: Tensor, margin: float, image_index: Tensor | None, exclude_same_image: bool
) -> tuple[Tensor, Tensor]:
    """Hinge costs (B, B): of captions for each image (rows), of images for each caption (columns)."""
    _check_pairs(I, T)
    S = I @ T.t()
    positive = S.diagonal()
    ignored = torch.eye(len(S), dtype=torch.bool, device=S.device)
    if exclude_same_image:
        if image_index is None:
            raise ConfigError("exclude_same_image needs image_index (B,); got None")
        ignored = image_index[:, None] == image_index[None, :]
    of_captions = (margin + S - positive[:, None]).clamp_min(0).masked_fill(ignored, 0)
    of_images = (margin + S - positive[None, :]).clamp_min(0).masked_fill(ignored, 0)
    return of_captions, of_images


def _reduce(of_captions: Tensor, of_images: Tensor, hardest: bool) -> Tensor:
    if hardest:
        return of_captions.amax(dim=1).sum() + of_images.amax(dim=0).sum()
    return of_captions.sum() + of_images.sum()


def weighted_triplet_loss(
    I: Tensor,
    T: Tensor,
    margin: float = 0.2,
    gamma: float = 2.0,
    hardest: bool = False,
    *,
    image_index: Tensor | None = None,
    exclude_same_image: bool = False,
) -> Tensor:
    """Triplet loss in which harder negatives weigh more: each cost c by (1 − e^(−c))^gamma, not detached (SPEC 2).

    Args:
        I: image embeddings (B, E).
        T: text embeddings (B, E).
        margin: by which a positive has to lead, in cosine.
        gamma: focus on hard negatives; 0 weighs all alike, else at least 1.
        hardest: keep only the hardest negative of each image and each caption.
        image_index: which image each pair shows (B,); used with `exclude_same_image`.
        exclude_same_image: other captions of the same image are no negatives (ours; the original counts them).

    Returns:
        Half the sum over both directions, a scalar; it grows with B².

    Raises:
        ConfigError: gamma lies below 1 and is not 0 (its gradient at a zero cost is infinite), or `image_index` lacks.
        DataError: the shapes do not fit.
    """
    if gamma != 0 and gamma < 1:
        raise ConfigError(f"gamma is {gamma}; it must be 0 or at least 1")
    costs = _triplet_costs(I, T, margin, image_index, exclude_same_image)
    of_captions, of_images = (c * (-torch.expm1(-c)) ** gamma for c in costs)
    return _reduce(of_captions, of_images, hardest) / 2


def triplet_loss(
    I: Tensor,
    T: Tensor,
    margin: float = 0.2,
    hardest: bool = False,
    *,
    image_index: Tensor | None = None,
    exclude_same_image: bool = False,
) -> Tensor:
    """Plain triplet loss: `weighted_triplet_loss` without weights and without the halving (SPEC 2)."""
    return _reduce(*_triplet_costs(I, T, margin, image_index, exclude_same_image), hardest)


def affiliation_loss(I: Tensor, T: Tensor, labels: Tensor, temperature: float = 0.07) -> Tensor:
    """Pull each image to the centre of its label's captions, and each caption to that of its label's images (SPEC 2).

    Args:
        I: image embeddings (B, E).
        T: text embeddings (B, E).
        labels: label of each pair (B,), integers; -1 means unknown and is an error.
        temperature: τ₂.

    Returns:
        Half the sum of both cross-entropies with diagonal targets, a scalar. The second is taken along the rows of
        the transpose, as the released code does.

    Raises:
        DataError: labels are missing or of the wrong shape.
    """
    _check_pairs(I, T)
    if labels.shape != (len(I),):
        raise DataError(f"labels must have shape ({len(I)},); got {tuple(labels.shape)}")
    if bool((labels < 0).any()):
        raise DataError("affiliation_loss needs a label for every pair; these annotations have none for some")
    same = (labels[:, None] == labels[None, :]).to(I.dtype)
    mean_of_label = same / same.sum(dim=1, keepdim=True)
    image_to_center = I @ (mean_of_label @ T).t() / temperature
    text_to_center = T @ (mean_of_label @ I).t() / temperature
    targets = torch.arange(len(I), device=I.device)
    return (F.cross_entropy(image_to_center, targets) + F.cross_entropy(text_to_center.t(), targets)) / 2


LOSSES: dict[str, Callable[..., Tensor]] = {
    "contrastive": contrastive_loss,
    "diagonal_contrastive": diagonal_contrastive_loss,
    "weighted_triplet": weighted_triplet_loss,
    "triplet": triplet_loss,
    "affiliation": affiliation_loss,
}
