"""Charts of embeddings: the confusion matrix of labels, and maps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from harma.data.split import Split
from harma.evaluation.breakdown import label_names
from harma.evaluation.chart_style import (
    COLOURS,
    IMAGE_COLOUR,
    OTHER_COLOUR,
    TEXT_COLOUR,
    charting,
    in_legend,
    svg,
)
from harma.evaluation.embedding_map import EmbeddingMap
from harma.evaluation.retrieval import Embedded
from harma.evaluation.wrong_answers import Confusion, labels_of_texts

MANY_POINTS = 500
# With more labels there is no room for numbers in the cells.
NUMBERED = 30
# The page's ink has to be legible on the fullest cell, on a light page and on a dark one.
FULLEST = 0.7
# With more labels their names stand upright below the matrix.
SLANTED = 8


def confusion_chart(confusion: Confusion, query: str, answer: str) -> str:
    """The matrix as shares of each label's queries; "" with less than two labels.

    Args:
        confusion: the matrix, of few enough labels to draw; see `Confusion.most_confused`.
        query: what asks, "caption" or "image".
        answer: what is found.
    """
    num_labels = len(confusion.names)
    if num_labels < 2:
        return ""
    side = min(10.0, 3.2 + 0.42 * num_labels)
    with charting():
        figure = Figure(figsize=(side + 1, side), layout="constrained")
        axes = figure.subplots()
        axes.imshow(_cells(confusion), interpolation="nearest")
        small = _font_size(num_labels)
        _name_labels(axes, confusion, small + 1)
        axes.set(xlabel=f"label of the wrong {answer} ranked first", ylabel=f"label of the {query}")
        if num_labels <= NUMBERED:
            for i, j in np.argwhere(confusion.counts):
                count = f"{confusion.counts[i, j]:,}"
                axes.text(j, i, count, ha="center", va="center", fontsize=small)
        axes.tick_params(length=0)
        return svg(
            figure, f"How often a {query} of one label finds a wrong {answer} of another first"
        )


def _cells(confusion: Confusion) -> NDArray[np.float64]:
    """The matrix as RGBA (C, C, 4): one colour, the fuller the larger the share of the row."""
    shares = confusion.counts / np.maximum(confusion.queries, 1)[:, None]
    cells = np.empty((*confusion.counts.shape, 4))
    cells[..., :3] = to_rgb(TEXT_COLOUR)
    cells[..., 3] = FULLEST * shares / max(float(shares.max()), 1e-9)
    return cells


def _font_size(num_labels: int) -> int:
    if num_labels <= 12:
        return 9
    if num_labels <= NUMBERED:
        return 8
    return 6


def _name_labels(axes: Axes, confusion: Confusion, size: int) -> None:
    """Name columns and rows; of rows also how many queries the label has."""
    places = range(len(confusion.names))
    if len(confusion.names) > SLANTED:
        axes.set_xticks(places, confusion.names, rotation=90, ha="center", fontsize=size)
    else:
        # Turned around its end, so that the end stands below the column.
        axes.set_xticks(
            places,
            confusion.names,
            rotation=45,
            ha="right",
            rotation_mode="anchor",
            fontsize=size,
        )
    named = zip(confusion.names, confusion.queries, strict=True)
    axes.set_yticks(places, [f"{name} ({count:,})" for name, count in named], fontsize=size)


@dataclass(frozen=True)
class Panel:
    """A map to draw.

    Attributes:
        title: over it.
        map: the places.
        by_label: whether its colours are labels; else they are image and caption.
    """

    title: str
    map: EmbeddingMap
    by_label: bool


def map_chart(panels: Sequence[Panel], embedded: Embedded, split: Split) -> str:
    """Maps of embeddings side by side.

    Args:
        panels: what to draw.
        embedded: what the maps are of.
        split: its labels; without any, all colours are image and caption.
    """
    with charting():
        figure = Figure(figsize=(5 * len(panels), 5), layout="constrained")
        all_axes = np.atleast_1d(figure.subplots(1, len(panels)))
        for axes, panel in zip(all_axes, panels, strict=True):
            if panel.by_label and split.labels is not None:
                _points_by_label(axes, panel.map, embedded, split)
            else:
                _points_by_modality(axes, panel.map)
            _dress_map(axes, panel.title)
        titles = ", ".join(panel.title for panel in panels)
        return svg(figure, f"Maps of the embeddings: {titles}")


def _dress_map(axes: Axes, title: str) -> None:
    """A title and a legend, no axes: the directions of a map mean nothing by themselves."""
    axes.set_title(title, fontsize=11)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_aspect("equal", adjustable="datalim")
    legend = axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=3, fontsize=8, markerscale=1.5
    )
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)


def _points_by_modality(axes: Axes, places: EmbeddingMap) -> None:
    captions = f"captions ({len(places.texts):,} distinct)"
    _scatter(axes, places.images, IMAGE_COLOUR, "o", f"images ({len(places.images):,})")
    _scatter(axes, places.texts, TEXT_COLOUR, "^", captions)


def _points_by_label(axes: Axes, places: EmbeddingMap, embedded: Embedded, split: Split) -> None:
    """Images as dots, captions as triangles, each label in its colour; rare labels share grey."""
    labels = split.labels
    assert labels is not None
    names = label_names(split)
    of_images = labels[places.image_rows]
    of_texts = labels_of_texts(embedded, labels)[places.text_rows]
    frequent = sorted(names, key=lambda label: (-int((labels == label).sum()), label))
    rare = frequent[len(COLOURS) :]
    # Grey goes below the colours.
    groups = [(rare, OTHER_COLOUR, f"{len(rare)} other labels")] if rare else []
    groups += [
        ([label], colour, names[label]) for label, colour in zip(frequent, COLOURS, strict=False)
    ]
    for group, colour, name in groups:
        _scatter(axes, places.texts[np.isin(of_texts, group)], colour, "^", "")
        _scatter(axes, places.images[np.isin(of_images, group)], colour, "o", name)


def _scatter(axes: Axes, points: NDArray[np.float32], colour: str, marker: str, name: str) -> None:
    size = 18
    # Many points lie on each other; what shows through says how many.
    alpha = 0.75
    if len(points) > MANY_POINTS:
        size = 9
        alpha = 0.4
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=size,
        color=colour,
        marker=marker,
        linewidths=0,
        alpha=alpha,
        # As pixels: thousands of shapes would make a slow page.
        rasterized=True,
        label=in_legend(name) or None,
    )
