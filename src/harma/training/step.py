"""The gradients of one step: gradient caching in chunks that fit, over several processes.

Every loss acts on the gathered batch of K processes. Fabric's gather sums the gradient of all K
copies of the loss and DDP averages over processes, so K processes of batch B get the gradients of
one process of batch K·B.
"""

import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule
from torch import Tensor

from harma.errors import TrainingError
from harma.ground.messages import first_line
from harma.training.objective import VIEW_NAMES, Objective

log = logging.getLogger(__name__)

# Elsewhere than on a GPU memory that runs out ends the process, so that there is nothing to learn
# from trying.
IMAGES_OFF_GPU = 64


class Batch(NamedTuple):
    """B images of one process, each with C of its captions: B·C pairs, an image's side by side.

    Attributes:
        pixels: (B, 3, H, W).
        token_ids: (B, C, L).
        image_index: (B,) which image each is, over the whole split.
        labels: (B,), -1 where unknown.
        caption_index: (B, C) which text each caption has, over the whole split.
    """

    pixels: Tensor
    token_ids: Tensor
    image_index: Tensor
    labels: Tensor
    caption_index: Tensor

    def chunks(self, size: int) -> Iterator["Batch"]:
        """The batch in pieces of at most `size` images."""
        for start in range(0, len(self.pixels), size):
            yield Batch(*(tensor[start : start + size] for tensor in self))


class StepResult(NamedTuple):
    """Loss of the whole batch, and each loss of the sum, detached."""

    loss: Tensor
    parts: dict[str, Tensor]


def compute_gradients(
    fabric: Fabric,
    model: _FabricModule,
    objective: Objective,
    batch: Batch,
    *,
    chunk_size: int | None = None,
    view_dropout: float = 0.2,
) -> StepResult:
    """Add the gradients of one batch to the parameters.

    Args:
        fabric: devices and precision.
        model: set up by `fabric`; called as `HarMA.forward`.
        objective: the total loss.
        batch: the pairs of this process.
        chunk_size: images per forward pass, by gradient caching; None or at least B runs the batch
            whole.
        view_dropout: of second views, where a loss takes them.

    Returns:
        The loss of the whole batch.
    """
    dropout = view_dropout if objective.needs_views else None
    if chunk_size is not None and chunk_size < len(batch.pixels):
        return _cached_gradients(fabric, model, objective, batch, chunk_size, dropout)
    temperature, embedded = embed(model, batch, dropout)
    loss, parts = total_loss(fabric, objective, temperature, embedded, batch)
    fabric.backward(loss)
    return StepResult(loss.detach(), parts)


def embed(
    model: _FabricModule, batch: Batch, view_dropout: float | None
) -> tuple[Tensor, list[Tensor]]:
    """Embed a batch.

    Returns:
        τ; image embeddings (B, E) and text embeddings (B, C, E), then those of the second views.
    """
    views = {} if view_dropout is None else {"view_dropout": view_dropout}
    captions = batch.token_ids.flatten(0, 1)
    images, texts, temperature, *second = model(batch.pixels, captions, **views)
    embedded: list[Tensor] = [images, texts, *second]
    # Images and texts take turns; only texts are several for each item.
    for i in range(1, len(embedded), 2):
        embedded[i] = embedded[i].reshape(*batch.token_ids.shape[:2], -1)
    return temperature, embedded


