"""Losses: contrastive, triplet, affiliation; pure functions of a batch's embeddings (SPEC 2).

Every loss takes L2-normalised image and text embeddings of B pairs, both (B, E), and returns a
scalar. In several processes it is given the gathered batch. A loss of your own has the same form
and may ask, by the names of its keyword arguments, for `temperature`, `image_index` (B,),
`caption_index` (B,), `labels` (B,), and for second views of the pairs, `image_view` (B, E) and
`text_view` (B, E).

In the formulas S = I Tᵀ are the cosines (B, B), row i an image and column j a caption, and
CE(logits, targets) is the cross-entropy of each row, averaged over the rows.
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

        ½ · (CE(S / τ, P) + CE(Sᵀ / τ, P)),    P_ij = [i, j show one image] / pairs of the image

    The others of its kind: `diagonal_contrastive_loss` takes P = 1 on the diagonal alone (CLIP's
    loss), and `duplicate_contrastive_loss` also counts captions with identical text. The rest of
    the batch are its negatives, so that larger batches are harder.

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
    # Symmetric: what is shared by rows is shared by columns.
    targets = _shares(image_index[:, None] == image_index[None, :], logits.dtype)
    return _both_ways(logits, targets, targets, smoothing)


def _both_ways(logits: Tensor, of_rows: Tensor, of_columns: Tensor, smoothing: float) -> Tensor:
    """Mean cross-entropy over rows and over columns, averaged."""
    if not 0 <= smoothing < 1:
        raise ConfigError(f"smoothing is {smoothing}; it must be from 0 to below 1")
    # Targets are row numbers or distributions: torch takes both, and smooths both in the same way.
    rows = F.cross_entropy(logits, of_rows, label_smoothing=smoothing)
    columns = F.cross_entropy(logits.t(), of_columns, label_smoothing=smoothing)
    return (rows + columns) / 2


def _shares(relevant: Tensor, dtype: torch.dtype) -> Tensor:
    """Equal weight on everything that is relevant to a row."""
    # No row sums to 0, as every pair is relevant to itself.
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
    # Over any pair k of the batch: i shows the image of k, and k has the text of j.
    # Floats, as torch multiplies no boolean matrices; counts up to B are exact in them.
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
    """`contrastive_loss` that knows identical captions: they share their images (ours).

        ½ · (CE(S / τ, P) + CE(Sᵀ / τ, Q)),    P, Qᵀ = `relevant_pairs` R; rows of P, Q sum to 1

    Where a caption stands under several images, as in UCM and RSICD, `contrastive_loss` pushes it
    away from all but one of them. Without identical captions the two are the same.

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
    """`contrastive_loss` without `image_index`: the caption of its own row is the only positive.

        ½ · (CE(S / τ, diagonal) + CE(Sᵀ / τ, diagonal))

    CLIP's own loss. Other captions of the same image are negatives here.

    Args:
        I: image embeddings (B, E).
        T: text embeddings (B, E).
        temperature: τ.

    Raises:
        DataError: the shapes do not fit.
    """
    return contrastive_loss(I, T, temperature)


def sigmoid_loss(
    I: Tensor,
    T: Tensor,
    temperature: Tensor | float,
    image_index: Tensor | None = None,
    *,
    bias: float = -10.0,
) -> Tensor:
    """SigLIP's loss: every pair of image and caption is a yes-or-no question of its own.

        − 1/B · Σ_ij log σ(z_ij · (S_ij / τ + b)),    z_ij = 1 where i, j show one image, else −1

    Unlike `contrastive_loss` no row is compared as a whole. Source: Zhai et al. 2023
    (arXiv 2303.15343, section 3.2). Deviations: all captions of an image are positives, the paper
    has one for each; the bias b, which the paper trains from −10, is given and stays: of a SigLIP
    it is the model's own `logit_bias`.

    Args:
        I: image embeddings (B, E).
        T: text embeddings (B, E).
        temperature: τ.
        image_index: which image each pair shows (B,); None: only the diagonal is positive.
        bias: b, added to every logit.

    Raises:
        DataError: the shapes do not fit.
    """
    _check_pairs(I, T)
    logits = I @ T.t() / temperature + bias
    positive = torch.eye(len(I), dtype=torch.bool, device=I.device)
    if image_index is not None:
        positive = image_index[:, None] == image_index[None, :]
    signs = 2 * positive.to(logits.dtype) - 1
    return -F.logsigmoid(signs * logits).sum() / len(I)


def _triplet_costs(I: Tensor, T: Tensor, margin: float, ignored: Tensor) -> tuple[Tensor, Tensor]:
    """Hinge costs (B, B): captions for each image (rows), images for each caption (columns)."""
    _check_pairs(I, T)
    S = I @ T.t()
    # A pair's own cosine, which the negatives of its row and column must stay below by the margin.
    positive = S.diagonal()
    # Filled with 0, not with -inf: what is no negative costs nothing, and the largest cost of a row
    # that has no negative at all is then 0 as well.
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
    if not same_image and not duplicates:
        # The original's rule: other captions of the same image count as negatives.
        return torch.eye(len(I), dtype=torch.bool, device=I.device)
    if image_index is None:
        raise ConfigError(
            "exclude_same_image and exclude_duplicates need image_index (B,); got None"
        )
    if not duplicates:
        return image_index[:, None] == image_index[None, :]
    if caption_index is None:
        raise ConfigError("exclude_duplicates needs caption_index (B,); got None")
    # An identical caption of another image is relevant to this one too.
    return relevant_pairs(image_index, caption_index)


