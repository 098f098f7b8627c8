"""Gradients of one step: over several processes, and in chunks that fit the memory.

Every loss acts on the gathered batch of K processes. Fabric's gather sums the gradient of all K
copies of the loss and DDP averages over processes, so K processes of batch B get the gradients of
one process of batch K·B.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from lightning_fabric import Fabric
from torch import Tensor

from harma.training.objective import VIEWS, Objective


class Batch(NamedTuple):
    """B images of one process, each with C of its captions: B·C pairs, an image's pairs side by side.

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


def _gathered(fabric: Fabric, tensor: Tensor, sync_grads: bool = False) -> Tensor:
    """(B, …) of this process → (K·B, …) of all, in the order of the ranks."""
    if fabric.world_size == 1:
        return tensor
    gathered = fabric.all_gather(tensor, sync_grads=sync_grads)
    assert isinstance(gathered, Tensor)
    return gathered.flatten(0, 1)


def _embed(
    model: Any, batch: Batch, view_dropout: float | None, seed: int | None = None
) -> tuple[Tensor, list[Tensor]]:
    """Embed a batch: τ; image embeddings (B, E) and text embeddings (B, C, E), then those of the second views."""
    if seed is not None:
        torch.manual_seed(seed)
    views = {} if view_dropout is None else {"view_dropout": view_dropout}
    images, texts, temperature, *second = model(
        batch.pixels, batch.token_ids.flatten(0, 1), **views
    )
    shape = batch.token_ids.shape[:2]
    return temperature, [
        x.unflatten(0, shape) if i % 2 else x for i, x in enumerate([images, texts, *second])
    ]


def _objective(
    fabric: Fabric,
    objective: Objective,
    temperature: Tensor,
    embedded: Sequence[Tensor],
    batch: Batch,
) -> tuple[Tensor, dict[str, Tensor]]:
    captions = batch.token_ids.shape[1]

    def of_pairs(tensor: Tensor, per_caption: bool, sync_grads: bool = False) -> Tensor:
        gathered = _gathered(fabric, tensor, sync_grads)
        return (
            gathered.flatten(0, 1) if per_caption else gathered.repeat_interleave(captions, dim=0)
        )

    I, T, *views = (of_pairs(x, i % 2 == 1, sync_grads=True) for i, x in enumerate(embedded))
    return objective(
        I,
        T,
        temperature=temperature,
        image_index=of_pairs(batch.image_index, per_caption=False),
        caption_index=of_pairs(batch.caption_index, per_caption=True),
        labels=of_pairs(batch.labels, per_caption=False),
        **(dict(zip(VIEWS, views, strict=True)) if views else {}),
    )


def compute_gradients(
    fabric: Fabric,
    model: Any,
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
    loss, parts = _objective(fabric, objective, *_embed(model, batch, dropout), batch)
    fabric.backward(loss)
    return StepResult(loss.detach(), parts)


def _cached_gradients(
    fabric: Fabric,
    model: Any,
    objective: Objective,
    batch: Batch,
    chunk_size: int,
    view_dropout: float | None,
) -> StepResult:
    """Gradient caching (Gao et al. 2021, arXiv 2101.06983): exact gradients with the memory of one chunk.

    All embeddings are computed without a graph; the loss gives their gradients; then each chunk is
    embedded again, with a graph, and its embeddings' gradients are sent back through it.
    """
    chunks = list(batch.chunks(chunk_size))
    # A chunk that is embedded twice must draw the same random numbers twice (dropout).
    seeds = [int(torch.randint(2**62, ())) for _ in chunks]
    with torch.no_grad():
        pieces = [
            _embed(model, chunk, view_dropout, seed)
            for chunk, seed in zip(chunks, seeds, strict=True)
        ]
    whole = [
        torch.cat(parts).requires_grad_()
        for parts in zip(*(embedded for _, embedded in pieces), strict=True)
    ]
    temperature = pieces[0][0].detach().clone().requires_grad_()
    loss, parts = _objective(fabric, objective, temperature, whole, batch)
    of_temperature, *gradients = torch.autograd.grad(loss, (temperature, *whole), allow_unused=True)

    for i, (chunk, seed) in enumerate(zip(chunks, seeds, strict=True)):
        last = i == len(chunks) - 1
        # Processes exchange gradients once, with the last chunk.
        with fabric.no_backward_sync(model, enabled=not last):
            tau, embedded = _embed(model, chunk, view_dropout, seed)
            rows = slice(i * chunk_size, (i + 1) * chunk_size)
            # τ takes part in every chunk's graph, which DDP expects, and gets its gradient once.
            surrogate = tau * (of_temperature if last and of_temperature is not None else 0.0)
            for x, gradient in zip(embedded, gradients, strict=True):
                if gradient is not None:
                    surrogate = surrogate + (x * gradient[rows]).sum()
            fabric.backward(surrogate)
    return StepResult(loss.detach(), parts)
