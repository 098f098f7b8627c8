"""The HTML report: one file with figures, curves and pictures, without any request to elsewhere."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from matplotlib.figure import Figure

from harma.data.split import Split
from harma.evaluation.examples import image_examples, text_examples
from harma.evaluation.retrieval import Evaluation
from harma.evaluation.table import rows_of
from harma.files import read_events, write_text


def write_report(
    directory: str | Path,
    *,
    evaluation: Evaluation,
    split: Split,
    baseline: str = "without adapters",
    info: Mapping[str, Any] | None = None,
) -> Path:
    """Write `report.html` into a directory.

    Args:
        directory: where; its log.jsonl, if there is one, gives the curves.
        evaluation: figures and embeddings.
        split: the images and captions they are of.
        baseline: heading of the column beside the model's.
        info: facts to state: method, parameters, which split chose the model.

    Returns:
        The file.
    """
    directory = Path(directory)
    lines = list(read_events(directory / "log.jsonl"))
    environment = jinja2.Environment(loader=jinja2.PackageLoader("harma.evaluation"), autoescape=True)
    page = environment.get_template("report.html.jinja").render(
        title=directory.resolve().name,
        evaluation=evaluation,
        bare=evaluation.without_adapters,
        baseline=baseline,
        rows=rows_of(evaluation.metrics),
        info=info or {},
        curves=_curves(lines),
        labels=_label_chart(evaluation, split),
        by_text=text_examples(evaluation, split),
        by_image=image_examples(evaluation, split),
    )
    write_text(directory / "report.html", page)
    return directory / "report.html"


def _curves(lines: list[dict[str, Any]]) -> str:
    """Loss by step and validation mR by epoch, as SVG; "" without a log."""
    steps = [(line["step"], line["loss"]) for line in lines if line["event"] == "step"]
    checks = [(line["epoch"], line["mR"], line["dup_mR"]) for line in lines if line["event"] == "validation"]
    if not steps:
        return ""
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(*zip(*steps, strict=True), color="#1f6f8b", linewidth=1)
    left.set(xlabel="step", ylabel="loss", title="Training loss")
    if checks:
        epochs, strict, dup = zip(*checks, strict=True)
        right.plot(epochs, strict, color="#b5541c", marker="o", markersize=3, label="mR")
        right.plot(epochs, dup, color="#6b7a3a", marker="s", markersize=3, label="dup_mR", linestyle="--")
        right.legend()
    right.set(xlabel="epoch", ylabel="percent", title="Validation")
    return _svg(figure)


def _label_chart(evaluation: Evaluation, split: Split) -> str:
    """Recall at 10 by label, both directions, as SVG; "" without labels."""
    if split.labels is None or len(set(split.labels.tolist())) > 60:
        return ""
    of_caption = split.labels[split.caption_to_image]
    present = sorted(set(split.labels.tolist()))
    names = [split.label_names[i] if i < len(split.label_names) else str(i) for i in present]
    i2t = [100 * evaluation.hits.i2t[split.labels == i, 2].mean() for i in present]
    t2i = [100 * evaluation.hits.t2i[of_caption == i, 2].mean() for i in present]
    figure = Figure(figsize=(10, 1.2 + 0.22 * len(names)), layout="constrained")
    axes = figure.subplots()
    place = np.arange(len(names))
    axes.barh(place - 0.2, i2t, height=0.4, color="#1f6f8b", label="image to text")
    axes.barh(place + 0.2, t2i, height=0.4, color="#b5541c", label="text to image", hatch="//", edgecolor="white")
    axes.set_yticks(place, names)
    axes.invert_yaxis()
    axes.set(xlabel="recall at 10, percent", xlim=(0, 100))
    axes.legend(loc="lower right")
    return _svg(figure)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
