"""The one place that cuts a recipe into the parts of a run.

Everything below (`loop`, `step`, `results`, …) is given parts, ready to be used, and sees no
recipe.
"""

import torch
from lightning_fabric import Fabric
from torch import nn

from harma.data.description import load_description
from harma.data.split import Split
from harma.errors import ConfigError
from harma.evaluation.user_metrics import find_metrics
from harma.model.model import HarMA
from harma.training.averages import AveragedWeights
from harma.training.batches import EpochBatches
from harma.training.build import (
    backbone_of_run,
    bare_model,
    build_model,
    load_splits,
    make_cache,
    num_workers,
)
from harma.training.feed import Feed, make_loader, make_pairs, num_items, spread_labels
from harma.training.objective import Objective
from harma.training.optim import Updates, make_optimizer, make_schedule, scheduled_steps
from harma.training.parts import GradientOptions, RunParts, Timetable, TrainingParts
from harma.training.recipe import Recipe
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
    # -- data: only what is asked for is read, so that a test split can stay unread
    needed: list[str] = [train.evaluate_on]
    if recipe.trains:
        needed = ["train", train.select_on, train.evaluate_on]
    splits = load_splits(recipe.data, *dict.fromkeys(needed))
    cache = make_cache(recipe.data)

    # -- model: from here on random numbers are drawn, in an order that a resumed run repeats
    fabric.seed_everything(train.seed, verbose=False)
    backbone = backbone_of_run(recipe, run, resume=resume)
    model = build_model(recipe, backbone)
    keeps_backbone = backbone.is_random and model.adapters is not None
    if keeps_backbone and not run.backbone.is_dir() and fabric.is_global_zero:
        # Nothing else could bring these weights back.
        backbone.save(run.backbone)

    # -- what is measured while it trains, and at the end
    subject = Subject(
        method=recipe.method,
        data=recipe.data.name,
        note=load_description(recipe.data.name).note,
        select_on=train.select_on,
        select_by=train.select_by,
    )
    measuring = Measuring(
        batch_size=recipe.data.eval_batch_size,
        num_workers=num_workers(recipe.data),
        cache=cache,
        metrics=find_metrics(train.metrics),
    )
    ending = Ending(
        subject=subject,
        split=splits[train.evaluate_on],
        measuring=measuring,
        untrained=lambda: bare_model(recipe),
        report=train.report,
    )
    if not recipe.trains:
        return RunParts(model, None, ending)
    selection = Selection(splits[train.select_on], train.select_by, measuring)
    training = _training_parts(recipe, fabric, model, splits["train"], selection, subject)
    return RunParts(model, training, ending)


def _training_parts(
    recipe: Recipe,
    fabric: Fabric,
    model: HarMA,
    split: Split,
    selection: Selection,
    subject: Subject,
) -> TrainingParts:
    """What the loop takes: model and optimiser on the device, and the data that feeds them."""
    train = recipe.train
    objective = Objective(recipe.loss.terms)
    check_views(objective, gradient_checkpointing=train.gradient_checkpointing)
    check_labels(objective, split, spread=recipe.data.spread_labels)
    if not objective.needs_temperature:
        # It would get no gradient, which several processes wait for, and only decay.
        model.temperature.requires_grad_(False)
    # Before training changes anything: what a checkpoint belongs to.
    made_from = {
        "backbone": frozen_hash(model),
        "train": split.fingerprint(),
        selection.split.name: selection.split.fingerprint(),
    }
    batches = EpochBatches(
        num_items(recipe.data, split),
        recipe.data.batch_size,
        rank=fabric.global_rank,
        world_size=fabric.world_size,
        seed=train.seed,
        labels=spread_labels(recipe.data, split),
    )
    pairs = make_pairs(recipe.data, split, model, selection.measuring.cache, seed=train.seed)
    # Our own sampler knows of the processes already.
    loader = fabric.setup_dataloaders(
        make_loader(pairs, batches, selection.measuring.num_workers), use_distributed_sampler=False
    )
    assert not isinstance(loader, list)

    module: nn.Module = model
    optimizer = make_optimizer(model.trained_parameters().values(), recipe.optim)
    if train.compile:
        compiled = torch.compile(model)
        assert isinstance(compiled, nn.Module)
        module = compiled
    wrapped, optimizer = fabric.setup(module, optimizer)
    averages = None
    if train.average_decay is not None:
        averages = AveragedWeights(model.trained_parameters(), train.average_decay)
    total = scheduled_steps(
        train.epochs,
        batches.num_items,
        batches.batch_size * batches.world_size,
        exact=recipe.schedule.exact_steps,
    )
    return TrainingParts(
        model=model,
        wrapped=wrapped,
        feed=Feed(pairs, batches, loader),
        gradients=GradientOptions(
            objective=objective,
            chunk_size=train.chunk_size,
            view_dropout=recipe.loss.view_dropout,
            seed=train.seed,
        ),
        updates=Updates(
            optimizer=optimizer,
            peak_rate=recipe.optim.lr,
            schedule=make_schedule(recipe.schedule.name, total, recipe.schedule.warmup),
            clip_norm=recipe.optim.clip_norm,
            min_temperature=recipe.loss.min_temperature,
        ),
        averages=averages,
        selection=selection,
        subject=subject,
        timetable=Timetable(
            epochs=train.epochs,
            validate_every=train.validate_every,
            patience=train.patience,
            checkpoint_every=train.checkpoint_every,
            log_every=train.log_every,
        ),
        made_from=made_from,
        tensorboard=train.tensorboard,
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
