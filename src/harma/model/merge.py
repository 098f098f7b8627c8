"""Merging: updates that are linear in the weights, folded into the backbone; soups of several runs.

A method whose whole effect is a sum with the backbone's weights (LoRA; biases or projections that
train; full training) needs nothing beside them: W' = W + s · mean ΔW is a plain model of the
backbone's own library, as fast as the bare backbone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harma.backbones import Backbone, load_backbone
from harma.errors import ConfigError, WeightsError
from harma.methods.table import method_of
from harma.model.adapter_directory import is_adapter_directory
from harma.model.caption_memory import remember
from harma.model.fetched import brought_here
from harma.model.fingerprint import model_id
from harma.model.model import HarMA
from harma.model.saved import BackboneSpec, load, save_model, saved_directory, saved_facts

Updates = dict[str, Tensor]
"""ΔW by the names of the backbone's weights, float64."""

# Facts of a run that hold for a model that embeds the same.
KEPT_FACTS = ("data", "metrics")
NAMES_SHOWN = 5


@dataclass(frozen=True)
class MergedRun:
    """One of the runs that are merged.

    Attributes:
        place: where it is.
        model: opened.
        method: its name.
        before: the backbone's weights, as they were before training.
        updates: what training added to them.
    """

    place: str
    model: HarMA
    method: str
    before: Mapping[str, Tensor]
    updates: Updates


def merge(
    runs: Sequence[str | Path], *, scale: float = 1.0, backbone: BackboneSpec | None = None
) -> HarMA:
    """Fold the updates of runs into their backbone.

    Args:
        runs: run, adapter or model directories; of several the mean update is taken (a soup).
        scale: of the update; 1 is what was trained, 0 the bare backbone.
        backbone: where it is now, if not where the directories say; of whole models (method full)
            it is what they were trained from.

    Returns:
        A model without adapters.

    Raises:
        ConfigError: a method's effect is no sum with the weights, there is no run, the scale is no
            number, or a whole model comes without its backbone.
        WeightsError: the runs have different backbones.
    """
    if not runs:
        raise ConfigError("there is nothing to merge; give one or more runs")
    if not math.isfinite(scale):
        raise ConfigError(f"scale is {scale}; it must be a number, 1 for what was trained")
    opened = [_opened(run, backbone) for run in runs]
    first = opened[0]
    for other in opened[1:]:
        _check_same_backbone(first, other)
    whole = _bare_backbone(first, backbone)
    whole.load_weights(_summed(first.before, opened, scale), "the merged weights")
    merged = HarMA(whole, temperature=_temperature(opened)).eval()
    merged.loaded_from = f"the merge of {', '.join(map(str, runs))} by {scale}"
    # What training said of rasters holds where all runs read them alike.
    readings = [run.model.trained_reading for run in opened]
    if all(reading == readings[0] for reading in readings):
        merged.trained_reading = readings[0]
    _remember_captions(merged, opened, scale)
    return merged


def merge_into(
    directory: str | Path,
    runs: Sequence[str | Path],
    *,
    scale: float = 1.0,
    backbone: BackboneSpec | None = None,
) -> HarMA:
    """Merge runs and write the result as a model directory, with its card.

    Args:
        directory: where; a model in its place is replaced.
        runs: see `merge`.
        scale: see `merge`.
        backbone: see `merge`.

    Returns:
        The model as it was written.

    Raises:
        ConfigError: the directory holds something else; and see `merge`.
        WeightsError: see `merge`.
    """
    merged = merge(runs, scale=scale, backbone=backbone)
    about: dict[str, Any] = {"merged": {"runs": [str(run) for run in runs], "scale": scale}}
    # Of one run as it was trained the figures hold: the embeddings are the same.
    if len(runs) == 1 and scale == 1:
        facts = saved_facts(runs[0])
        about |= {key: facts[key] for key in KEPT_FACTS if key in facts}
    save_model(merged, directory, about=about)
    return load(directory)


