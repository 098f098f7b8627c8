"""Overrides of a recipe at the command line, with names and values that no recipe has."""

import random
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import get_type_hints

from tests.fuzz.odd_texts import FILES, NUMBERS, TEXTS

from harma.training.recipe import Recipe

# Of these a large number is work that was asked for; these places are not ours.
UNTOUCHED = (
    "train.epochs", "train.compile", "train.devices", "train.num_nodes", "data.num_workers",
    "output", "train.frozen_cache_dir", "data.cache_dir", "data.cache", "train.tensorboard",
    "train.gradient_checkpointing", "data.captions_per_image",
)  # fmt: skip
VALUES = (
    "[]", "{}", "[1]", "{a: 1}", "null", "true", "~", "[[", "{a", "!!python/name:os.system",
    "&a [*a]", "os.system", "builtins.exec", "harma.errors", "harma.errors.HarmaError", "x.y.z",
    "a b", "- 1", "{contrastive: nan}", "{contrastive: 1e999}", "{x: 1}", "{contrastive: {x: 1}}",
    "[1, 2, 3]", "0.5", "2", "7", "auto", "harma", "text", "[text, text]", "image", "none",
)  # fmt: skip


@cache
def recipe_names() -> tuple[str, ...]:
    """Dotted names of all values of a recipe."""
    return tuple(_names(Recipe, ""))


def _names(kind: type, prefix: str) -> list[str]:
    hints = get_type_hints(kind)
    names = []
    for declared in fields(kind):
        name = f"{prefix}{declared.name}"
        inner = hints[declared.name]
        names += _names(inner, f"{name}.") if is_dataclass(inner) else [name]
    return names


def odd_recipe_flags(chance: random.Random, recipe: Path, output: Path) -> list[str]:
    """A command that trains by a recipe, some of whose values are odd."""
    arguments = ["train", str(recipe), "--output", str(output)]
    names = [name for name in recipe_names() if name not in UNTOUCHED]
    for _ in range(chance.choice((1, 1, 2))):
        name = chance.choice(names)
        if chance.random() < 0.1:
            name = chance.choice(
                (f"{name}.x", name[:-1], name.upper(), "", "x", "data", "\0", "data..name")
            )
        value = chance.choice(chance.choice((NUMBERS, NUMBERS, VALUES, VALUES, FILES, TEXTS)))
        arguments += chance.choice(([f"--{name}={value}"], [f"--{name}", value]))
    if chance.random() < 0.1:
        arguments[1] = chance.choice(FILES)
    return arguments
