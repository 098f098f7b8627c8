"""Data, backbone and model of a recipe, each by itself; `cut` puts a run together."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from harma.backbones import Backbone, Preprocess, load_backbone
from harma.data.annotations import load_split
from harma.data.cache import ImageCache
from harma.data.description import DataDescription, load_description
from harma.data.exclusion import leave_out_listed
from harma.data.split import Split
from harma.errors import ConfigError
from harma.ground.device import usable_cores
from harma.methods.table import METHODS, MethodConfig, make_config
from harma.model.embedding import with_model_bands
from harma.model.model import HarMA
from harma.model.reached import freeze_unreached
from harma.model.saved import warm_start
from harma.training.recipe import DataConfig, Recipe
from harma.training.recipe_checks import WITHOUT_METHOD
from harma.training.run import RunDirectory

log = logging.getLogger(__name__)

# More processes than these wait for the disk more than for a core.
MOST_WORKERS = 16


# -- data -----------------------------------------------------------------------------------------


def load_splits(data: DataConfig, *names: str) -> dict[str, Split]:
    """Read splits of the recipe's data set.

    Args:
        data: what to read.
        names: "train", "val", "test".

    Raises:
        ConfigError: there is no root.
        DataError: annotations or images are not usable.
    """
    description = _described(data)
    root = _root(data)
    splits: dict[str, Split] = {}
    for name in names:
        splits[name] = load_split(
            description,
            name,
            root,
            images=data.images,
            empty_captions=data.empty_captions,
            max_words=data.max_words,
        )
    if data.exclude is not None and "train" in splits:
        splits["train"] = leave_out_listed(splits["train"], data.exclude, description.name)
    return splits


def _described(data: DataConfig) -> DataDescription:
    """The data set's description, with the annotation files that stand in place of its own."""
    description = load_description(data.name)
    val = (data.val,) if data.val else description.val
    test = (data.test,) if data.test else description.test
    # All at once: a description checks that its files fit together.
    return replace(description, train=tuple(data.train or description.train), val=val, test=test)


def _root(data: DataConfig) -> str:
    """The folder of the files: as given, or that of the description."""
    if data.root:
        return data.root
    if data.name.endswith((".yaml", ".yml")):
        return str(Path(data.name).parent)
    raise ConfigError(
        f"data.root is not set; give the folder that holds {data.name}'s files: --data.root DIR"
    )


def make_cache(data: DataConfig, split: Split, preprocess: Preprocess) -> ImageCache:
    """Where decoded images of a data set are kept between epochs; any split says how it is read."""
    return ImageCache(data.cache, data.cache_dir, with_model_bands(split.reading, preprocess))


def trained_reading(split: Split) -> dict[str, Any] | None:
    """How the training images are read, as a saved model notes it; None for plain pictures."""
    if split.reading is None:
        return None
    # It takes rasterio, which is there where a split has a reading.
    from harma.scenes.reading_values import reading_values

    return reading_values(split.reading)


def num_workers(data: DataConfig) -> int:
    """Processes that prepare batches: as asked, or one for each core that the training leaves."""
    if data.num_workers is not None:
        return data.num_workers
    return min(MOST_WORKERS, max(0, usable_cores() - 1))


# -- model ----------------------------------------------------------------------------------------


def method_config(recipe: Recipe) -> MethodConfig | None:
    """The options of the recipe's method; None where nothing is attached to the backbone.

    Raises:
        ConfigError: the method or one of its options is unknown, or a value is outside its range.
    """
    method = recipe.method
    if method in WITHOUT_METHOD:
        return None
    if method == "harma":
        return recipe.adapter
    if method not in METHODS and "." not in method:
        raise ConfigError(
            f"method is {method!r}; allowed are {', '.join((*METHODS, *WITHOUT_METHOD))}, or the"
            " dotted path of your own (my_package.my_module.my_method)"
        )
    config: MethodConfig = make_config(method, recipe.options)
    return config


def make_backbone(recipe: Recipe) -> Backbone:
    """The backbone of a recipe, as it is before training."""
    return load_backbone(recipe.backbone, allow_download=recipe.download)


def bare_model(recipe: Recipe) -> HarMA:
    """The backbone of a recipe as a model, as it is before training."""
    # A backbone without weights starts at the same random ones.
    torch.manual_seed(recipe.train.seed)
    return HarMA(make_backbone(recipe))


def build_model(recipe: Recipe, backbone: Backbone) -> HarMA:
    """The model of a recipe: its method attached, what does not train frozen, warm start done."""
    model = HarMA(backbone, method_config(recipe), temperature=recipe.loss.temperature)
    if recipe.init is not None:
        warm_start(model, recipe.init)
    if recipe.method == "full":
        model.train_backbone()
    model.temperature.requires_grad_(recipe.loss.train_temperature and recipe.trains)
    if recipe.trains:
        _freeze_unreached(model)
    if recipe.train.gradient_checkpointing:
        backbone.set_gradient_checkpointing(True)
    return model


def _freeze_unreached(model: HarMA) -> None:
    """Freeze what would train without ever getting a gradient; several processes wait for one."""
    frozen = freeze_unreached(model)
    if frozen:
        log.info(
            "%d weights, such as %s, do not train: no embedding depends on them",
            len(frozen),
            frozen[0],
        )


def backbone_of_run(recipe: Recipe, run: RunDirectory, *, resume: bool) -> Backbone:
    """The backbone of a recipe, with the weights that a resumed run keeps."""
    backbone = make_backbone(recipe)
    if resume and run.backbone.is_dir():
        # Before the method is attached, which may keep what weights were; opening draws random
        # numbers of its own.
        with torch.random.fork_rng():
            of_run = load_backbone(f"local-dir:{run.backbone}")
            backbone.load_weights(of_run.weights(), str(run.backbone))
    return backbone
