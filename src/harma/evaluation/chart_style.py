"""How the charts of a report look: SVG that takes the page's colour for text and lines, in light and dark."""

import html
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.figure import Figure

# Mid tones, which stand out on a light page and on a dark one.
IMAGE, TEXT, OTHER = "#3b8fb0", "#cf6a32", "#8a8f8c"
COLOURS = (
    "#3b8fb0",
    "#cf6a32",
    "#5d9e4e",
    "#b4589b",
    "#b59a2a",
    "#7a6fd0",
    "#c94f57",
    "#3fa591",
    "#a07a55",
    "#6d8a2f",
)
# No chart has another thing of this colour: it becomes the page's ink.
INK = "#010203"


@contextmanager
def charting() -> Iterator[None]:
    """The style, for as long as a chart is made and written."""
    keys = (
        "text.color",
        "axes.labelcolor",
        "axes.edgecolor",
        "axes.titlecolor",
        "xtick.color",
        "ytick.color",
    )
    style: dict[Any, Any] = {
        **dict.fromkeys(keys, INK),
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "savefig.facecolor": "none",
        "legend.frameon": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.hashsalt": "harma",
        # Labels and terms are words: two dollar signs in them are no formula.
        "text.parse_math": False,
    }
    with matplotlib.rc_context(style):
        yield


def svg(figure: Figure, says: str) -> str:
    """A chart for a page.

    Args:
        figure: the chart.
        says: what it shows, for who cannot see it.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", dpi=144, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    return text.replace("<svg ", f'<svg role="img" aria-label="{html.escape(says)}" ', 1)


def in_legend(name: str) -> str:
    """A name as a legend shows it: matplotlib leaves out what begins with an underscore."""
    return f" {name}" if name.startswith("_") else name
