"""Two chip sizes in one vector: a picture as a whole and its N x N tiles, embedded and joined.

The embedding of a chip is

    v = u / |u|,    u = whole + 1/2 · mean(tile 1, …, tile n)

of L2-normalised embeddings: `whole` of the chip, the others of its tiles. Each of them goes through
the model's own preprocessing. What is small in a chip is large in a tile; the vector is as long as
before, so that a search costs nothing more. With N = 1 there are no tiles, and v is `whole`.

Source: measured for HarMA on UCM with N = 2. Of a pilot at 64 pixels mAP of the 17 labels rose by
one to four points, and the maximum over tiles in place of their mean was lower in all figures. It
depends on the model: docs/results.md has one that it lowers.

Tiles hold the chip's own pixels, cut row by row. They cover all of them and share none: of a side
that N does not divide, some are a pixel longer. Only of a side shorter than N pixels neighbours
share a pixel. A tile that is mostly black is left out of the mean, since black is where there is no
data, padding too. A picture in a query has no other mask, and so it is treated as a chip is.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harma.errors import ConfigError, QueryError
from harma.index.embedder import QueryEmbedder
from harma.scenes.picture import rgb_array

Pixels = NDArray[np.uint8] | NDArray[np.float32]
"""A picture (H, W, 3) of 8 bits, or values of bands (H, W, N), NaN where there is no data."""
Embeddings = NDArray[np.float32]

# Of 4 x 4 tiles a chip takes 17 times the embedding.
MOST_TILES = 4
# What the mean of the tiles counts beside the whole.
TILES_WEIGHT = 0.5
# Tiles with a larger share of black pixels are left out, as new indices leave out such chips.
MOST_BLACK = 0.5


def check_tiles(tiles: int) -> None:
    """Check how many tiles a chip is cut into along each side.

    Raises:
        ConfigError: it is no number from 1 to `MOST_TILES`.
    """
    # True is 1 to Python, and 2.0 is in the range; index.json would hold them as they are.
    if type(tiles) is not int or not 1 <= tiles <= MOST_TILES:
        raise ConfigError(
            f"tiles is {tiles!r}; it must be a whole number from 1 (the chip alone) to"
            f" {MOST_TILES} (and its {MOST_TILES} x {MOST_TILES} tiles)"
        )


def most_pictures(tiles: int) -> int:
    """Pictures of a chip that go through the model, at most."""
    if tiles == 1:
        return 1
    return 1 + tiles * tiles


def with_tiles(picture: Pixels, tiles: int) -> list[Pixels]:
    """A picture and its tiles, row by row; tiles that are mostly black are left out.

    Args:
        picture: 8-bit RGB (H, W, 3), or values (H, W, N).
        tiles: along each side; 1 gives the picture alone.

    Returns:
        The picture first; all are views of it.
    """
    pictures = [picture]
    if tiles == 1:
        return pictures
    height, width = picture.shape[:2]
    for top, bottom in _spans(height, tiles):
        for left, right in _spans(width, tiles):
            tile = picture[top:bottom, left:right]
            if _share_of_black(tile) <= MOST_BLACK:
                pictures.append(tile)
    return pictures


def _spans(side: int, tiles: int) -> list[tuple[int, int]]:
    """Where the tiles along a side begin and end."""
    spans = []
    for number in range(tiles):
        start = side * number // tiles
        end = side * (number + 1) // tiles
        spans.append((start, max(start + 1, end)))
    return spans


def _share_of_black(picture: Pixels) -> float:
    """Of a picture the share of black, of values that of NaN: there are no data."""
    if picture.dtype.kind == "f":
        return float(np.isnan(picture).all(axis=-1).mean())
    return float((picture == 0).all(axis=-1).mean())


def join_sizes(whole: Embeddings, tiles: Embeddings) -> Embeddings:
    """The vector of a picture and its tiles: the formula of this module.

    Args:
        whole: (E,), L2-normalised.
        tiles: (n, E), L2-normalised each; n may be 0.

    Returns:
        (E,), L2-normalised; `whole` as it is where there are no tiles.
    """
    if not len(tiles):
        return whole
    # Never zero: the mean of unit vectors is no longer than one, and counts half.
    total = whole + np.float32(TILES_WEIGHT) * tiles.mean(axis=0)
    joined: Embeddings = total / np.linalg.norm(total)
    return joined


def join_chips(embeddings: Embeddings, num_tiles: Sequence[int]) -> Embeddings:
    """Vectors of chips (n, E), of the embeddings of all their pictures.

    Args:
        embeddings: of each chip and then of its tiles, chip by chip (n + all tiles, E).
        num_tiles: of each chip (n,); () where no chip has any.
    """
    if not any(num_tiles):
        return embeddings
    vectors = []
    start = 0
    for count in num_tiles:
        end = start + 1 + count
        vectors.append(join_sizes(embeddings[start], embeddings[start + 1 : end]))
        start = end
    return np.stack(vectors)


def embed_picture(
    model: QueryEmbedder,
    picture: Image.Image | NDArray[np.generic],
    tiles: int,
    *,
    are_values: bool = False,
) -> Embeddings:
    """Embed a picture of a query as a chip of an index is embedded.

    Args:
        model: of the index.
        picture: as it is: a PIL image, or an array (H, W, 3); for a model of several bands their
            values (H, W, N).
        tiles: of the index.
        are_values: the index's model reads bands.

    Returns:
        (E,), L2-normalised.

    Raises:
        QueryError: a picture is given where the model reads bands.
    """
    if are_values and isinstance(picture, Image.Image):
        raise QueryError(
            "the index's model reads bands of a sensor, which a picture has not; search by the file"
            " of a raster with these bands, by a chip of the index, or by a text"
        )
    if tiles == 1:
        alone: Embeddings = model.embed_images([picture])[0]
        return alone
    seen: Pixels = np.asarray(picture)
    if not are_values:
        # Before it is cut: an array of other values than 8 bits has one range for all of it.
        seen = rgb_array(picture)
    pictures = with_tiles(seen, tiles)
    embeddings = model.embed_images(pictures)
    return join_sizes(embeddings[0], embeddings[1:])
