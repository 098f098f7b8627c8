"""Small runs for tests of training: their recipes, and shorter words for what they leave."""

import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from harma.training.launch import train
from harma.training.loop import Trainer
from harma.training.recipe_files import recipe_from_dict

MERGED = ("data", "loss", "optim", "schedule", "train")


def tiny_values(backbone, data: Path, output: Path, /, **changes) -> dict:
    """Values of a recipe that runs in a second; sections of `changes` are merged into its own."""
    values = {
        "method": "harma",
        "backbone": backbone,
        "adapter": {"bottleneck_dim": 16, "num_heads": 2, "text_attention": "causal"},
        "data": {"name": str(data / "data.yaml"), "batch_size": 8, "num_workers": 0},
        "loss": {"terms": {"contrastive": 1.0, "weighted_triplet": 0.1}},
        "optim": {"lr": 1e-2},
        "train": {"epochs": 2, "accelerator": "cpu", "log_every": 1, "report": False},
        "output": str(output),
    }
    for key, value in changes.items():
        values[key] = {**values.get(key, {}), **value} if key in MERGED else value
    return values


def trained(recipe, **options) -> Path:
    """Train a recipe or its values; the run's directory."""
    if isinstance(recipe, dict):
        recipe = recipe_from_dict(recipe)
    return train(recipe, **options).path


def logged(directory: Path, event: str) -> list[dict]:
    """The events of a kind in a run's log."""
    lines = (directory / "log.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["event"] == event]


def adapter_weights(directory: Path) -> dict:
    """The weights of the kept adapters."""
    return load_file(directory / "best" / "adapter_model.safetensors")


def last_state(directory: Path) -> dict:
    """A run's last checkpoint."""
    return torch.load(directory / "last" / "state.pt", weights_only=True)


@contextmanager
def stopped(monkeypatch, when: Callable[[Trainer], bool] = lambda _: True):
    """A run within this context stops at the end of an epoch, as if somebody had pressed Ctrl-C.

    Args:
        monkeypatch: of the test.
        when: whether to stop after this epoch.
    """
    original = Trainer._end_epoch

    def stop(trainer, display):
        original(trainer, display)
        if when(trainer):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "_end_epoch", stop)
        with pytest.raises(KeyboardInterrupt):
            yield
