"""Checks of what a saved model says of itself: names, hashes, counts and sections of its config."""

from collections.abc import Iterator, Mapping
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
# Figures of a model that are written with their digits, on its card and when it is shown.
METRICS_SHOWN = ("mR", "dup_mR", "i2t_R@1", "i2t_R@5", "i2t_R@10", "t2i_R@1", "t2i_R@5", "t2i_R@10")
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
    _check_shown(path, facts)


def _check_shown(path: Path, facts: Mapping[str, Any]) -> None:
    """Check the numbers that a model's card writes with their digits."""
    merged = facts.get("merged")
    if merged and not isinstance(merged.get("runs"), list):
        raise ConfigError(f"{path}: merged.runs is {merged.get('runs')!r}; it must be a list")
    for name, value in _shown(facts):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{path}: {name} is {value!r}; it must be a number")


def _shown(facts: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Names and values of these numbers."""
    metrics = facts.get("metrics") or {}
    for name in METRICS_SHOWN:
        if name in metrics:
            yield f"metrics.{name}", metrics[name]
    yield "data.train_captions", (facts.get("data") or {}).get("train_captions", 0)
    yield "kept_captions", facts.get("kept_captions") or 0
    if merged := facts.get("merged"):
        yield "merged.scale", merged.get("scale")


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
