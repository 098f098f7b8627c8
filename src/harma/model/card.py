"""The model card of a saved model (README.md): what it is, what it scores, how to load it."""

from collections.abc import Mapping
from typing import Any

from harma.model.saved_facts import METRICS_SHOWN

FRONT_MATTER = """---
library_name: harma
tags: [remote-sensing, image-text-retrieval, clip, adapter]
---
# HarMA model
"""
HOW_TO_LOAD = """
```python
import harma

model = harma.load("this/directory")
images = model.embed_images(["a.jpg", "b.tif"])
texts = model.embed_texts(["a stadium beside a river"])
scores = images @ texts.T
```
"""


def model_card(about: Mapping[str, Any]) -> str:
    """Markdown from a saved model's facts (`harma.model.saved.about_model`, data, metrics)."""
    backbone = about["backbone"]
    parameters = about["parameters"]
    lines = [
        FRONT_MATTER,
        f"Backbone: `{backbone['name']}`, weights `{backbone['weights_hash']}`.",
    ]
    if about.get("method", "harma") != "harma":
        lines.append(f"Method: {about['method']}.")
    lines.append(f"Trained weights: {trained_share(parameters['trained'], parameters['total'])}.")
    if merged := about.get("merged"):
        lines.append(_merged_note(merged))
    if data := about.get("data"):
        captions = data.get("train_captions", 0)
        lines.append(f"Trained on: {data.get('name')} ({captions:,} captions).")
    if kept := about.get("kept_captions"):
        lines += ["", _captions_note(kept)]
    if metrics := about.get("metrics"):
        lines += _metrics_table(metrics)
    return "\n".join([*lines, HOW_TO_LOAD])


def _merged_note(merged: Mapping[str, Any]) -> str:
    runs = ", ".join(f"`{run}`" for run in merged["runs"])
    return (
        f"Merged from {runs} at scale {merged['scale']:g}: the updates are folded into the weights,"
        " nothing is left beside them. open_clip opens it as `local-dir:` too."
    )


def _captions_note(kept: int) -> str:
    return (
        f"`captions.safetensors` holds {kept:,} distinct captions of the training data, embedded:"
        " searches with few words are joined by those that hold them. Who gets this directory gets"
        " the captions; without the file the model embeds the same."
    )


def _metrics_table(metrics: Mapping[str, Any]) -> list[str]:
    split = metrics.get("split", "validation")
    rows = [f"| {key} | {metrics[key]:.2f} |" for key in METRICS_SHOWN if key in metrics]
    heading = ["", f"Metrics on the {split} split, percent:", "", "| metric | value |", "|---|---|"]
    return [*heading, *rows]


def trained_share(trained: int, total: int) -> str:
    """How many weights train, in words: `5,934,397 of 157,211,710 (3.77 %)`."""
    percent = 100 * trained / max(1, total)
    return f"{trained:,} of {total:,} ({percent:.2f} %)"
