"""The gradients of a step whose processes agree on what fits: out of memory in one, half in all.

Between two exchanges each process does what may run out of memory by itself; then all hear whether
it has for one of them, and all begin the step anew. So the gradients are exchanged here, and not by
DDP in the middle of a backward pass, where a process without memory would leave the others waiting.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule
from torch import Tensor, distributed
from torch.nn.parallel import DistributedDataParallel

from harma.training.objective import Objective
from harma.training.step import Batch, StepResult, embed, gathered, total_loss, with_gradients


def agreed_gradients(
    fabric: Fabric,
    model: _FabricModule,
    objective: Objective,
    batch: Batch,
    *,
    chunk_size: int | None,
    view_dropout: float,
) -> StepResult:
    """Add the gradients of one batch to the parameters of all processes.

    Args:
        fabric: devices and precision, of several processes.
        model: set up by `fabric`.
        objective: the total loss.
        batch: the pairs of this process.
        chunk_size: images per forward pass, by gradient caching; None: all of a batch.
        view_dropout: of second views, where a loss takes them.

    Returns:
        The loss of the whole batch.

    Raises:
        OutOfMemoryError: in all processes, where the memory of a GPU ran out in one of them.
    """
    dropout = view_dropout if objective.needs_views else None
    chunks = list(batch.chunks(chunk_size or len(batch.pixels)))
    seeds = [int(torch.randint(2**62, ())) for _ in chunks]
    _share_buffers(model)
    # One chunk is embedded once, with its graph; several are twice (see `step`).
    is_whole = len(chunks) == 1
    pieces: list[list[Tensor]] = []
    with _agreeing(fabric), fabric.no_backward_sync(model), torch.set_grad_enabled(is_whole):
        for chunk, seed in zip(chunks, seeds, strict=True):
            torch.manual_seed(seed)
            tau, embedded = embed(model, chunk, dropout)
            pieces.append(embedded)
        whole = [torch.cat(parts).detach() for parts in zip(*pieces, strict=True)]

    # The loss of the batch of all, and its gradients at the embeddings of all.
    everyone = _gathered_batch(fabric, batch)
    everywhere = [gathered(fabric, part).requires_grad_() for part in whole]
    temperature = tau.detach().clone().requires_grad_()
    with _agreeing(fabric):
        loss, parts = total_loss(None, objective, temperature, everywhere, everyone)
        # Unused is allowed: see `step`.
        of_temperature, *of_everywhere = torch.autograd.grad(
            loss, (temperature, *everywhere), allow_unused=True
        )
    gradients = [_own_rows(fabric, gradient) for gradient in of_everywhere]

    # Back through each chunk.
    start = 0
    with _agreeing(fabric), fabric.no_backward_sync(model):
        for chunk, seed in zip(chunks, seeds, strict=True):
            if not is_whole:
                torch.manual_seed(seed)
                tau, embedded = embed(model, chunk, dropout)
            surrogate = _of_temperature(tau, of_temperature, is_first=start == 0)
            fabric.backward(surrogate + with_gradients(embedded, gradients, start))
            start += len(chunk.pixels)
    _average_gradients(fabric, model)
    return StepResult(loss.detach(), parts)


def _of_temperature(tau: Tensor, gradient: Tensor | None, *, is_first: bool) -> Tensor:
    """A scalar whose gradient at τ is that of the loss, in the first chunk alone."""
    if is_first and gradient is not None:
        return tau * gradient
    return tau * 0.0


@contextmanager
def _agreeing(fabric: Fabric) -> Iterator[None]:
    """What runs out of memory within this context, in any process, is raised at its end, in all."""
    # Made now, since there may be no memory for it later.
    lacking = torch.zeros((), device=fabric.device)
    error: torch.cuda.OutOfMemoryError | None = None
    try:
        yield
    except torch.cuda.OutOfMemoryError as raised:
        error = raised
        lacking.fill_(1)
    distributed.all_reduce(lacking, op=distributed.ReduceOp.MAX)
    if error is not None:
        raise error
    if lacking.item():
        raise torch.cuda.OutOfMemoryError("the memory of another process ran out")


def _share_buffers(model: _FabricModule) -> None:
    """Share buffers, such as those of batch norm, as DDP does before a forward pass.

    DDP shares them in the pass itself, which a process without memory may not come to.
    """
    for module in model.modules():
        if isinstance(module, DistributedDataParallel):
            module.broadcast_buffers = False
    for buffer in model.buffers():
        distributed.broadcast(buffer, src=0)


def _gathered_batch(fabric: Fabric, batch: Batch) -> Batch:
    """The batch of all processes, as far as a loss looks at it: without what was embedded."""
    return batch._replace(
        image_index=gathered(fabric, batch.image_index),
        labels=gathered(fabric, batch.labels),
        caption_index=gathered(fabric, batch.caption_index),
    )


def _own_rows(fabric: Fabric, gradient: Tensor | None) -> Tensor | None:
    """Of a gradient at the embeddings of all (K·B, …), summed over the processes, the rows here."""
    if gradient is None:
        return None
    # As Fabric's gather does: each process has a copy of the loss.
    summed = gradient.contiguous()
    distributed.all_reduce(summed)
    return summed.chunk(fabric.world_size)[fabric.global_rank]


def _average_gradients(fabric: Fabric, model: _FabricModule) -> None:
    """The mean over the processes, in each of them, as DDP takes it."""
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad.div_(fabric.world_size)
            distributed.all_reduce(parameter.grad)
