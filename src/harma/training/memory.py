"""How many images of a batch run at once, so that what their backward pass needs fits into memory."""

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from harma.model import HarMA

# The rest is for gradients on their way, other programs' ups and downs, and what the allocator cannot use.
SHARE_OF_GPU = 0.6
# Elsewhere what is free says little (containers, job schedulers), and larger chunks are hardly faster.
BYTES_ELSEWHERE = 4 * 2**30
# A trained weight's gradient and the optimiser's two averages, float32.
BYTES_PER_TRAINED = 12
PROBED = 4


def fitting_chunk(
    fabric: Fabric, model: HarMA, token_ids: Tensor, batch_size: int, view_dropout: float | None = None
) -> int:
    """Images per forward pass for `compute_gradients`, the same in all processes.

    Args:
        fabric: devices and precision.
        model: on its device, in training mode.
        token_ids: the longest captions an image can have, (C, L).
        batch_size: B, images of a batch of this process.
        view_dropout: if the loss takes second views.

    Returns:
        From 1 to B; the chunks of a batch are about equally large.
    """
    of_image = bytes_per_image(fabric, model, token_ids, view_dropout)
    fitting = max(1, min(batch_size, _budget(model) // max(1, of_image)))
    if fabric.world_size > 1:
        # Fabric gives (K,): a number of each process.
        everywhere: Tensor = fabric.all_gather(torch.tensor(fitting, device=fabric.device))  # type: ignore[assignment]
        fitting = int(everywhere.min())
    return -(-batch_size // -(-batch_size // fitting))


def bytes_per_image(fabric: Fabric, model: HarMA, token_ids: Tensor, view_dropout: float | None = None) -> int:
    """Bytes that a forward pass keeps for the backward pass, for each image with its captions (C, L)."""
    views = {} if view_dropout is None else {"view_dropout": view_dropout}
    devices = [model.device] if model.device.type == "cuda" else []

    def kept(images: int) -> int:
        sizes: dict[int, int] = {}

        def note(tensor: Tensor) -> Tensor:
            # Several nodes of the graph keep the same memory.
            sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        pixels = torch.zeros(images, 3, *model.preprocess.size, device=model.device)
        captions = token_ids.to(model.device).repeat(images, 1)
        with fabric.autocast(), saved_tensors_hooks(note, lambda tensor: tensor):
            embedded = model(pixels, captions, **views)
        # Until here the graph must live: freed memory would be counted once for all that lies in it.
        del embedded
        return sum(sizes.values())

    with torch.random.fork_rng(devices):
        # The difference leaves out what is kept once for all images, above all weights.
        return (kept(2 * PROBED) - kept(PROBED)) // PROBED


def _budget(model: HarMA) -> int:
    if model.device.type != "cuda":
        return BYTES_ELSEWHERE
    free, _ = torch.cuda.mem_get_info(model.device)
    return int(SHARE_OF_GPU * (free - BYTES_PER_TRAINED * model.num_parameters(trained=True)))
