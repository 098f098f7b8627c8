"""The charts of the report, as SVG that takes the page's colour for text and lines, in light and dark."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from harma.data.split import Split
from harma.evaluation.breakdown import LabelRecall, TermRecall, label_names
from harma.evaluation.embedding_map import Map
from harma.evaluation.retrieval import Embedded
from harma.evaluation.wrong import Confusion

# Mid tones, which stand out on a light page and on a dark one.
IMAGE, TEXT, OTHER = "#3b8fb0", "#cf6a32", "#8a8f8c"
MOST_LABELS = 60
MANY_POINTS = 500
COLOURS = ("#3b8fb0", "#cf6a32", "#5d9e4e", "#b4589b", "#b59a2a", "#7a6fd0", "#c94f57", "#3fa591", "#a07a55", "#6d8a2f")
# No chart has another thing of this colour: it becomes the page's ink.
INK = "#010203"


@contextmanager
def _style() -> Iterator[None]:
    keys = ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color")
    style: dict[Any, Any] = {
        **dict.fromkeys(keys, INK), "axes.facecolor": "none", "figure.facecolor": "none", "savefig.facecolor": "none",
        "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "harma",
    }  # fmt: skip
    with matplotlib.rc_context(style):
        yield


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", dpi=144, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :].replace(INK, "currentColor")


def curves(lines: Sequence[dict[str, Any]]) -> str:
    """Loss by step and validation mR by epoch of a log's events; "" without steps."""
    steps = [(line["step"], line["loss"]) for line in lines if line["event"] == "step"]
    checks = [(line["epoch"], line["mR"], line["dup_mR"]) for line in lines if line["event"] == "validation"]
    if not steps:
        return ""
    with _style():
        figure = Figure(figsize=(10, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.plot(*zip(*steps, strict=True), color=IMAGE, linewidth=1)
        left.set(xlabel="step", ylabel="loss", title="Training loss")
        if checks:
            epochs, strict, dup = zip(*checks, strict=True)
            right.plot(epochs, strict, color=TEXT, marker="o", markersize=3, label="mR")
            right.plot(epochs, dup, color=COLOURS[2], marker="s", markersize=3, label="dup_mR", linestyle="--")
            right.legend()
        right.set(xlabel="epoch", ylabel="percent", title="Validation")
        return _svg(figure)


def label_chart(recalls: Sequence[LabelRecall]) -> str:
    """Recall at 10 by label, both directions, with intervals; "" without labels or with too many."""
    if not recalls or len(recalls) > MOST_LABELS:
        return ""
    with _style():
        figure = Figure(figsize=(10, 1.2 + 0.34 * len(recalls)), layout="constrained")
        axes = figure.subplots()
        _dots(axes, [r.i2t for r in recalls], -0.15, IMAGE, "o", "image to text")
        _dots(axes, [r.t2i for r in recalls], 0.15, TEXT, "s", "text to image")
        _rows(axes, [f"{r.label} ({r.i2t.num_images:,})" for r in recalls])
        axes.set(xlabel="recall at 10, percent")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
        return _svg(figure)


def term_chart(recalls: Sequence[TermRecall], overall: float) -> str:
    """Recall at 10 of the captions that have a term, with intervals and that of all captions; "" without terms."""
    if not recalls:
        return ""
    with _style():
        figure = Figure(figsize=(10, 1.2 + 0.24 * len(recalls)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(overall, color=OTHER, linestyle="--", linewidth=1, label=f"all captions, {overall:.1f}")
        _dots(axes, [r.t2i for r in recalls], 0, TEXT, "s", "captions with the term")
        _rows(axes, [f"{r.term} ({r.t2i.num_queries:,} of {r.t2i.num_images:,})" for r in recalls])
        axes.set(xlabel="text to image, recall at 10, percent")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
        return _svg(figure)


def _dots(axes: Any, recalls: Sequence[Any], shift: float, colour: str, marker: str, name: str) -> None:
    shown = [(row, recall) for row, recall in enumerate(recalls) if recall.num_queries]
    places = [row + shift for row, _ in shown]
    axes.hlines(places, [r.intervals[2][0] for _, r in shown], [r.intervals[2][1] for _, r in shown],
                color=colour, linewidth=2, alpha=0.45)  # fmt: skip
    axes.plot([r.at[2] for _, r in shown], places, linestyle="", marker=marker, color=colour, markersize=6, label=name)


def _rows(axes: Any, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set(xlim=(-1, 101), ylim=(len(names) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=OTHER, alpha=0.25)


def confusion_chart(found: Confusion | None) -> str:
    """The matrix as shares of each label's captions; "" without labels, with one or too many."""
    if found is None or not 1 < len(found.names) <= MOST_LABELS:
        return ""
    number = len(found.names)
    shares = found.counts / np.maximum(found.captions, 1)[:, None]
    cells = np.empty((number, number, 4))
    cells[..., :3] = to_rgb(TEXT)
    cells[..., 3] = shares / max(float(shares.max()), 1e-9)
    side = min(10.0, 3.2 + 0.42 * number)
    with _style():
        figure = Figure(figsize=(side + 1, side), layout="constrained")
        axes = figure.subplots()
        axes.imshow(cells, interpolation="nearest")
        small = 9 if number <= 12 else 8 if number <= 30 else 6
        axes.set_xticks(range(number), found.names, rotation=90 if number > 8 else 45,
                        ha="center" if number > 8 else "right", rotation_mode="anchor" if number <= 8 else "default",
                        fontsize=small + 1)  # fmt: skip
        axes.set_yticks(range(number), [f"{n} ({c:,})" for n, c in zip(found.names, found.captions, strict=True)],
                        fontsize=small + 1)  # fmt: skip
        axes.set(xlabel="label of the wrong image ranked first", ylabel="label of the caption")
        if number <= 30:
            for i, j in np.argwhere(found.counts):
                axes.text(j, i, f"{found.counts[i, j]:,}", ha="center", va="center", fontsize=small)
        axes.tick_params(length=0)
        return _svg(figure)


def map_chart(maps: Sequence[tuple[str, Map, bool]], embedded: Embedded, split: Split) -> str:
    """Maps of embeddings side by side.

    Args:
        maps: title, map, and whether its colour is the label (else the modality).
        embedded: what the maps are of.
        split: its labels.
    """
    names = label_names(split)
    with _style():
        figure = Figure(figsize=(5 * len(maps), 5), layout="constrained")
        for axes, (title, places, labelled) in zip(np.atleast_1d(figure.subplots(1, len(maps))), maps, strict=True):
            if labelled and names:
                _by_label(axes, places, embedded, split, names)
            else:
                _scatter(axes, places.images, IMAGE, "o", f"images ({len(places.images):,})")
                _scatter(axes, places.texts, TEXT, "^", f"captions ({len(places.texts):,} distinct)")
            axes.set_title(title, fontsize=11)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
            axes.set_aspect("equal", adjustable="datalim")
            legend = axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=3, fontsize=8, markerscale=1.5)
            for handle in legend.legend_handles:
                handle.set_alpha(1)
        return _svg(figure)


def _by_label(axes: Any, places: Map, embedded: Embedded, split: Split, names: dict[int, str]) -> None:
    """Images as dots, captions as triangles, in the colour of their label; the rarer labels share grey."""
    labels: Any = split.labels
    # A caption that several images share has the label of the first of them.
    first = np.zeros(len(embedded.texts), dtype=np.int64)
    first[embedded.captions.text[::-1]] = embedded.captions.image[::-1]
    of_images, of_texts = labels[places.image_rows], labels[first[places.text_rows]]
    frequent = sorted(names, key=lambda label: (-int((labels == label).sum()), label))
    own = frequent[: len(COLOURS)]
    groups = [(np.array(frequent[len(COLOURS) :]), OTHER, f"{len(frequent) - len(own)} other labels")]
    groups += [(np.array([label]), colour, names[label]) for label, colour in zip(own, COLOURS, strict=False)]
    for group, colour, name in groups:
        if len(group):
            _scatter(axes, places.texts[np.isin(of_texts, group)], colour, "^", "")
            _scatter(axes, places.images[np.isin(of_images, group)], colour, "o", name)


def _scatter(axes: Any, points: Any, colour: str, marker: str, name: str) -> None:
    many = len(points) > MANY_POINTS
    # As pixels: thousands of shapes would make a slow page.
    axes.scatter(points[:, 0], points[:, 1], s=9 if many else 18, color=colour, marker=marker, linewidths=0,
                 alpha=0.4 if many else 0.75, rasterized=True, label=name or None)  # fmt: skip
