"""Token dropout: a backbone that drops values of tokens, for the second views of a loss."""

from torch import Tensor, nn
from torch.nn import functional as F

from harma.backbones.backbone import Backbone
from harma.backbones.views import hooked_view
from harma.ground.towers import TOWERS


def dropping_tokens(backbone: Backbone, share: float) -> Backbone:
    """A view of a backbone in which each value of a token is dropped with this chance.

    That is before the first block of each tower. A view, so that other calls keep their tokens, and
    so that a block which is run again in the backward pass drops the same ones.

    Raises:
        BackboneError: a tower has no transformer blocks.
    """

    # Dropped in evaluation mode too: who asks for second views wants them to differ.
    def drop(block: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return F.dropout(inputs[0], share), *inputs[1:]

    # Inside `bare` the second views are of the bare backbone.
    view = backbone.in_call()
    for tower in TOWERS:
        view = hooked_view(view, view.blocks(tower)[0], drop)
    return view
