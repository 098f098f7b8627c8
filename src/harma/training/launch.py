"""Train a recipe, or resume a run: from data to report.

A run ends the same whether it was interrupted or not: in every process and at every step the same
random numbers are drawn.
"""

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import ClusterEnvironment
from lightning_fabric.strategies import ParallelStrategy

from harma.errors import ConfigError
from harma.ground.lock import locked
from harma.ground.messages import about_file
from harma.ground.outputs import check_output_directory
from harma.training.build import method_config
from harma.training.company import Company, in_company
from harma.training.cut import cut
from harma.training.devices import make_fabric
from harma.training.loop import Trainer
from harma.training.recipe import Recipe
from harma.training.recipe_files import open_recipe
from harma.training.results import finish
from harma.training.run import Progress, RunDirectory

# What machines may have of their own: where things lie, and how they are read.
OWN_OF_A_MACHINE = {
    "output",
    "data.root",
    "data.images",
    "data.cache",
    "data.cache_dir",
    "data.num_workers",
    "train.frozen_cache_dir",
}


@dataclass(frozen=True)
class TrainedRun:
    """A finished run.

    Attributes:
        path: its directory; `harma.load(path)` opens its model.
        split: whose figures `metrics` are: "test", or "val" with `train.evaluate_on: val`.
        metrics: of the kept model, in percent.
        metrics_before: without what was trained, or None where nothing was.
        best_epoch: epoch of the kept model; 0 where nothing trains.
        best: its figure of `train.select_by` on the split that chose it; None where nothing trains.
    """

    path: Path
    split: str
    metrics: dict[str, float]
    metrics_before: dict[str, float] | None
    best_epoch: int
    best: float | None


def train(
    recipe: Recipe | str | Path | Mapping[str, object],
    *,
    overrides: Mapping[str, object] | None = None,
    resume: bool = False,
) -> TrainedRun:
    """Run a recipe.

    ::

        harma.train("rsitmd_geo", overrides={"data.root": "data/rsitmd", "output": "runs/a"})

    Args:
        recipe: what to run: a recipe, the name of a shipped one, a YAML file, or a mapping of plain
            values.
        overrides: dotted name → value, as the flags of `harma train`.
        resume: continue the run in the recipe's `output`; it ends as if it had not been
            interrupted. `resume(directory)` does so with the recipe that it was begun with.

    Raises:
        HarmaError: recipe, data or backbone are not usable, or the loss stopped being a number.
    """
    # From here on: what fails in one of several processes is told to the others.
    with in_company() as company:
        recipe = open_recipe(recipe, overrides)
        # Before anything is read or written: a method is a name until here.
        method_config(recipe)
        check_output_directory(recipe.output, "output")
        fabric = make_fabric(recipe.train)
        fabric.launch()
        # Where Fabric itself has started the others, they are there only now.
        company.join(_environment(fabric))
        _check_alike(company, recipe)
        run = RunDirectory(recipe.output)
        if fabric.is_global_zero and not resume:
            run.check_free()
        # One process writes, so one holds the lock; the others would find it taken.
        with locked(run.path, "training in") if fabric.is_global_zero else nullcontext():
            trained = _train(fabric, recipe, run, resume=resume)
        # The others wait for the report too.
        shared = fabric.broadcast(trained)
        company.leave()
    assert shared is not None
    return shared


def _check_alike(company: Company, recipe: Recipe) -> None:
    """Check that all processes run one recipe: gradients of two would be averaged without a word.

    Raises:
        ConfigError: this process has another one than the first.
    """
    here = json.loads(json.dumps(recipe.to_dict()))
    of_first = company.from_first("recipe", lambda: here)
    differing = [name for name in _differing(here, of_first) if name not in OWN_OF_A_MACHINE]
    if differing:
        raise ConfigError(
            f"{company.name} has another recipe than the first process (rank 0):"
            f" {', '.join(differing)} differ. Give all processes the same recipe and the same flags"
        )


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The names, dotted within sections, that two recipes have different values of."""
    names: list[str] = []
    for name in one.keys() | other.keys():
        here = one.get(name)
        there = other.get(name)
        if isinstance(here, Mapping) and isinstance(there, Mapping):
            names += [f"{name}.{inner}" for inner in _differing(here, there)]
        elif here != there:
            names.append(name)
    return sorted(names)


def _environment(fabric: Fabric) -> ClusterEnvironment | None:
    """How the processes of a run find each other; None where there is one."""
    if fabric.world_size == 1:
        return None
    assert isinstance(fabric.strategy, ParallelStrategy)
    return fabric.strategy.cluster_environment


def resume(directory: str | Path) -> TrainedRun:
    """Continue a run that was interrupted, with the recipe it was begun with.

    It ends as if it had not been interrupted. The directory may have been moved.

    Args:
        directory: of the run.

    Raises:
        MissingFileError: the directory holds no run.
        HarmaError: see `train`; also where data or weights are others than those it was begun with.
    """
    run = RunDirectory(directory)
    with in_company() as company:
        # Only the first process needs the directory: it alone writes there.
        begun = company.from_first(
            "run", lambda: {"recipe": run.read_recipe(), "state": run.state_stamp()}
        )
        if not company.is_first:
            run.check_same(begun["recipe"], begun["state"], company.name)
        with about_file(run.recipe):
            recipe = open_recipe({**begun["recipe"], "output": str(directory)})
        return train(recipe, resume=True)


def _train(fabric: Fabric, recipe: Recipe, run: RunDirectory, *, resume: bool) -> TrainedRun | None:
    """Build everything, then begin: a recipe that cannot be used leaves no run behind.

    Returns:
        What came out, in the first process.
    """
    parts = cut(recipe, fabric, run, resume=resume)
    # Below this line nothing knows the recipe, but for what is written down of it.
    progress = Progress()
    trainer = None
    if parts.training is not None:
        trainer = Trainer(fabric, run, parts.training)
    if fabric.is_global_zero and not resume:
        run.begin(recipe.to_dict())
    fabric.barrier()
    if trainer is None:
        fabric.to_device(parts.model)
    else:
        progress = trainer.fit(resume=resume)
    if not fabric.is_global_zero:
        return None
    evaluation = finish(run, parts.model, parts.ending)
    before = evaluation.without_adapters
    return TrainedRun(
        path=run.path,
        split=evaluation.split,
        metrics=evaluation.metrics,
        metrics_before=None if before is None else before.metrics,
        best_epoch=progress.best_epoch,
        best=progress.best if progress.best_epoch else None,
    )
