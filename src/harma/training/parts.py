"""The parts that a run is made of, as records: what the loop and the end of a run are given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lightning_fabric.wrappers import _FabricModule

from harma.model.model import HarMA
from harma.model.precision import Precision
from harma.training.averages import AveragedWeights
from harma.training.compiled import CompiledBlocks
from harma.training.feed import Feed
from harma.training.objective import Objective
from harma.training.optim import Updates
from harma.training.results import Ending, Selection, Subject


@dataclass(frozen=True)
class Timetable:
    """When something happens besides a step.

    Attributes:
        epochs: passes over the data.
        validate_every: epochs between validations; the last one is validated anyway.
        patience: validations without a better one that end the run; None runs all epochs.
        checkpoint_every: steps between checkpoints, besides one after each epoch; or None.
        log_every: steps between lines of the log.
    """

    epochs: int
    validate_every: int
    patience: int | None
    checkpoint_every: int | None
    log_every: int


@dataclass(frozen=True)
class GradientOptions:
    """How the gradients of a step are computed.

    Attributes:
        objective: the total loss.
        chunk_size: images per forward pass, None for all of a batch, or "auto": see `step`.
        view_dropout: of second views, where a loss takes them.
        step_precision: what frozen weights are computed in; a resumed run goes on with that of its
            checkpoint.
        seed: of what is drawn in a step.
        cuda_graphs: whether the kernels of a step are recorded, see `graphs`.
    """

    objective: Objective
    chunk_size: int | Literal["auto"] | None
    view_dropout: float
    step_precision: Precision
    seed: int
    cuda_graphs: bool


@dataclass(frozen=True)
class TrainingParts:
    """What the loop uses.

    Attributes:
        model: on the device; trained in place.
        wrapped: the same, set up by Fabric: what a step calls.
        feed: batches.
        gradients: how a batch becomes gradients.
        compiled: the blocks of both towers, compiled; or None.
        updates: how gradients become weights.
        averages: follow the weights, and are validated and kept in their place; or None.
        selection: how the best model is chosen.
        subject: what a saved model says of its making.
        timetable: when something happens besides a step.
        made_from: fingerprints of data and frozen backbone: what a checkpoint belongs to.
        tensorboard: whether TensorBoard's events are written.
    """

    model: HarMA
    wrapped: _FabricModule
    feed: Feed
    gradients: GradientOptions
    compiled: CompiledBlocks | None
    updates: Updates
    averages: AveragedWeights | None
    selection: Selection
    subject: Subject
    timetable: Timetable
    made_from: Mapping[str, str]
    tensorboard: bool


@dataclass(frozen=True)
class RunParts:
    """A run, built and not begun.

    Attributes:
        model: on the CPU where nothing trains, else where it trains.
        training: what the loop takes; None where nothing trains.
        ending: what the finished run reports.
    """

    model: HarMA
    training: TrainingParts | None
    ending: Ending
