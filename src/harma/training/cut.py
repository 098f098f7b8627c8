"""The one place that cuts a recipe into the parts of a run.

Everything below (`loop`, `step`, `results`, …) is given parts, ready to be used, and sees no
recipe.
"""

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule
from torch import nn

from harma.backbones import Backbone, Preprocess
from harma.data.description import load_description
from harma.data.split import Split
from harma.errors import ConfigError, TrainingError
from harma.evaluation.user_metrics import find_metrics
from harma.model.model import HarMA
from harma.model.pixels import BatchPixels
from harma.training.averages import AveragedWeights
from harma.training.batches import EpochBatches
from harma.training.build import (
    backbone_of_run,
    bare_model,
    build_model,
    load_splits,
    make_cache,
    num_workers,
    trained_reading,
)
from harma.training.compiled import CompiledBlocks
from harma.training.devices import fabrics_precision, records_steps, step_precision
from harma.training.feed import PLAIN, Feed, make_pairs, num_items, shortened, spread_labels
from harma.training.frozen import Frozen, OnFrozen
from harma.training.frozen_outputs import OutputMaker
from harma.training.frozen_parts import (
    frozen_in_training,
    frozen_of_run,
    make_frozen_cache,
    with_frozen_split,
    with_outputs,
)
from harma.training.objective import Objective
from harma.training.optim import Updates, make_optimizer, make_schedule, scheduled_steps
from harma.training.parts import GradientOptions, RunParts, Timetable, TrainingParts
from harma.training.read_ahead import ReadAhead
from harma.training.recipe import Recipe, TrainConfig
from harma.training.results import Ending, Measuring, Selection, Subject
from harma.training.run import RunDirectory


def cut(recipe: Recipe, fabric: Fabric, run: RunDirectory, *, resume: bool) -> RunParts:
    """Cut a recipe into parts.

    Args:
        recipe: what to run.
        fabric: launched.
        run: its directory.
        resume: whether it was begun before.

    Raises:
        HarmaError: recipe, data or backbone are not usable.
    """
    train = recipe.train
    # Only what is needed is read, so that a test split can stay unread.
    needed: list[str] = [train.evaluate_on]
    if recipe.trains:
        needed = ["train", train.select_on, train.evaluate_on]
    splits = load_splits(recipe.data, *dict.fromkeys(needed))

    subject = _subject(recipe)
    # From here on random numbers are drawn, in an order that a resumed run repeats.
    fabric.seed_everything(train.seed, verbose=False)
    backbone = backbone_of_run(recipe, run, resume=resume)
    measuring = _measuring(recipe, splits[train.evaluate_on], backbone.preprocess)
    ending = Ending(
        subject=subject,
        split=splits[train.evaluate_on],
        measuring=measuring,
        untrained=lambda: bare_model(recipe),
        report=train.report,
        captions=_captions_to_keep(recipe, splits),
    )
    if not recipe.trains:
        return RunParts(build_model(recipe, backbone), None, ending)
    gradients = _gradient_options(recipe, fabric, splits["train"])
    feed = _feed(recipe, fabric, backbone, splits["train"], measuring)
    selection = Selection(splits[train.select_on], train.select_by, measuring)
    with ExitStack() as on_failure:
        on_failure.callback(feed.reader.end)
        # Workers read the first batches while the model is made and moved to its device. Where a
        # resumed run goes on is known later, and so is whether plain images are read at all.
        if not resume and recipe.data.transform != PLAIN:
            feed.reader.begin()
        model = _trained_model(recipe, fabric, backbone, run, feed.pairs.split)
        training = _training_parts(recipe, fabric, model, gradients, feed, selection, subject)
        on_failure.pop_all()
    return RunParts(model, training, ending)


def _trained_model(
    recipe: Recipe, fabric: Fabric, backbone: Backbone, run: RunDirectory, split: Split
) -> HarMA:
    """The model that is to be trained on a split."""
    model = build_model(recipe, backbone)
    model.trained_reading = trained_reading(split)
    keeps_backbone = backbone.is_random and model.adapters is not None
    if keeps_backbone and not run.backbone.is_dir() and fabric.is_global_zero:
        # Nothing else could bring these weights back.
        backbone.save(run.backbone)
    return model


