"""What a run leaves: the best model, its figures, the report."""

import sys
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from rich.console import Console

from harma.data.cache import ImageCache
from harma.data.description import load_description
from harma.data.split import Split
from harma.evaluation import Evaluation, evaluate, metrics_table, save_evaluation
from harma.evaluation.distributed import Share
from harma.evaluation.retrieval import embed_split, summarize_embedded, with_baseline
from harma.evaluation.user_metrics import find_metrics
from harma.model.adapter_directory import read_adapter
from harma.model.model import HarMA
from harma.model.saved import backbone_name_from, load, save_adapter, save_model
from harma.training.build import make_backbone, num_workers
from harma.training.recipe import Recipe
from harma.training.run import Progress, RunDirectory


def validate(
    fabric: Fabric, recipe: Recipe, model: HarMA, split: Split, cache: ImageCache
) -> dict[str, float]:
    """Metrics on the split that selects the model: all processes embed, the first one computes, all know."""

    def gather(part: NDArray[np.float32]) -> NDArray[np.float32]:
        everything: Any = fabric.all_gather(torch.from_numpy(part).to(fabric.device))
        gathered: NDArray[np.float32] = (
            everything.cpu().numpy().reshape(fabric.world_size, *part.shape)
        )
        return gathered

    with fabric.autocast():
        embedded = embed_split(
            model,
            split,
            batch_size=recipe.data.eval_batch_size,
            num_workers=num_workers(recipe.data),
            cache=cache,
            share=Share(fabric.global_rank, fabric.world_size, gather),
        )
    metrics: dict[str, float] = {}
    if fabric.is_global_zero:
        metrics = summarize_embedded(
            embedded, split, metrics=find_metrics(recipe.train.metrics)
        ).metrics
    shared: dict[str, float] = fabric.broadcast(metrics)
    return shared


def _evaluate(
    recipe: Recipe, model: HarMA, split: Split, cache: ImageCache, *, compare: bool
) -> Evaluation:
    return evaluate(
        model,
        split,
        batch_size=recipe.data.eval_batch_size,
        num_workers=num_workers(recipe.data),
        cache=cache,
        compare=compare,
        metrics=find_metrics(recipe.train.metrics),
    )


def save_best(
    recipe: Recipe,
    run: RunDirectory,
    model: HarMA,
    metrics: dict[str, float],
    progress: Progress,
    train: Split,
) -> None:
    """Write the model of this epoch to `best/`: adapters, or the whole model."""
    about: dict[str, Any] = {
        "method": recipe.method,
        "data": {
            "name": recipe.data.name,
            "train_images": train.num_images,
            "train_captions": train.num_captions,
            "fingerprint": train.fingerprint(),
        },
        "metrics": {"split": recipe.train.select_on, "epoch": progress.epoch, **metrics},
    }
    if recipe.method == "full":
        save_model(model, run.best, about=about)
        return
    name = backbone_name_from(run.best, run.backbone) if run.backbone.is_dir() else None
    save_adapter(model, run.best, backbone=name, about=about)


def finish(
    recipe: Recipe, run: RunDirectory, model: HarMA, splits: dict[str, Split], cache: ImageCache
) -> None:
    """Evaluate the chosen model on the split the recipe names, once; write figures and report; show the table."""
    trained, total = model.num_parameters(trained=True), model.num_parameters()
    device, split, peak = model.device, splits[recipe.train.evaluate_on], peak_memory(model.device)
    if recipe.method == "none":
        best = model.eval()
        evaluation = _evaluate(recipe, best, split, cache, compare=False)
    elif model.adapters is not None:
        best = load_best(run, model)
        evaluation = _evaluate(recipe, best, split, cache, compare=True)
    else:
        del model
        best = load(run.best).to(device)
        torch.manual_seed(
            recipe.train.seed
        )  # a backbone without weights starts at the same random ones
        start = HarMA(make_backbone(recipe)).to(device)
        evaluation = with_baseline(
            _evaluate(recipe, best, split, cache, compare=False),
            _evaluate(recipe, start, split, cache, compare=False),
        )
    chosen = {"select_on": recipe.train.select_on, "select_by": recipe.train.select_by}
    facts = {
        "method": recipe.method,
        "data": recipe.data.name,
        **(chosen if recipe.method != "none" else {}),
        "trained_parameters": trained,
        "total_parameters": total,
        "peak_memory_bytes": peak,
    }
    save_evaluation(evaluation, run.path, **facts)
    run.write_log(split.name, **evaluation.metrics)
    baseline = {"harma": "without adapters", "none": ""}.get(recipe.method, "before training")
    if recipe.train.report:
        from harma.evaluation.report import write_report  # matplotlib is slow to import

        info = {**facts, "note": load_description(recipe.data.name).note}
        write_report(
            run.path, evaluation=evaluation, split=split, baseline=baseline, info=info, model=best
        )
    # Last, so that a terminal that went away costs nothing.
    console = Console(width=None)
    console.print(metrics_table(evaluation, baseline=baseline))
    if recipe.train.select_on == split.name == "test" and recipe.method != "none":
        console.print(
            "[bold]The model was chosen on the test split: these figures flatter it.[/bold]"
        )


def peak_memory(device: torch.device) -> int:
    """The most memory this process has held so far, in bytes: on a GPU what torch took there, else resident."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def load_best(run: RunDirectory, model: HarMA) -> HarMA:
    """The model with the adapters, or other trained weights, of its best epoch."""
    model.load_adapter_state(read_adapter(run.best).state)
    return model.eval()
