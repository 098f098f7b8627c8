"""Relevance maps by occlusion: which parts of an image a text was found by (why this hit)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from harma.data.split import Split
from harma.errors import ConfigError
from harma.evaluation.examples import images_having
from harma.evaluation.retrieval import Embedded
from harma.ground.drawing import INK, PAPER, data_uri
from harma.ground.files import replacing
from harma.model.embedding import (
    Embedder,
    embed_texts,
    eval_transform_of,
    evaluating,
    seen_in_memory,
    with_model_bands,
)
from harma.scenes.model_bands import REFLECTANCE, ModelBands
from harma.scenes.reflectance import BRIGHT
from harma.scenes.rendering import read_seen

MIN_GRID = 3
MAX_GRID = 64
FOR = "#ff5a1f"
AGAINST = "#2f6bff"
# How much of a cell's colour the strongest one has.
STRENGTH = 0.75
# 65 image embeddings a map; a report has three.
REPORT_GRID = 8
REPORT_SIDE = 224
# Of values that are all alike: no division by zero.
TINY_RANGE = 1e-12


class Peak(NamedTuple):
    """The cell of a map whose fall is largest: row and column from 0."""

    row: int
    column: int
    fall: float


@dataclass(frozen=True, eq=False)
class Relevance:
    """Why an image and a text match.

    Attributes:
        cosine: of the image and the text.
        cells: float32 (grid, grid): how much the cosine falls where a cell is covered; below 0 it
            rises.
        picture: uint8 (H, W, 3): the image as the model sees it, resized or cropped.
        whole: whether the model sees all of the image, so that the map lies over the image itself.
    """

    cosine: float
    cells: NDArray[np.float32]
    picture: NDArray[np.uint8]
    whole: bool = False

    @property
    def peak(self) -> Peak | None:
        """Where the fall is largest; None where no part of the image speaks for the text."""
        if self.cells.max() <= 0:
            return None
        row, column = divmod(int(self.cells.argmax()), len(self.cells))
        return Peak(row, column, float(self.cells.max()))

    def upsampled(self, rows: int, columns: int) -> NDArray[np.float32]:
        """The cells as a smooth map of (rows, columns)."""
        cells = torch.from_numpy(self.cells)[None, None]
        smooth = F.interpolate(cells, (rows, columns), mode="bilinear", align_corners=False)
        result: NDArray[np.float32] = smooth[0, 0].numpy()
        return result


# -- the map --------------------------------------------------------------------------------------


def relevance(
    model: Embedder,
    image: Image.Image | NDArray[np.uint8] | NDArray[np.float32],
    text: str,
    *,
    grid: int = 12,
    batch_size: int = 64,
) -> Relevance:
    """Cover one part of the image after the other with grey, and see how the cosine falls.

    Occlusion (Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks", section
    4.2). It needs nothing of the model but its embeddings, so it works for every backbone and
    method, and it says what it measures: no gradients or attention that may or may not have to do
    with the result. It costs grid² + 1 image embeddings. A square of 3 × 3 cells is covered at a
    time, by the grey that is 0 after normalisation; a cell's relevance is the mean fall over the
    squares that cover it.

    Args:
        model: embeds.
        image: a Pillow picture or an array; of a model of bands their values (H, W, N).
        text: as the model is to read it; captions of a split are cleaned.
        grid: cells along each side.
        batch_size: covered images at once.

    Raises:
        ConfigError: the grid is too small or large, or the text is empty.
    """
    check_asked(text, grid)
    bands = model.preprocess.bands
    pixels = eval_transform_of(model.preprocess)(seen_in_memory(image, bands)).to(model.device)
    of_text = torch.from_numpy(embed_texts(model, [text])[0])
    # The first cosine is that of the image uncovered.
    parts = []
    with evaluating(model):
        for batch in _covered(pixels, grid, batch_size):
            parts.append(model.encode_image(batch).float().cpu() @ of_text)
    cosines = torch.cat(parts)
    # A map in the order of the cells, as they were covered.
    falls = (cosines[0] - cosines[1:]).reshape(1, 1, grid, grid)
    # What each cell's squares give in the mean; at the border fewer squares cover a cell.
    cells = F.avg_pool2d(falls, 3, stride=1, padding=1, count_include_pad=False)[0, 0]
    return Relevance(
        cosine=float(cosines[0]),
        cells=cells.numpy().astype(np.float32),
        picture=_seen(pixels, model),
        whole=model.preprocess.resize_mode == "squash",
    )


def check_asked(text: str, grid: int) -> None:
    """Check that a map can be made of a text and a grid.

    Raises:
        ConfigError: the grid is too small or large, or the text is empty.
    """
    if not MIN_GRID <= grid <= MAX_GRID:
        raise ConfigError(f"grid is {grid}; allowed are {MIN_GRID} to {MAX_GRID}")
    if not text.strip():
        raise ConfigError("the text is empty; say what to look for in the image")


def _covered(pixels: Tensor, grid: int, batch_size: int) -> Iterator[Tensor]:
    """The image as it is, then with the square around each cell covered: batches (B, 3, H, W)."""
    height, width = pixels.shape[1:]
    # Where the grid does not divide the side, cells differ by a pixel.
    rows = [round(i * height / grid) for i in range(grid + 1)]
    columns = [round(i * width / grid) for i in range(grid + 1)]
    cells = range(-1, grid * grid)  # -1 covers nothing
    for start in range(0, len(cells), batch_size):
        chosen = cells[start : start + batch_size]
        batch = pixels.repeat(len(chosen), 1, 1, 1)
        for image, cell in zip(batch, chosen, strict=True):
            if cell < 0:
                continue
            i, j = divmod(cell, grid)
            across = slice(columns[max(0, j - 1)], columns[min(grid, j + 2)])
            image[:, rows[max(0, i - 1)] : rows[min(grid, i + 2)], across] = 0
        yield batch


def _seen(pixels: Tensor, model: Embedder) -> NDArray[np.uint8]:
    """Pixels (C, H, W) with the normalisation taken back: uint8 (H, W, 3)."""
    mean = torch.tensor(model.preprocess.mean)[:, None, None]
    std = torch.tensor(model.preprocess.std)[:, None, None]
    values = pixels.float().cpu() * std + mean
    if model.preprocess.bands is not None:
        values = _shown(values, model.preprocess.bands)
    levels = values.clamp(0, 1) * 255
    result: NDArray[np.uint8] = levels.round().to(torch.uint8).permute(1, 2, 0).numpy()
    return result


def _shown(values: Tensor, bands: ModelBands) -> Tensor:
    """Values of bands (N, H, W) as colours, about 0 to 1: its own, or the first band as grey."""
    if bands.colors and bands.unit == REFLECTANCE:
        return values[list(bands.colors)] / BRIGHT
    grey = values[:1]
    low = float(grey.min())
    return ((grey - low) / max(float(grey.max()) - low, TINY_RANGE)).repeat(3, 1, 1)


# -- its picture ----------------------------------------------------------------------------------


def overlay(relevance_map: Relevance, picture: Image.Image | None = None) -> Image.Image:
    """The picture in grey, orange where covering it lowers the cosine, blue where it raises it.

    The strongest cell of the map has the full colour, however weak it is: look at the numbers too.

    Args:
        relevance_map: the map.
        picture: RGB, that the map covers whole; None takes the picture as the model saw it.
    """
    base = picture or Image.fromarray(relevance_map.picture)
    # (H, W, 1), to be mixed with colours.
    smooth = relevance_map.upsampled(base.height, base.width)[..., None]
    # By the strongest cell of this map: a weak map would be grey otherwise.
    strength = STRENGTH * np.abs(smooth) / _strongest(relevance_map)
    colour = 255 * np.where(smooth > 0, np.array(to_rgb(FOR)), np.array(to_rgb(AGAINST)))
    grey = np.asarray(base.convert("L").convert("RGB"), dtype=np.float32)
    mixed = grey * (1 - strength) + colour * strength
    return Image.fromarray(mixed.round().clip(0, 255).astype(np.uint8))


def _strongest(relevance_map: Relevance) -> float:
    """The largest fall or rise of a map, never 0."""
    return max(float(np.abs(relevance_map.cells).max()), 1e-9)


def draw_relevance(
    relevance_map: Relevance, text: str, path: Path, picture: Image.Image | None = None
) -> None:
    """Write a PNG: the picture, the map over it, and what its colours mean.

    Args:
        relevance_map: the map.
        text: that it is of.
        path: the file.
        picture: the image itself; it is shown where the model sees all of it.
    """
    base = Image.fromarray(relevance_map.picture)
    if picture is not None and relevance_map.whole:
        base = picture
    figure = Figure(figsize=(11, 5.2), layout="constrained", facecolor=PAPER)
    left, right = figure.subplots(1, 2)
    left.imshow(base)
    right.imshow(overlay(relevance_map, base))
    # Pictures, no plots: axes would say nothing.
    for axes in (left, right):
        axes.set_axis_off()
    shown = text
    if len(text) > 100:
        shown = f"{text[:99]}…"
    title = f"“{shown}”   cosine {relevance_map.cosine:.3f}"
    # A dollar sign would begin a formula.
    figure.suptitle(title.replace("$", r"\$"), color=INK, fontsize=12)
    colours = LinearSegmentedColormap.from_list("relevance", [AGAINST, "#9a9a9a", FOR])
    strongest = _strongest(relevance_map)
    scale = ScalarMappable(Normalize(-strongest, strongest), colours)
    bar = figure.colorbar(scale, ax=right, fraction=0.045)
    bar.set_label("the cosine falls by, where covered", color=INK)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


# -- examples for the report ----------------------------------------------------------------------


@dataclass(frozen=True)
class RelevanceExample:
    """A caption and the image it found first, with the map over it.

    Attributes:
        caption: the query.
        name: of the image.
        right: whether the image is the caption's own.
        same: whether it is another's, but has the query's words as its caption too.
        picture: the image, a data URI.
        map: the map over it, a data URI.
        cosine: of both.
        most: the largest fall.
    """

    caption: str
    name: str
    right: bool
    same: bool
    picture: str
    map: str
    cosine: float
    most: float


def relevance_examples(
    model: Embedder,
    embedded: Embedded,
    split: Split,
    captions: Sequence[int],
    *,
    grid: int = REPORT_GRID,
) -> list[RelevanceExample]:
    """The maps of captions with the image each found first.

    Raises:
        DataError: an image cannot be read.
    """
    return [_example(model, embedded, split, caption, grid) for caption in captions]


def _example(
    model: Embedder, embedded: Embedded, split: Split, caption: int, grid: int
) -> RelevanceExample:
    query = embedded.texts[embedded.captions.text[caption]]
    image = int(np.argmax(embedded.images @ query))
    reading = with_model_bands(split.reading, model.preprocess)
    picture = read_seen(split.images[image], reading)
    relevance_map = relevance(model, picture, split.captions[caption], grid=grid)
    seen = Image.fromarray(relevance_map.picture).resize((REPORT_SIDE, REPORT_SIDE))
    right = image == int(split.caption_to_image[caption])
    return RelevanceExample(
        caption=split.captions[caption],
        name=split.images[image].name,
        right=right,
        same=not right and image in images_having(embedded, caption),
        picture=data_uri(seen),
        map=data_uri(overlay(relevance_map, seen)),
        cosine=relevance_map.cosine,
        most=float(relevance_map.cells.max()),
    )
