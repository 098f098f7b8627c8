"""The model card of a saved model."""

from collections.abc import Mapping
from typing import Any

SHOWN = ("mR", "dup_mR", "i2t_R@1", "i2t_R@5", "i2t_R@10", "t2i_R@1", "t2i_R@5", "t2i_R@10")


def model_card(about: Mapping[str, Any]) -> str:
    """Markdown from a saved model's facts: what it is, what it scores, how to load it."""
    backbone, parameters = about["backbone"], about["parameters"]
    share = 100 * parameters["trained"] / max(1, parameters["total"])
    lines = [
        "---",
        "library_name: harma",
        "tags: [remote-sensing, image-text-retrieval, clip, adapter]",
        "---",
        "# HarMA model",
        "",
        f"Backbone: `{backbone['name']}`, weights `{backbone['weights_hash']}`.",
        *([f"Method: {about['method']}."] if about.get("method", "harma") != "harma" else []),
        f"Trained weights: {parameters['trained']:,} of {parameters['total']:,} ({share:.2f} %).",
    ]
    if data := about.get("data"):
        lines.append(
            f"Trained on: {data.get('name')} ({data.get('train_captions', 0):,} captions)."
        )
    if metrics := about.get("metrics"):
        lines += [
            "",
            f"Metrics on the {metrics.get('split', 'validation')} split, percent:",
            "",
            "| metric | value |",
        ]
        lines += ["|---|---|"] + [
            f"| {key} | {metrics[key]:.2f} |" for key in SHOWN if key in metrics
        ]
    lines += [
        "",
        "```python",
        "import harma",
        "",
        'model = harma.load("this/directory")',
        'images = model.embed_images(["a.jpg", "b.tif"])',
        'texts = model.embed_texts(["a stadium beside a river"])',
        "scores = images @ texts.T",
        "```",
        "",
    ]
    return "\n".join(lines)
