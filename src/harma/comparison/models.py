"""Opening what a run left, as it is measured after training."""

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

    Raises:
        HarmaError: it cannot be opened.
    """
    recipe = run.recipe
    if not run.row.trains:
        return open_bare(recipe)
    own = recipe.adapter.adapter if recipe.method == "harma" else "harma"
    adapter = None if own == "harma" else find(own, {}, "adapter.adapter")
    method = own_method(recipe.method)
    return load(run.path, adapter=adapter, method=method).to(device_of(recipe)).eval()


def open_bare(recipe: Recipe) -> HarMA:
    """The backbone that a recipe adapts, on its device."""
    torch.manual_seed(
        recipe.train.seed
    )  # a backbone without weights starts at the same random ones
    return HarMA(make_backbone(recipe)).to(device_of(recipe)).eval()
