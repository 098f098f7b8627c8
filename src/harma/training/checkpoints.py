"""What a killed run continues from: what training changes, and what it belongs to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from harma.errors import TrainingError, WeightsError
from harma.model.model import HarMA
from harma.training.averages import AveragedWeights
from harma.training.run import BEGIN_AGAIN


def checkpoint(
    model: HarMA,
    optimizer: Any,
    fabric: Fabric,
    made_from: Mapping[str, str],
    averages: AveragedWeights | None,
) -> dict[str, Any]:
    """The state of a run.

    Args:
        model: being trained.
        optimizer: of the run.
        fabric: of the run.
        made_from: fingerprints of the data and the frozen backbone.
        averages: averaged weights, if the run keeps them.
    """
    return {
        "model": _training_state(model),
        "optimizer": optimizer.state_dict(),
        "precision": fabric.strategy.precision.state_dict(),
        "world_size": fabric.world_size,
        "made_from": dict(made_from),
        **({} if averages is None else {"averages": averages.state()}),
    }


def restore(
    path: Path,
    state: Mapping[str, Any],
    model: HarMA,
    optimizer: Any,
    fabric: Fabric,
    made_from: Mapping[str, str],
    averages: AveragedWeights | None,
) -> None:
    """Bring a run back to a checkpoint.

    Args:
        path: of the checkpoint, for messages.
        state: what `checkpoint` gave.
        model: gets the weights.
        optimizer: gets its state.
        fabric: gets the state of loss scaling.
        made_from: fingerprints of what is there now.
        averages: get the averaged weights, if the run keeps them.

    Raises:
        TrainingError: processes, data or backbone are others than before.
        WeightsError: the checkpoint does not fit the model.
    """
    if state["world_size"] != fabric.world_size:
        raise TrainingError(
            f"the run was begun with {state['world_size']} processes and is resumed with"
            f" {fabric.world_size}; batches would differ. Resume it with as many as before"
        )
    changed = [name for name, value in made_from.items() if state["made_from"].get(name) != value]
    if changed:
        raise TrainingError(
            f"the run was begun with other data or weights than are there now ({', '.join(changed)}"
            " changed); a resumed run must end as if it had not been interrupted. Bring them back,"
            " or begin a new run"
        )
    try:
        _load_training_state(model, state["model"])
        optimizer.load_state_dict(state["optimizer"])
        fabric.strategy.precision.load_state_dict(state["precision"])
        if averages is not None:
            averages.load(state["averages"])
    except (RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0][:200]
        raise WeightsError(
            f"{path} does not fit the run's recipe ({reason}); {BEGIN_AGAIN}"
        ) from error


def _load_training_state(model: HarMA, state: dict[str, Tensor]) -> None:
    """Load what `_training_state` gave.

    Raises:
        ValueError: a weight is not a number, or a name is missing or too many.
    """
    expected = _training_state(model).keys()
    if expected != state.keys():
        differing = sorted(expected ^ state.keys())
        raise ValueError(
            f"{len(differing)} weights are missing or unexpected, such as {differing[0]}"
        )
    broken = [name for name, tensor in state.items() if not torch.isfinite(tensor).all()]
    if broken:
        raise ValueError(f"{len(broken)} weights are not numbers, such as {broken[0]}")
    model.load_state_dict({**model.state_dict(), **state})


def _training_state(model: HarMA) -> dict[str, Tensor]:
    """What training changes: weights that train, and buffers."""
    changing = model.trained_parameters().keys() | dict(model.named_buffers()).keys()
    return {name: tensor for name, tensor in model.state_dict().items() if name in changing}