def _reduce(of_captions: Tensor, of_images: Tensor, hardest: bool, reduction: str) -> Tensor:
    """Costs (B, B) to a scalar: all of them, or each row's and each column's largest."""
    if reduction not in ("sum", "mean"):
        raise ConfigError(f"reduction is {reduction!r}; allowed are sum, mean")
    if hardest:
        # An image's negatives stand in its row, a caption's in its column.
        total = of_captions.amax(dim=1).sum() + of_images.amax(dim=0).sum()
    else:
        total = of_captions.sum() + of_images.sum()
    if reduction == "sum":
        return total
    return total / len(of_captions)


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
    """Triplet loss in which harder negatives weigh more, by their own cost (SPEC 2).

        ½ · Σ c · (1 − e^(−c))^gamma    over the costs c of both directions, i ≠ j:
        max(0, margin + S_ij − S_ii) of captions, max(0, margin + S_ij − S_jj) of images

    The weight is not detached: it takes part in the gradient. With gamma 0 this is half of
    `triplet_loss`; `hardest` is its other answer to many easy negatives.

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
    # Below 1 the weight is infinitely steep at a cost of 0, which most pairs have.
    if gamma != 0 and gamma < 1:
        raise ConfigError(f"gamma is {gamma}; it must be 0 or at least 1")
    ignored = _no_negatives(I, image_index, caption_index, exclude_same_image, exclude_duplicates)
    costs = _triplet_costs(I, T, margin, ignored)
    # expm1: 1 − e^(−c) loses its digits where the cost is small.
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
    """Plain triplet loss: `weighted_triplet_loss` without weights and without the halving (SPEC 2).

        Σ max(0, margin + S_ij − S_ii) + Σ max(0, margin + S_ij − S_jj)    over i ≠ j

    With `hardest` it is the loss of VSE++ (Faghri et al. 2018): each sum takes the largest cost of
    each image, and of each caption.

    Args:
        I: image embeddings (B, E).
        T: text embeddings (B, E).
        margin: by which a positive has to lead, in cosine.
        hardest: keep only the hardest negative of each image and each caption.
        image_index: see `weighted_triplet_loss`.
        caption_index: see `weighted_triplet_loss`.
        exclude_same_image: see `weighted_triplet_loss`.
        exclude_duplicates: see `weighted_triplet_loss`.
        reduction: "sum" or "mean".

    Raises:
        ConfigError: an option has no such value, or an index lacks.
        DataError: the shapes do not fit.
    """
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
    """The intra-modal part of PE-RSITR's hybrid loss: an embedding finds its own second view.

        triplet_loss(I, image_view) + triplet_loss(T, text_view)

    It is meant beside a loss between the towers. An item's own view is the only positive, so that
    identical images or captions of a batch are negatives.

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
    of_images = triplet_loss(I, image_view, margin, hardest)
    of_texts = triplet_loss(T, text_view, margin, hardest)
    return of_images + of_texts


def affiliation_loss(I: Tensor, T: Tensor, labels: Tensor, temperature: float = 0.07) -> Tensor:
    """Pull an embedding to the centre of its label's embeddings of the other tower (SPEC 2).

        ½ · (CE(I C_Tᵀ / τ₂, diagonal) + CE((T C_Iᵀ)ᵀ / τ₂, diagonal))

    Row i of C_T is the mean of the captions with the label of pair i; so for C_I and the images.
    The diagonal alone is the target although pairs of one label have the same centre, so that it
    does not fall to 0. With a label for each pair both halves are CE(S / τ₂, diagonal), one
    direction of `diagonal_contrastive_loss`. It is meant beside a loss of pairs.

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
    # Row i takes the mean over the pairs with its label, its own among them.
    same = (labels[:, None] == labels[None, :]).to(I.dtype)
    # Not normalised again (SPEC 2): the centre of a scattered label stays shorter.
    mean_of_label = same / same.sum(dim=1, keepdim=True)
    image_to_center = I @ (mean_of_label @ T).t() / temperature
    text_to_center = T @ (mean_of_label @ I).t() / temperature
    targets = torch.arange(len(I), device=I.device)
    of_images = F.cross_entropy(image_to_center, targets)
    # The transpose is the released code's, kept so that figures compare: it asks which caption fits
    # a centre, not which centre fits a caption.
    of_texts = F.cross_entropy(text_to_center.t(), targets)
    return (of_images + of_texts) / 2


# Names that recipes use: renaming one would break every recipe that was kept with a run.
LOSSES: dict[str, Callable[..., Tensor]] = {
    "contrastive": contrastive_loss,
    "diagonal_contrastive": diagonal_contrastive_loss,
    "duplicate_contrastive": duplicate_contrastive_loss,
    "sigmoid": sigmoid_loss,
    "weighted_triplet": weighted_triplet_loss,
    "triplet": triplet_loss,
    "intra_modal_triplet": intra_modal_triplet_loss,
    "affiliation": affiliation_loss,
}
