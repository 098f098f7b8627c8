"""An exponential moving average (EMA) of what trains, which is validated and kept in its place."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class AveragedWeights:
    """The exponential moving average of weights over steps.

    In step s (from 1) the decay is at most (1 + s) / (10 + s), so that the first steps, which start
    from nothing learned, are soon forgotten (the usual warm-up of such averages, as in timm's
    ModelEmaV3).

    Args:
        parameters: what is averaged, by name.
        decay: how much of the average each step keeps.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self._parameters = dict(parameters)
        self.decay = decay
        self.averages = {name: p.detach().clone() for name, p in self._parameters.items()}
        self.num_steps = 0

    def update(self) -> None:
        """Take the weights as they are after a step into the average."""
        self.num_steps += 1
        decay = min(self.decay, (1 + self.num_steps) / (10 + self.num_steps))
        update = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        current = [parameter.detach() for parameter in self._parameters.values()]
        # A model that was moved to a GPU takes its average along.
        for name, parameter in self._parameters.items():
            self.averages[name] = self.averages[name].to(parameter.device)
        with torch.no_grad():
            update(list(self.averages.values()), current, self.num_steps)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within this context the model has the average; then what it trains with again."""
        trained = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._set(self.averages)
        try:
            yield
        finally:
            self._set(trained)

    def _set(self, values: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(values[name])

    def state(self) -> dict[str, Tensor]:
        """The average by name, and the steps in it."""
        return {**self.averages, "num_steps": torch.tensor(self.num_steps)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` gave.

        Raises:
            ValueError: names or shapes are others, or a weight is not a number.
        """
        values = dict(state)
        steps = values.pop("num_steps", None)
        if steps is None or values.keys() != self.averages.keys():
            raise ValueError("the averaged weights have other names")
        for name, value in values.items():
            # An average that is no number would spoil every later one.
            if value.shape != self.averages[name].shape or not torch.isfinite(value).all():
                raise ValueError(f"the averaged weight {name} does not fit, or is not a number")
        self.averages = {name: value.to(self.averages[name]) for name, value in values.items()}
        self.num_steps = int(steps)
