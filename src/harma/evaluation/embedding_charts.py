"""The charts of embeddings: which labels are mixed up, and maps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from harma.data.split import Split
from harma.evaluation.breakdown import label_names
from harma.evaluation.chart_style import COLOURS, IMAGE, OTHER, TEXT, charting, in_legend, svg
from harma.evaluation.embedding_map import Map
from harma.evaluation.retrieval import Embedded
from harma.evaluation.wrong_answers import Confusion, labels_of_texts

MANY_POINTS = 500
# With more labels there is no room for numbers in the cells.
NUMBERED = 30
# The page's ink has to be legible on the fullest cell, on a light page and on a dark one.
FULLEST = 0.7


def confusion_chart(found: Confusion, query: str, answer: str) -> str:
    """The matrix as shares of each label's queries; "" with less than two labels.

    Args:
        found: the matrix, of few enough labels to draw; see `Confusion.most_confused`.
        query: what asks, "caption" or "image".
        answer: what is found.
    """
    if len(found.names) < 2:
        return ""
    number = len(found.names)
    shares = found.counts / np.maximum(found.queries, 1)[:, None]
    cells = np.empty((number, number, 4))
    cells[..., :3] = to_rgb(TEXT)
    cells[..., 3] = FULLEST * shares / max(float(shares.max()), 1e-9)
    side = min(10.0, 3.2 + 0.42 * number)
    with charting():
        figure = Figure(figsize=(side + 1, side), layout="constrained")
        axes = figure.subplots()
        axes.imshow(cells, interpolation="nearest")
        small = 9 if number <= 12 else 8 if number <= NUMBERED else 6
        axes.set_xticks(
            range(number),
            found.names,
            rotation=90 if number > 8 else 45,
            ha="center" if number > 8 else "right",
            rotation_mode="anchor" if number <= 8 else "default",
            fontsize=small + 1,
        )
        axes.set_yticks(
            range(number),
            [f"{n} ({c:,})" for n, c in zip(found.names, found.queries, strict=True)],
            fontsize=small + 1,
        )
        axes.set(xlabel=f"label of the wrong {answer} ranked first", ylabel=f"label of the {query}")
        if number <= NUMBERED:
            for i, j in np.argwhere(found.counts):
                axes.text(j, i, f"{found.counts[i, j]:,}", ha="center", va="center", fontsize=small)
        axes.tick_params(length=0)
        return svg(
            figure, f"How often a {query} of one label finds a wrong {answer} of another first"
        )


def map_chart(maps: Sequence[tuple[str, Map, bool]], embedded: Embedded, split: Split) -> str:
    """Maps of embeddings side by side.

    Args:
        maps: title, map, and whether its colour is the label (else the modality).
        embedded: what the maps are of.
        split: its labels.
    """
    names = label_names(split)
    with charting():
        figure = Figure(figsize=(5 * len(maps), 5), layout="constrained")
        for axes, (title, places, labelled) in zip(
            np.atleast_1d(figure.subplots(1, len(maps))), maps, strict=True
        ):
            if labelled and names:
                _by_label(axes, places, embedded, split, names)
            else:
                _scatter(axes, places.images, IMAGE, "o", f"images ({len(places.images):,})")
                _scatter(
                    axes, places.texts, TEXT, "^", f"captions ({len(places.texts):,} distinct)"
                )
            axes.set_title(title, fontsize=11)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
            axes.set_aspect("equal", adjustable="datalim")
            legend = axes.legend(
                loc="upper center",
                bbox_to_anchor=(0.5, -0.01),
                ncols=3,
                fontsize=8,
                markerscale=1.5,
            )
            for handle in legend.legend_handles:
                handle.set_alpha(1)
        return svg(figure, f"Maps of the embeddings: {', '.join(title for title, _, _ in maps)}")


def _by_label(
    axes: Any, places: Map, embedded: Embedded, split: Split, names: dict[int, str]
) -> None:
    """Images as dots, captions as triangles, in the colour of their label; the rarer labels share grey."""
    labels: Any = split.labels
    of_images, of_texts = (
        labels[places.image_rows],
        labels_of_texts(embedded, labels)[places.text_rows],
    )
    frequent = sorted(names, key=lambda label: (-int((labels == label).sum()), label))
    own = frequent[: len(COLOURS)]
    groups = [
        (np.array(frequent[len(COLOURS) :]), OTHER, f"{len(frequent) - len(own)} other labels")
    ]
    groups += [
        (np.array([label]), colour, names[label])
        for label, colour in zip(own, COLOURS, strict=False)
    ]
    for group, colour, name in groups:
        if len(group):
            _scatter(axes, places.texts[np.isin(of_texts, group)], colour, "^", "")
            _scatter(axes, places.images[np.isin(of_images, group)], colour, "o", name)


def _scatter(axes: Any, points: Any, colour: str, marker: str, name: str) -> None:
    many = len(points) > MANY_POINTS
    # As pixels: thousands of shapes would make a slow page.
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=9 if many else 18,
        color=colour,
        marker=marker,
        linewidths=0,
        alpha=0.4 if many else 0.75,
        rasterized=True,
        label=in_legend(name) or None,
    )
