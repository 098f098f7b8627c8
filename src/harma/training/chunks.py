"""Gradients in chunks that fit: how many images of a batch run at once where nobody says."""

import logging
from typing import Literal

from lightning_fabric import Fabric

from harma.errors import TrainingError

log = logging.getLogger(__name__)

# Elsewhere memory that runs out ends the process, so that there is nothing to learn from.
IMAGES_ELSEWHERE = 64


def first_chunk_size(asked: int | Literal["auto"] | None, fabric: Fabric) -> int | None:
    """Images per forward pass that a run begins with; None: all of a batch."""
    if asked != "auto":
        return asked
    return None if fabric.device.type == "cuda" else IMAGES_ELSEWHERE


def smaller_chunk(
    asked: int | Literal["auto"] | None,
    used: int | None,
    batch_size: int,
    fabric: Fabric,
    error: Exception,
) -> int:
    """What to go on with where a GPU's memory ran out: half.

    Args:
        asked: what the recipe says.
        used: images per forward pass that were too many; None: all of the batch.
        batch_size: B, images of the batch.
        fabric: of the run.
        error: what torch said.

    Raises:
        TrainingError: the size is not to be chosen here, or the last one was 1.
    """
    images = min(used or batch_size, batch_size)
    # Of several processes the others wait in an exchange that this one has left.
    if asked != "auto" or images == 1 or fabric.world_size > 1:
        raise TrainingError(
            f"the memory of the GPU does not hold {images} images at once"
            f" ({str(error).splitlines()[0][:160]}); try --train.chunk_size {max(1, images // 2)},"
            " --train.precision bf16, or --train.gradient_checkpointing true"
        ) from error
    log.info(
        "the memory of the GPU does not hold %d images at once; going on with %d, with the same"
        " gradients",
        images,
        images // 2,
    )
    return images // 2
