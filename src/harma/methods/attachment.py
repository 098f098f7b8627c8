"""What a method leaves in a backbone: the weights that train, and what it does to embeddings."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from harma.errors import WeightsError

Change = Literal["blocks", "projection", "embedding"]
"""Where a method first changes a tower."""
# How many weights that do not match a message names.
SHOWN_DIFFERENCES = 10


class Attachment:
    """A method, attached to a backbone.

    HarMA's adapters and each of its peers in `harma.methods` return one; the model needs nothing
    else of a method. There is no switch: the backbone itself knows what it was before
    (`Backbone.bare`). Parameters are changed in place, so that moving and casting the model is
    nobody's concern here.

    Attributes:
        owned: modules that lie in no block, such as adapters that several blocks share; the model
            registers them.
        trims_text: whether a text embedding is still independent of padding.
        first_change: what comes before it is the backbone's own and does not train: the blocks,
            where it is the projection into the embedding space; all of a tower, where it is what
            `on_image` and `on_text` do. Training then computes that once for each input.
    """

    owned: nn.Module
    trims_text: bool = True
    first_change: Change = "blocks"

    def __init__(self) -> None:
        self.owned = nn.ModuleDict()

    def state(self) -> dict[str, Tensor]:
        """What trains, under its names on disk: the tensors themselves, mostly parameters."""
        raise NotImplementedError

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Load weights whose names and shapes are those of `state`."""
        tensors = self.state()
        # In place: optimisers, averages and other threads hold these very tensors.
        with torch.no_grad():
            for name, value in state.items():
                tensors[name].copy_(value)

    def values_before(self) -> dict[nn.Parameter, Tensor]:
        """Parameters of the backbone that train in place, each with what it was before."""
        return {}

    def updates(self) -> dict[nn.Parameter, Tensor] | None:
        """What a method adds to weights of the backbone, if it does nothing else (`harma merge`).

        Returns:
            By the backbone's parameter, in float64; None: its effect is no sum with the weights.
        """
        return None

    def on_image(self, embeddings: Tensor) -> Tensor:
        """Change image embeddings (B, E), not normalised yet; most methods do not."""
        return embeddings

    def on_text(self, embeddings: Tensor) -> Tensor:
        """Change text embeddings (B, E), not normalised yet; most methods do not."""
        return embeddings


class AttachedModules(Attachment):
    """Modules in the blocks of a backbone, of which all parameters train.

    Args:
        modules: by their names on disk, such as "image.0", …; see `harma.methods.sites`.
    """

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self._modules = dict(modules)

    def state(self) -> dict[str, Tensor]:
        """What trains: each module's parameters under its name, "image.0.down.weight" and so on."""
        state: dict[str, Tensor] = {}
        for name, module in self._modules.items():
            for key, parameter in module.named_parameters():
                state[f"{name}.{key}"] = parameter
        return state


def check_state(expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> None:
    """Check that a state has the names and shapes of a model's own.

    Raises:
        WeightsError: it has not; the message lists them.
    """
    # Sets have no order of their own; the message has one.
    lines = [f"missing {name}" for name in expected.keys() - given.keys()]
    lines += [f"unexpected {name}" for name in given.keys() - expected.keys()]
    for name in expected.keys() & given.keys():
        has = tuple(given[name].shape)
        needs = tuple(expected[name].shape)
        if has != needs:
            lines.append(f"{name} has shape {has}, needs {needs}")
    if not lines:
        return
    shown = "; ".join(sorted(lines)[:SHOWN_DIFFERENCES])
    if len(lines) > SHOWN_DIFFERENCES:
        shown += f"; and {len(lines) - SHOWN_DIFFERENCES} more"
    raise WeightsError(
        f"{len(lines)} adapter weights do not match: {shown}. They belong to other options or"
        " towers."
    )
