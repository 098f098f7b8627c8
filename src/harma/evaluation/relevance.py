"""Which parts of an image a text was found by (why this hit)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from harma.data.images import to_uint8_rgb
from harma.errors import ConfigError
from harma.model.embedding import Embedder, embed_texts, eval_transform_of, evaluating

MIN_GRID, MAX_GRID = 3, 64


@dataclass(frozen=True, eq=False)
class Relevance:
    """Why an image and a text match.

    Attributes:
        cosine: of the image and the text.
        cells: float32 (grid, grid): how much the cosine falls where a cell is covered; below 0 it
            rises.
        picture: uint8 (H, W, 3): the image as the model sees it, resized or cropped.
    """

    cosine: float
    cells: NDArray[np.float32]
    picture: NDArray[np.uint8]

    def upsampled(self, rows: int, columns: int) -> NDArray[np.float32]:
        """The cells as a smooth map of (rows, columns)."""
        cells = torch.from_numpy(self.cells)[None, None]
        smooth = F.interpolate(cells, (rows, columns), mode="bilinear", align_corners=False)
        result: NDArray[np.float32] = smooth[0, 0].numpy()
        return result


def relevance(
    model: Embedder, image: Any, text: str, *, grid: int = 12, batch_size: int = 64
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
        image: a Pillow picture or an array.
        text: as the model is to read it; captions of a split are cleaned.
        grid: cells along each side.
        batch_size: covered images at once.

    Raises:
        ConfigError: the grid is too small or large, or the text is empty.
    """
    check_asked(text, grid)
    pixels = eval_transform_of(model.preprocess)(to_uint8_rgb(image)).to(model.device)
    of_text = torch.from_numpy(embed_texts(model, [text])[0])
    with evaluating(model):
        cosines = torch.cat(
            [
                model.encode_image(batch).float().cpu() @ of_text
                for batch in _covered(pixels, grid, batch_size)
            ]
        )
    falls = (cosines[0] - cosines[1:]).reshape(1, 1, grid, grid)
    # What each cell's squares give in the mean; at the border fewer squares cover a cell.
    cells = F.avg_pool2d(falls, 3, stride=1, padding=1, count_include_pad=False)[0, 0]
    return Relevance(float(cosines[0]), cells.numpy().astype(np.float32), _seen(pixels, model))


def check_asked(text: str, grid: int) -> None:
    """Whether a map can be made of this.

    Raises:
        ConfigError: the grid is too small or large, or the text is empty.
    """
    if not MIN_GRID <= grid <= MAX_GRID:
        raise ConfigError(f"grid is {grid}; allowed are {MIN_GRID} to {MAX_GRID}")
    if not text.strip():
        raise ConfigError("the text is empty; say what to look for in the image")


def _covered(pixels: Tensor, grid: int, batch_size: int) -> Iterator[Tensor]:
    """The image as it is, then with the square around each cell covered, in batches (B, 3, H, W)."""
    height, width = pixels.shape[1:]
    rows = [round(i * height / grid) for i in range(grid + 1)]
    columns = [round(i * width / grid) for i in range(grid + 1)]
    numbers = range(-1, grid * grid)
    for start in range(0, len(numbers), batch_size):
        chosen = numbers[start : start + batch_size]
        batch = pixels.repeat(len(chosen), 1, 1, 1)
        for place, number in enumerate(chosen):
            if number >= 0:
                i, j = divmod(number, grid)
                top, bottom = rows[max(0, i - 1)], rows[min(grid, i + 2)]
                left, right = columns[max(0, j - 1)], columns[min(grid, j + 2)]
                batch[place, :, top:bottom, left:right] = 0
        yield batch


def _seen(pixels: Tensor, model: Embedder) -> NDArray[np.uint8]:
    mean, std = (
        torch.tensor(values)[:, None, None]
        for values in (model.preprocess.mean, model.preprocess.std)
    )
    seen = ((pixels.float().cpu() * std + mean).clamp(0, 1) * 255).round().to(torch.uint8)
    result: NDArray[np.uint8] = seen.permute(1, 2, 0).numpy()
    return result