def _captions_to_keep(recipe: Recipe, splits: Mapping[str, Split]) -> tuple[str, ...]:
    """Those of the train split alone: what is learned from, and nothing that is measured on."""
    if recipe.trains and recipe.train.keep_captions:
        return splits["train"].captions
    return ()


def _subject(recipe: Recipe) -> Subject:
    return Subject(
        method=recipe.method,
        data=recipe.data.name,
        note=load_description(recipe.data.name).note,
        select_on=recipe.train.select_on,
        select_by=recipe.train.select_by,
    )


def _measuring(recipe: Recipe, split: Split, preprocess: Preprocess) -> Measuring:
    return Measuring(
        batch_size=recipe.data.eval_batch_size,
        num_workers=num_workers(recipe.data),
        cache=make_cache(recipe.data, split, preprocess),
        metrics=find_metrics(recipe.train.metrics),
    )


def _training_parts(
    recipe: Recipe,
    fabric: Fabric,
    model: HarMA,
    gradients: GradientOptions,
    feed: Feed,
    selection: Selection,
    subject: Subject,
) -> TrainingParts:
    """What the loop takes: model and optimiser on the device, and the data that feeds them."""
    if not gradients.objective.needs_temperature:
        # It would get no gradient, which several processes would wait for.
        model.temperature.requires_grad_(False)
    # Before training changes anything: what a checkpoint belongs to.
    made_from = {
        "backbone": frozen_hash(model),
        "train": feed.pairs.split.fingerprint(),
        selection.split.name: selection.split.fingerprint(),
    }
    check_alike(fabric, made_from)
    frozen = frozen_of_run(recipe.train, model, needs_views=gradients.objective.needs_views)
    in_training = frozen_in_training(frozen, model, feed.pairs.split, recipe.data, recipe.train)
    wrapped, updates = _set_up(recipe, fabric, model, feed.batches, in_training)
    if frozen:
        measuring = selection.measuring
        maker = OutputMaker(
            fabric=fabric,
            model=model,
            made_from=(made_from["backbone"], fabrics_precision(recipe.train)),
            cache=make_frozen_cache(recipe.train),
            pictures=measuring.cache,
            batch_size=measuring.batch_size,
            num_workers=measuring.num_workers,
        )
        feed = with_outputs(feed, maker, in_training)
        selection = with_frozen_split(selection, maker, frozen)
    if fabric.device.type != "cpu" and "text" not in in_training:
        feed = replace(feed, shorten=partial(shortened, model))
    # After the model is on its device, where the average is taken.
    averages = None
    if recipe.train.average_decay is not None:
        averages = AveragedWeights(model.trained_parameters(), recipe.train.average_decay)
    return TrainingParts(
        model=model,
        wrapped=wrapped,
        feed=feed,
        gradients=gradients,
        compiled=CompiledBlocks(model.backbone) if recipe.train.compile else None,
        updates=updates,
        averages=averages,
        selection=selection,
        subject=subject,
        timetable=_timetable(recipe.train),
        made_from=made_from,
        tensorboard=recipe.train.tensorboard,
    )


def _gradient_options(recipe: Recipe, fabric: Fabric, split: Split) -> GradientOptions:
    objective = Objective(recipe.loss.terms)
    check_views(objective, gradient_checkpointing=recipe.train.gradient_checkpointing)
    check_labels(objective, split, spread=recipe.data.spread_labels)
    return GradientOptions(
        objective=objective,
        chunk_size=recipe.train.chunk_size,
        view_dropout=recipe.loss.view_dropout,
        step_precision=step_precision(recipe.train, fabric),
        seed=recipe.train.seed,
        cuda_graphs=records_steps(recipe, fabric),
    )