def total_loss(
    fabric: Fabric | None,
    objective: Objective,
    temperature: Tensor,
    embedded: Sequence[Tensor],
    batch: Batch,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The objective over the pairs of all processes.

    Args:
        fabric: gathers them; None where they are gathered.
        objective: the total loss.
        temperature: τ.
        embedded: as `embed` gives it.
        batch: has their indices and labels.

    Returns:
        The total and its parts.
    """
    captions = batch.token_ids.shape[1]

    def of_images(tensor: Tensor, *, sync_grads: bool = False) -> Tensor:
        """(B, …) of this process → (K·B·C, …): an image stands beside each of its captions."""
        everywhere = gathered(fabric, tensor, sync_grads=sync_grads)
        # Repeated after the exchange: an image's embedding travels once, however many captions it
        # has.
        return everywhere.repeat_interleave(captions, dim=0)

    def of_captions(tensor: Tensor, *, sync_grads: bool = False) -> Tensor:
        """(B, C, …) of this process → (K·B·C, …)."""
        return gathered(fabric, tensor, sync_grads=sync_grads).flatten(0, 1)

    # Only embeddings have gradients to bring back; indices and labels are gathered without.
    I = of_images(embedded[0], sync_grads=True)
    T = of_captions(embedded[1], sync_grads=True)
    views: dict[str, Tensor] = {}
    if len(embedded) > 2:
        second_images = of_images(embedded[2], sync_grads=True)
        second_texts = of_captions(embedded[3], sync_grads=True)
        views = dict(zip(VIEW_NAMES, (second_images, second_texts), strict=True))
    return objective(
        I,
        T,
        temperature=temperature,
        image_index=of_images(batch.image_index),
        caption_index=of_captions(batch.caption_index),
        labels=of_images(batch.labels),
        **views,
    )


def gathered(fabric: Fabric | None, tensor: Tensor, *, sync_grads: bool = False) -> Tensor:
    """What all K processes have, in each of them: (B, …) → (K·B, …), in the order of the ranks."""
    if fabric is None or fabric.world_size == 1:
        return tensor
    with warnings.catch_warnings():
        # Fabric's gathering calls a function of torch that announces its successor each time.
        warnings.filterwarnings("ignore", message=r"torch\.distributed\.nn\.functional\.all_gather")
        everywhere = fabric.all_gather(tensor, sync_grads=sync_grads)
    assert isinstance(everywhere, Tensor)
    return everywhere.flatten(0, 1)


def _cached_gradients(
    fabric: Fabric,
    model: _FabricModule,
    objective: Objective,
    batch: Batch,
    chunk_size: int,
    view_dropout: float | None,
) -> StepResult:
    """Gradient caching: exact gradients with the memory of one chunk.

    All embeddings are computed without a graph; the loss gives their gradients; then each chunk is
    embedded again, with a graph, and its embeddings' gradients are sent back through it.

    Source: Gao et al. 2021 (arXiv 2101.06983).
    """
    chunks = list(batch.chunks(chunk_size))
    # A chunk that is embedded twice must draw the same random numbers twice (dropout).
    seeds = [int(torch.randint(2**62, ())) for _ in chunks]

    # First pass: the embeddings of the whole batch, without a graph.
    pieces: list[list[Tensor]] = []
    with torch.no_grad():
        for chunk, seed in zip(chunks, seeds, strict=True):
            torch.manual_seed(seed)
            tau, embedded = embed(model, chunk, view_dropout)
            pieces.append(embedded)
    whole = [torch.cat(parts).requires_grad_() for parts in zip(*pieces, strict=True)]

    # The loss of the whole batch, and its gradients at the embeddings.
    temperature = tau.detach().clone().requires_grad_()
    loss, parts = total_loss(fabric, objective, temperature, whole, batch)
    # Unused is allowed: a triplet loss takes no τ, and a loss may take one tower's views alone.
    of_temperature, *of_whole = torch.autograd.grad(loss, (temperature, *whole), allow_unused=True)

    # Second pass: each chunk with a graph, through which its embeddings' gradients are sent back.
    for i, (chunk, seed) in enumerate(zip(chunks, seeds, strict=True)):
        is_last = i == len(chunks) - 1
        # Processes exchange gradients once, with the last chunk.
        with fabric.no_backward_sync(model, enabled=not is_last):
            torch.manual_seed(seed)
            tau, embedded = embed(model, chunk, view_dropout)
            # τ takes part in every chunk's graph, which DDP expects, and gets its gradient once.
            surrogate = tau * 0.0
            if is_last and of_temperature is not None:
                surrogate = tau * of_temperature
            surrogate = surrogate + with_gradients(embedded, of_whole, i * chunk_size)
            fabric.backward(surrogate)
    return StepResult(loss.detach(), parts)


def with_gradients(
    embedded: Sequence[Tensor], gradients: Sequence[Tensor | None], start: int
) -> Tensor:
    """A scalar whose gradients at a chunk's embeddings are those of the loss.

    Args:
        embedded: of the chunk, with a graph.
        gradients: of the whole batch's; None where the loss does not take them.
        start: the chunk's first row.
    """
    total = embedded[0].new_zeros(())
    for part, gradient in zip(embedded, gradients, strict=True):
        if gradient is not None:
            total = total + (part * gradient[start : start + len(part)]).sum()
    return total


def first_chunk_size(asked: int | Literal["auto"] | None, fabric: Fabric) -> int | None:
    """Images per forward pass that a run begins with; None: all of a batch."""
    if asked != "auto":
        return asked
    if fabric.device.type == "cuda":
        return None
    return IMAGES_OFF_GPU


def smaller_chunk(
    asked: int | Literal["auto"] | None,
    used: int | None,
    batch_size: int,
    error: Exception,
) -> int:
    """What to go on with where a GPU's memory ran out: half.

    Args:
        asked: what the recipe says.
        used: images per forward pass that were too many; None: all of the batch.
        batch_size: B, images of the batch.
        error: what torch said.

    Raises:
        TrainingError: the size is not to be chosen here, or the last one was 1.
    """
    images = min(used or batch_size, batch_size)
    half = images // 2
    if asked != "auto" or images == 1:
        raise TrainingError(
            f"the memory of the GPU does not hold {images} images at once"
            f" ({first_line(error, length=160)}); try --train.chunk_size {max(1, half)},"
            " --train.precision bf16, or --train.gradient_checkpointing true"
        ) from error
    log.info(
        "the memory of the GPU does not hold %d images at once; going on with %d, with the same"
        " gradients",
        images,
        half,
    )
    return half
