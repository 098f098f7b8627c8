"""The transformer blocks of both towers, compiled for steps of training."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from harma.backbones import Backbone
from harma.errors import BackboneError
from harma.ground.towers import TOWERS

log = logging.getLogger(__name__)


class CompiledBlocks:
    """Blocks that are compiled within a context, and elsewhere stay as they are.

    Blocks of a tower have the same code, which is compiled once for all of them: the whole model
    takes several times as long, and its steps no less. What is not a step (a validation, other
    shapes) would have to be compiled for itself, and is rarer than that is worth.

    Args:
        backbone: with what is attached to it.
    """

    def __init__(self, backbone: Backbone) -> None:
        self._forwards = []
        for tower in TOWERS:
            try:
                blocks = backbone.blocks(tower)
            except BackboneError as error:
                log.warning("train.compile leaves the %s tower as it is: %s", tower, error)
                continue
            self._forwards += [(block, torch.compile(block.forward)) for block in blocks]

    @contextmanager
    def used(self) -> Iterator[None]:
        """Within this context blocks are computed by what was compiled."""
        # On the instance, where it hides the method of the class.
        for block, forward in self._forwards:
            vars(block)["forward"] = forward
        try:
            yield
        finally:
            for block, _ in self._forwards:
                del vars(block)["forward"]
