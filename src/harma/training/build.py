"""From a recipe to the parts of a run: data, model, optimiser, devices."""

import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch.utils.data import DataLoader, default_collate

from harma.backbones import Backbone, load_backbone
from harma.data.annotations import load_split
from harma.data.cache import ImageCache
from harma.data.datasets import CaptionPairs
from harma.data.description import load_description
from harma.data.exclusion import leave_out_listed
from harma.data.split import Split
from harma.data.transforms import train_transform
from harma.errors import ConfigError
from harma.ground.device import usable_cores
from harma.ground.plugins import find
from harma.methods.table import MethodConfig, make_config
from harma.model.model import HarMA
from harma.model.saved import warm_start
from harma.training.batches import EpochBatches
from harma.training.recipe import DataConfig, Recipe
from harma.training.step import Batch

PRECISIONS: dict[str, Any] = {
    "float32": "32-true",
    "bf16": "bf16-mixed",
    "fp16": "16-mixed",
    "float64": "64-true",
}


def make_fabric(recipe: Recipe) -> Fabric:
    """Devices, processes and precision of a run.

    Raises:
        ConfigError: the machine has no such device, or the precision does not work on it.
    """
    train = recipe.train
    accelerator = "gpu" if train.accelerator == "cuda" else train.accelerator
    on_cpu = accelerator == "cpu" or (accelerator == "auto" and not _has_gpu())
    if train.precision == "fp16" and on_cpu:
        raise ConfigError(
            "train.precision is fp16, which needs a GPU; on a CPU use float32 or bf16"
        )
    # lightning-fabric's own gathering calls it, some hundred times a run.
    warnings.filterwarnings(
        "ignore", message="torch.distributed.nn.functional.all_gather is deprecated"
    )
    devices, num_nodes = _launched() or (train.devices, train.num_nodes)
    if num_nodes > 1 and _launched() is None:
        raise ConfigError(
            f"train.num_nodes is {num_nodes}; several machines are started by torchrun or SLURM,"
            f" such as torchrun --nnodes {num_nodes} --nproc-per-node {train.devices}"
            " --rdzv-endpoint HOST:29500 -m harma train …"
        )
    try:
        return Fabric(
            accelerator=accelerator,
            devices=devices,
            num_nodes=num_nodes,
            precision=PRECISIONS[train.precision],
            strategy="auto",
        )
    except (RuntimeError, ValueError, MisconfigurationException) as error:
        raise ConfigError(
            f"train.accelerator {train.accelerator} with {devices} devices: {error}"
        ) from error


def _launched() -> tuple[int, int] | None:
    """Processes on this machine and machines, if torchrun or SLURM started us; None if not."""
    environment = os.environ
    if "TORCHELASTIC_RUN_ID" in environment:
        local = int(environment["LOCAL_WORLD_SIZE"])
        return local, int(environment["WORLD_SIZE"]) // local
    # Inside `srun` there is a task number; an interactive allocation alone starts nothing.
    if "SLURM_PROCID" in environment and int(environment.get("SLURM_NTASKS", "1")) > 1:
        num_nodes = int(environment.get("SLURM_NNODES", "1"))
        return int(environment["SLURM_NTASKS"]) // num_nodes, num_nodes
    return None


def _has_gpu() -> bool:
    return torch.cuda.is_available() or torch.backends.mps.is_available()


def num_workers(data: DataConfig) -> int:
    """Processes that prepare batches: as asked, or one for each core the training leaves, at most 8."""
    if data.num_workers is not None:
        return data.num_workers
    return min(8, max(0, usable_cores() - 1))


def load_splits(data: DataConfig, *names: str) -> dict[str, Split]:
    """Read splits of the recipe's data set.

    Args:
        data: what to read.
        names: "train", "val", "test".

    Raises:
        ConfigError: there is no root.
        DataError: annotations or images are not usable.
    """
    description = load_description(data.name)
    overrides: dict[str, Any] = {
        split: tuple(files)
        for split, files in {
            "train": data.train,
            "val": data.val and [data.val],
            "test": data.test and [data.test],
        }.items()
        if files
    }
    root = data.root or (
        str(Path(data.name).parent) if data.name.endswith((".yaml", ".yml")) else None
    )
    if root is None:
        raise ConfigError(
            f"data.root is not set; give the folder that holds {data.name}'s files: --data.root DIR"
        )
    description = replace(description, **overrides)
    splits = {
        name: load_split(
            description,
            name,
            root,
            images=data.images,
            empty_captions=data.empty_captions,
            max_words=data.max_words,
        )
        for name in names
    }
    if data.exclude is not None and "train" in splits:
        splits["train"] = leave_out_listed(splits["train"], data.exclude, description.name)
    return splits


def make_backbone(recipe: Recipe) -> Backbone:
    """The backbone of a recipe, as it is before training."""
    return load_backbone(recipe.backbone, allow_download=recipe.download)


def build_model(recipe: Recipe, backbone: Backbone) -> HarMA:
    """The model of a recipe: its method attached, what does not train frozen, warm start done."""
    adapters: MethodConfig | None = None
    if recipe.method == "harma":
        adapters = recipe.adapter
    elif recipe.method not in ("full", "none"):
        adapters = make_config(recipe.method, recipe.options)
    model = HarMA(backbone, adapters, temperature=recipe.loss.temperature)
    if recipe.init is not None:
        warm_start(model, recipe.init)
    if recipe.method == "full":
        model.train_backbone()
    model.temperature.requires_grad_(recipe.loss.train_temperature and recipe.method != "none")
    if recipe.train.gradient_checkpointing:
        backbone.set_gradient_checkpointing(True)
    return model


def make_cache(data: DataConfig) -> ImageCache:
    """Where decoded images are kept between epochs."""
    return ImageCache(data.cache, data.cache_dir)


def make_loader(
    recipe: Recipe, split: Split, model: HarMA, cache: ImageCache, batches: EpochBatches
) -> tuple[CaptionPairs, DataLoader[Any]]:
    """The training data of one process, transformed and batched."""
    data, preprocess = recipe.data, model.preprocess
    if data.transform is None:
        transform = train_transform(
            preprocess.size,
            preprocess.mean,
            preprocess.std,
            augment=data.augment,
            interpolation=preprocess.interpolation,
        )
    else:
        transform = find(data.transform, {}, "data.transform")(
            preprocess.size, preprocess.mean, preprocess.std
        )
    pairs = CaptionPairs(
        split,
        transform,
        model.tokenize,
        cache=cache,
        seed=recipe.train.seed,
        sampling=data.sampling,
        captions_per_image=data.captions_per_image,
    )
    workers = num_workers(data)
    # Before workers start: they share what is decoded now.
    cache.preload(split.images)
    loader: DataLoader[Any] = DataLoader(
        pairs,
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=collate,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
        # A generator of its own: making an iterator must not move the random numbers of the model.
        generator=torch.Generator(),
    )
    return pairs, loader


def collate(items: list[dict[str, Any]]) -> Batch:
    """Stack the items of a batch."""
    stacked = default_collate(items)
    return Batch(
        *(
            stacked[name]
            for name in ("pixels", "token_ids", "image_index", "label", "caption_index")
        )
    )