def _opened(run: str | Path, backbone: BackboneSpec | None) -> MergedRun:
    """A run with its update.

    Raises:
        ConfigError: it cannot be merged; the message says why.
    """
    if not is_adapter_directory(saved_directory(Path(brought_here(run)))):
        return _whole_model(run, backbone)
    model = load(run, backbone=backbone)
    assert model.adapters is not None
    method = method_of(model.adapters)
    updates = model.attachment.updates()
    if updates is None:
        raise ConfigError(
            f"{run} was trained with method {method}, whose effect is no sum with the backbone's"
            " weights: nothing can take its place there. lora, linear, bitfit and full can be"
            " merged"
        )
    with model.without_adapters():
        before = {name: value.clone() for name, value in model.backbone.weights().items()}
    named = {}
    # The method's parameters are the backbone's own: by identity they are found among its names,
    # which in open_clip's models stand under "module.".
    for name, parameter in model.backbone.as_built().named_parameters():
        if parameter in updates:
            named[name.removeprefix("module.")] = updates[parameter]
    return MergedRun(str(run), model, method, before, named)


def _whole_model(run: str | Path, backbone: BackboneSpec | None) -> MergedRun:
    """A model that was trained as a whole; its update is what it differs by from its start."""
    if backbone is None:
        raise ConfigError(
            f"{run} is a whole model, trained with method full; say with backbone= (--backbone)"
            " what it was trained from, so that its update is known"
        )
    model = load(run)
    before = load_backbone(backbone).weights()
    after = model.backbone.weights()
    differing = _differing_shapes(before, after)
    if differing:
        raise WeightsError(
            f"{run} and {backbone} are of different architectures: they differ in"
            f" {', '.join(differing[:NAMES_SHOWN])}; give the backbone that it was trained from"
        )
    updates = {
        name: value.double() - before[name].double()
        for name, value in after.items()
        if value.is_floating_point() and not name.endswith(("logit_scale", "logit_bias"))
    }
    return MergedRun(str(run), model, "full", before, updates)


def _differing_shapes(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> list[str]:
    """Names that one of two models lacks, or has in another shape; sorted."""
    shapes = {name: value.shape for name, value in before.items()}
    shapes_after = {name: value.shape for name, value in after.items()}
    names = shapes.keys() | shapes_after.keys()
    return sorted(name for name in names if shapes.get(name) != shapes_after.get(name))


def _check_same_backbone(run: MergedRun, other: MergedRun) -> None:
    """Raise WeightsError if two runs were trained on different backbones."""
    same = run.before.keys() == other.before.keys() and all(
        torch.equal(value, other.before[name]) for name, value in run.before.items()
    )
    if not same:
        raise WeightsError(
            f"{run.place} and {other.place} were trained on different backbones; a soup is made of"
            " runs from one start"
        )


def _bare_backbone(run: MergedRun, given: BackboneSpec | None) -> Backbone:
    """The backbone of a run, opened anew, without what was attached to it."""
    if run.method == "full" and given is not None:
        return load_backbone(given)
    return load_backbone(run.model.backbone.reference)


def _summed(
    before: Mapping[str, Tensor], runs: Sequence[MergedRun], scale: float
) -> dict[str, Tensor]:
    """W + scale · mean ΔW of every weight."""
    summed = dict(before)
    changed: set[str] = set()
    for run in runs:
        changed |= run.updates.keys()
    for name in sorted(changed):
        # In float64, so that the one rounding is that of the sum. Where a run has no update of a
        # weight, as bitfit has none of a matrix, it is zero.
        total = torch.zeros_like(before[name], dtype=torch.float64)
        for run in runs:
            if name in run.updates:
                total += run.updates[name].to(total)
        sum_of_both = before[name].double() + scale / len(runs) * total
        summed[name] = sum_of_both.to(before[name].dtype)
    return summed


def _temperature(runs: Sequence[MergedRun]) -> float:
    """The geometric mean of trained temperatures, which is the mean of their logarithms."""
    if len(runs) == 1:
        return float(runs[0].model.temperature.detach())
    logs = [math.log(float(run.model.temperature.detach())) for run in runs]
    return math.exp(sum(logs) / len(logs))


def _remember_captions(merged: HarMA, runs: Sequence[MergedRun], scale: float) -> None:
    """Keep the captions of the runs: as they are where embeddings are, else embedded anew."""
    memories = [run.model.captions for run in runs]
    kept = [memory for memory in memories if memory is not None]
    if not kept:
        return
    if len(runs) == 1 and scale == 1:
        merged.captions = replace(kept[0], model_id=model_id(merged))
        return
    captions: list[str] = []
    for memory in kept:
        captions += memory.captions
    merged.captions = remember(merged, captions)
