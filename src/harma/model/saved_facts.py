"""Checks of what a saved model says of itself: names, hashes, counts and sections of its config."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harma.errors import ConfigError

# Parts of a config that are mappings, where it has them.
SECTIONS = (
    "adapter",
    "options",
    "data",
    "export",
    "metrics",
    "parameters",
    "preprocess",
    "reading",
    "merged",
)
MOST_WEIGHTS = 10**15
COUNTS = ("trained", "total")


def check_facts(path: Path, facts: Mapping[str, Any]) -> None:
    """Check the kinds of what is shown of a model, and used to open it.

    Args:
        path: of the file, for messages.
        facts: what it holds; any of them may be missing.

    Raises:
        ConfigError: one is of another kind than HarMA writes.
    """
    for section in SECTIONS:
        if not isinstance(facts.get(section) or {}, dict):
            raise ConfigError(f"{path}: {section} is {facts[section]!r}; it must be a mapping")
    backbone = facts.get("backbone")
    if backbone is not None:
        _check_backbone(path, backbone)
    counts = facts.get("parameters") or {}
    if counts:
        _check_counts(path, counts)


def _check_backbone(path: Path, backbone: object) -> None:
    if not isinstance(backbone, dict) or not {"name", "weights_hash"} <= backbone.keys():
        raise ConfigError(
            f"{path} does not say which backbone the adapter belongs to (backbone: name,"
            " weights_hash)"
        )
    if not isinstance(backbone["name"], str | dict):
        raise ConfigError(
            f"{path}: the backbone's name is {backbone['name']!r}; it must be what a model is"
            " opened by, a name or a description"
        )
    if not isinstance(backbone["weights_hash"], str):
        raise ConfigError(
            f"{path}: weights_hash is {backbone['weights_hash']!r}; it must be a text, sha256:…"
        )


def _check_counts(path: Path, counts: Mapping[str, Any]) -> None:
    for name in COUNTS:
        count = counts.get(name)
        # To Python `true` is a whole number, too.
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < MOST_WEIGHTS:
            raise ConfigError(
                f"{path}: parameters.{name} is {count!r}; it must be a number of weights, from 0 on"
            )
