"""A relevance map over its picture."""

from pathlib import Path

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from PIL import Image

from harma.evaluation.relevance import Relevance
from harma.ground.drawing import INK, PAPER
from harma.ground.files import replacing

FOR, AGAINST = "#ff5a1f", "#2f6bff"
STRENGTH = 0.75


def overlay(found: Relevance, picture: Image.Image | None = None) -> Image.Image:
    """The picture in grey, orange where covering it lowers the cosine, blue where it raises it.

    The strongest cell of the map has the full colour, however weak it is: look at the numbers too.

    Args:
        found: the map.
        picture: RGB, that the map covers whole; None takes the picture as the model saw it.
    """
    base = Image.fromarray(found.picture) if picture is None else picture
    relevance = found.upsampled(base.height, base.width)
    strength = (np.abs(relevance) / max(float(np.abs(found.cells).max()), 1e-9))[
        ..., None
    ] * STRENGTH
    colour = (
        np.where(relevance[..., None] > 0, np.array(to_rgb(FOR)), np.array(to_rgb(AGAINST))) * 255
    )
    grey = np.asarray(base.convert("L").convert("RGB"), dtype=np.float32)
    mixed = grey * (1 - strength) + colour * strength
    return Image.fromarray(mixed.round().clip(0, 255).astype(np.uint8))


def draw_relevance(
    found: Relevance, text: str, path: Path, picture: Image.Image | None = None
) -> None:
    """Write a PNG: the picture, the map over it, and what its colours mean."""
    base = Image.fromarray(found.picture) if picture is None else picture
    most = max(float(np.abs(found.cells).max()), 1e-9)
    figure = Figure(figsize=(11, 5.2), layout="constrained", facecolor=PAPER)
    left, right = figure.subplots(1, 2)
    left.imshow(base)
    right.imshow(overlay(found, base))
    for axes in (left, right):
        axes.set_axis_off()
    shown = text if len(text) <= 100 else f"{text[:99]}…"
    # A dollar sign would begin a formula.
    figure.suptitle(
        f"“{shown}”   cosine {found.cosine:.3f}".replace("$", r"\$"), color=INK, fontsize=12
    )
    colours = LinearSegmentedColormap.from_list("relevance", [AGAINST, "#9a9a9a", FOR])
    bar = figure.colorbar(ScalarMappable(Normalize(-most, most), colours), ax=right, fraction=0.045)
    bar.set_label("the cosine falls by, where covered", color=INK)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
