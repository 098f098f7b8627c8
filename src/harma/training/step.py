"""Gradients of one step: over several processes, and in chunks that fit the memory.

Every loss acts on the gathered batch of K processes. Fabric's gather sums the gradient of all K copies of the loss
and DDP averages over processes, so K processes of batch B get the gradients of one process of batch K·B.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from lightning_fabric import Fabric
from torch import Tensor

from harma.training.objective import Objective


class Batch(NamedTuple):
    """B pairs of one process.

    Attributes:
        pixels: (B, 3, H, W).
        token_ids: (B, L).
        image_index: (B,) which image each pair shows, over the whole split.
        labels: (B,), -1 where unknown.
    """

    pixels: Tensor
    token_ids: Tensor
    image_index: Tensor
    labels: Tensor

    def chunks(self, size: int) -> Iterator["Batch"]:
        """The batch in pieces of at most `size` pairs."""
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


def _objective(
    fabric: Fabric, objective: Objective, I: Tensor, T: Tensor, temperature: Tensor, batch: Batch
) -> tuple[Tensor, dict[str, Tensor]]:
    return objective(
        _gathered(fabric, I, sync_grads=True),
        _gathered(fabric, T, sync_grads=True),
        temperature=temperature,
        image_index=_gathered(fabric, batch.image_index),
        labels=_gathered(fabric, batch.labels),
    )


def compute_gradients(
    fabric: Fabric, model: Any, objective: Objective, batch: Batch, *, chunk_size: int | None = None
) -> StepResult:
    """Add the gradients of one batch to the parameters.

    Args:
        fabric: devices and precision.
        model: set up by `fabric`; called as (pixels, token_ids) → (I, T, temperature).
        objective: the total loss.
        batch: the pairs of this process.
        chunk_size: pairs per forward pass, by gradient caching; None or at least B runs the batch whole.

    Returns:
        The loss of the whole batch.
    """
    if chunk_size is not None and chunk_size < len(batch.pixels):
        return _cached_gradients(fabric, model, objective, batch, chunk_size)
    I, T, temperature = model(batch.pixels, batch.token_ids)
    loss, parts = _objective(fabric, objective, I, T, temperature, batch)
    fabric.backward(loss)
    return StepResult(loss.detach(), parts)


def _cached_gradients(fabric: Fabric, model: Any, objective: Objective, batch: Batch, chunk_size: int) -> StepResult:
    """Gradient caching (Gao et al. 2021, arXiv 2101.06983): exact gradients with the memory of one chunk.

    All embeddings are computed without a graph; the loss gives their gradients; then each chunk is embedded again,
    with a graph, and its embeddings' gradients are sent back through it.
    """
    chunks = list(batch.chunks(chunk_size))
    # A chunk that is embedded twice must draw the same random numbers twice (dropout).
    seeds = [int(torch.randint(2**62, ())) for _ in chunks]
    with torch.no_grad():
        embedded = [_seeded_forward(model, chunk, seed) for chunk, seed in zip(chunks, seeds, strict=True)]
    I = torch.cat([image for image, _, _ in embedded]).requires_grad_()
    T = torch.cat([text for _, text, _ in embedded]).requires_grad_()
    temperature = embedded[0][2].detach().clone().requires_grad_()
    loss, parts = _objective(fabric, objective, I, T, temperature, batch)
    of_I, of_T, of_temperature = torch.autograd.grad(loss, (I, T, temperature), allow_unused=True)

    for i, (chunk, seed) in enumerate(zip(chunks, seeds, strict=True)):
        last = i == len(chunks) - 1
        # Processes exchange gradients once, with the last chunk.
        with fabric.no_backward_sync(model, enabled=not last):
            image, text, tau = _seeded_forward(model, chunk, seed)
            rows = slice(i * chunk_size, (i + 1) * chunk_size)
            surrogate = (image * of_I[rows]).sum() + (text * of_T[rows]).sum()
            # τ takes part in every chunk's graph, which DDP expects, and gets its gradient once.
            surrogate = surrogate + tau * (of_temperature if last and of_temperature is not None else 0.0)
            fabric.backward(surrogate)
    return StepResult(loss.detach(), parts)


def _seeded_forward(model: Any, chunk: Batch, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(seed)
    out: tuple[Tensor, Tensor, Tensor] = model(chunk.pixels, chunk.token_ids)
    return out
