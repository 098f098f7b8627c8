"""Opening what a run left, its best model or its bare backbone, to be measured after training."""

from typing import Any

import torch

from harma.comparison.runs import Run
from harma.ground.device import best_device
from harma.ground.plugins import find
from harma.methods.table import own_method
from harma.model.model import HarMA
from harma.model.saved import load
from harma.training.build import make_backbone
from harma.training.recipe import Recipe


def device_of(recipe: Recipe) -> torch.device:
    """The device a recipe trains on."""
    return best_device(recipe.train.accelerator)


def open_run(run: Run) -> HarMA:
    """The best model of a finished run, on its device; for the bare backbone, that.

    Code is never taken from a saved model: an adapter class or a method of one's own is the one
    that the comparison's file names.

    Raises:
        HarmaError: it cannot be opened.
    """
    recipe = run.recipe
    if not run.row.trains:
        return open_bare(recipe)
    adapter: type[Any] | None = None
    if recipe.method == "harma" and recipe.adapter.adapter != "harma":
        adapter = find(recipe.adapter.adapter, {}, "adapter.adapter")
    method = own_method(recipe.method)
    return load(run.path, adapter=adapter, method=method).to(device_of(recipe)).eval()


def open_bare(recipe: Recipe) -> HarMA:
    """The backbone that a recipe adapts, on its device."""
    # A backbone without weights starts at the same random ones.
    torch.manual_seed(recipe.train.seed)
    return HarMA(make_backbone(recipe)).to(device_of(recipe)).eval()
