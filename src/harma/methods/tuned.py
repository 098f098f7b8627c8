"""Methods that add nothing and train some of the backbone's own weights in place."""

from collections.abc import Mapping

from torch import Tensor, nn

from harma.methods.attachment import Attachment, Change


class TunedParameters(Attachment):
    """Weights of the backbone that train in place.

    What they were is kept, so that the bare backbone, and the hash of its weights, can be had at
    any time.

    Args:
        parameters: what trains, by the backbone's names; they are set to require gradients.
        first_change: where the first of them lies.
    """

    def __init__(
        self, parameters: Mapping[str, nn.Parameter], first_change: Change = "blocks"
    ) -> None:
        super().__init__()
        self.first_change = first_change
        self._parameters = dict(parameters)
        self._before = {name: p.detach().clone() for name, p in parameters.items()}
        for parameter in self._parameters.values():
            parameter.requires_grad_(True)

    def state(self) -> dict[str, Tensor]:
        """What trains, by the backbone's names."""
        return dict(self._parameters)

    def values_before(self) -> dict[nn.Parameter, Tensor]:
        """What the weights were, on the device and in the dtype that they have now."""
        # The model may have been moved since; where it was not, nothing is copied.
        return {p: self._before[name].to(p) for name, p in self._parameters.items()}

    def updates(self) -> dict[nn.Parameter, Tensor]:
        """What training added to the weights."""
        before = self.values_before()
        return {p: p.detach().double() - value.double() for p, value in before.items()}