def _feed(
    recipe: Recipe, fabric: Fabric, backbone: Backbone, split: Split, measuring: Measuring
) -> Feed:
    data = recipe.data
    batches = EpochBatches(
        num_items(data, split),
        data.batch_size,
        rank=fabric.global_rank,
        world_size=fabric.world_size,
        seed=recipe.train.seed,
        labels=spread_labels(data, split),
    )
    # Validation and training decode an image once between them.
    pairs = make_pairs(data, split, backbone, measuring.cache, seed=recipe.train.seed)
    reader = ReadAhead(
        pairs, batches, epochs=recipe.train.epochs, num_workers=measuring.num_workers
    )
    pixels_of = BatchPixels(backbone.preprocess, fabric.device)
    return Feed(pairs, batches, reader, fabric.to_device, pixels_of)


def _set_up(
    recipe: Recipe, fabric: Fabric, model: HarMA, batches: EpochBatches, frozen: Frozen
) -> tuple[_FabricModule, Updates]:
    """Model and optimiser as Fabric runs them: on the device, in the run's precision."""
    module: nn.Module = OnFrozen(model, frozen) if frozen else model
    # After the method was attached: what does not train has no place in the optimiser.
    # On a GPU alone: elsewhere an update is a hundredth of a step, and stays as it was to the bit.
    # In fp16 a fused step undoes the loss scaling itself, too late for gradients to be clipped.
    fused = fabric.device.type == "cuda" and recipe.train.precision != "fp16"
    optimizer = make_optimizer(model.trained_parameters().values(), recipe.optim, fused=fused)
    wrapped, optimizer = fabric.setup(module, optimizer)
    total = scheduled_steps(
        recipe.train.epochs,
        batches.num_items,
        batches.batch_size * batches.world_size,
        exact=recipe.schedule.exact_steps,
    )
    updates = Updates(
        optimizer=optimizer,
        peak_rate=recipe.optim.lr,
        schedule=make_schedule(recipe.schedule.name, total, recipe.schedule.warmup),
        clip_norm=recipe.optim.clip_norm,
        min_temperature=recipe.loss.min_temperature,
    )
    return wrapped, updates


def _timetable(train: TrainConfig) -> Timetable:
    return Timetable(
        epochs=train.epochs,
        validate_every=train.validate_every,
        patience=train.patience,
        checkpoint_every=train.checkpoint_every,
        log_every=train.log_every,
    )


def check_alike(fabric: Fabric, made_from: Mapping[str, str]) -> None:
    """Check that this process has the data and the backbone of the first one.

    Raises:
        TrainingError: it has others.
    """
    of_first = fabric.broadcast(dict(made_from))
    differing = [name for name, value in made_from.items() if of_first.get(name) != value]
    if differing:
        raise TrainingError(
            f"rank {fabric.global_rank} on {socket.gethostname()} has another"
            f" {' and '.join(differing)} than the first process (rank 0). All machines need the"
            " same annotations and weights"
        )


def frozen_hash(model: HarMA) -> str:
    """Hash of the backbone's weights, where a saved model needs them beside it; else ""."""
    if model.adapters is None:
        return ""
    with model.without_adapters():
        return model.backbone.weights_hash()


def check_views(objective: Objective, *, gradient_checkpointing: bool) -> None:
    """Raise if second views and gradient checkpointing are asked for together.

    Raises:
        ConfigError: they are.
    """
    # A block that is computed again in the backward pass would not lose the values it lost before.
    if objective.needs_views and gradient_checkpointing:
        raise ConfigError(
            "a loss of this recipe takes second views, which train.gradient_checkpointing cannot"
            " serve; train.chunk_size saves memory too"
        )


def check_labels(objective: Objective, split: Split, *, spread: bool) -> None:
    """Raise if labels are needed that the annotations do not have.

    Raises:
        ConfigError: they are; the message says what to leave out.
    """
    if split.labels is not None:
        return
    leave_out = [f"--loss.terms.{name} 0" for name in objective.taking_labels]
    if spread:
        leave_out.append("--data.spread_labels false")
    if leave_out:
        raise ConfigError(
            "the training annotations have no labels, which this recipe needs; without:"
            f" {' '.join(leave_out)}"
        )
