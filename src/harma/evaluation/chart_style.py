"""The style of a report's charts: SVG whose ink is the page's, in light and in dark."""

import html
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.figure import Figure

# Mid tones, which stand out on a light page and on a dark one.
IMAGE_COLOUR = "#3b8fb0"
TEXT_COLOUR = "#cf6a32"
OTHER_COLOUR = "#8a8f8c"
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
STYLE: dict[Any, Any] = {
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    # The same chart is the same text every time.
    "svg.hashsalt": "harma",
    # Labels and terms are words: two dollar signs in them are no formula.
    "text.parse_math": False,
}


@contextmanager
def charting() -> Iterator[None]:
    """The style, for as long as a chart is made and written."""
    with matplotlib.rc_context(STYLE):
        yield


def svg(figure: Figure, says: str, *, ink: str = INK) -> str:
    """A chart for a page: without background, its ink that of the page.

    Args:
        figure: the chart.
        says: what it shows, for who cannot see it.
        ink: the colour in it that becomes the page's.
    """
    buffer = io.StringIO()
    # A date or a version in the file would make the same chart another text every time.
    unsigned = {"Date": None, "Creator": None}
    figure.savefig(buffer, format="svg", dpi=144, transparent=True, metadata=unsigned)
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(ink, "currentColor")
    return text.replace("<svg ", f'<svg role="img" aria-label="{html.escape(says)}" ', 1)


def in_legend(name: str) -> str:
    """A name as a legend shows it: matplotlib leaves out what begins with an underscore."""
    if name.startswith("_"):
        return f" {name}"
    return name
