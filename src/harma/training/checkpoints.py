"""What a killed run continues from: what training changes, and what it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from harma.errors import TrainingError, WeightsError
from harma.ground.messages import plain_reason
from harma.model.model import HarMA
from harma.training.averages import AveragedWeights
from harma.training.run import BEGIN_AGAIN


@dataclass(frozen=True)
class TrainingState:
    """What a step changes, apart from how far the run has come.

    Attributes:
        model: being trained.
        optimizer: of the run.
        fabric: of the run; has the state of loss scaling.
        made_from: fingerprints of the data and the frozen backbone: what a checkpoint belongs to.
        averages: averaged weights, if the run keeps them.
    """

    model: HarMA
    optimizer: torch.optim.Optimizer
    fabric: Fabric
    made_from: Mapping[str, str]
    averages: AveragedWeights | None

    def checkpoint(self) -> dict[str, Any]:
        """The state as it is written; see `restore`."""
        # The keys are a file format: runs of earlier versions are resumed.
        state = {
            "model": _changing_weights(self.model),
            "optimizer": self.optimizer.state_dict(),
            "precision": self.fabric.strategy.precision.state_dict(),
            "world_size": self.fabric.world_size,
            "made_from": dict(self.made_from),
        }
        if self.averages is not None:
            state["averages"] = self.averages.state()
        return state

    def restore(self, path: Path, state: Mapping[str, Any]) -> None:
        """Go back to a checkpoint.

        Args:
            path: of the checkpoint, for messages.
            state: what `checkpoint` gave.

        Raises:
            TrainingError: processes, data or backbone are others than before.
            WeightsError: the checkpoint does not fit the model.
        """
        self._check_belongs(state)
        # What torch raises of a state that does not fit differs from part to part.
        try:
            _load_weights(self.model, state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.fabric.strategy.precision.load_state_dict(state["precision"])
            if self.averages is not None:
                self.averages.load(state["averages"])
        except (RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
            reason = plain_reason(error, "it is of another run")
            raise WeightsError(
                f"{path} does not fit the run's recipe ({reason}); {BEGIN_AGAIN}"
            ) from error

    def _check_belongs(self, state: Mapping[str, Any]) -> None:
        """Raise if a run that went on from here would not end as the one that was begun.

        Raises:
            TrainingError: processes, data or backbone are others than before.
        """
        world_size = self.fabric.world_size
        if state["world_size"] != world_size:
            raise TrainingError(
                f"the run was begun with {state['world_size']} processes and is resumed with"
                f" {world_size}; batches would differ. Resume it with as many as before"
            )
        before = state["made_from"]
        changed = [name for name, value in self.made_from.items() if before.get(name) != value]
        if changed:
            raise TrainingError(
                "the run was begun with other data or weights than are there now"
                f" ({', '.join(changed)} changed); a resumed run must end as if it had not been"
                " interrupted. Bring them back, or begin a new run"
            )


def _changing_weights(model: HarMA) -> dict[str, Tensor]:
    """What training changes: weights that train, and buffers."""
    # The frozen backbone, most of a model, is not written with every checkpoint.
    changing = model.trained_parameters().keys() | dict(model.named_buffers()).keys()
    return {name: tensor for name, tensor in model.state_dict().items() if name in changing}


def _load_weights(model: HarMA, weights: dict[str, Tensor]) -> None:
    """Load what `_changing_weights` gave.

    Raises:
        ValueError: a weight is not a number, or a name is missing or too many.
    """
    expected = _changing_weights(model).keys()
    if expected != weights.keys():
        differing = sorted(expected ^ weights.keys())
        raise ValueError(
            f"{len(differing)} weights are missing or unexpected, such as {differing[0]}"
        )
    broken = [name for name, tensor in weights.items() if not torch.isfinite(tensor).all()]
    if broken:
        raise ValueError(f"{len(broken)} weights are not numbers, such as {broken[0]}")
    model.load_state_dict({**model.state_dict(), **weights})
