"""Show which parts of an image a text is found by: parts are covered in turn, the cosine measured.

Orange parts speak for the text, blue ones against it. It needs grid² + 1 embeddings of the image.
"""

import argparse
from typing import TYPE_CHECKING

from harma.cli.argument_types import given_name, local_file, output_file, positive
from harma.cli.device import add_device_argument, load_on_device
from harma.ground.outputs import as_written

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from harma.evaluation.relevance import Relevance

EPILOG = """examples:
  harma explain runs/a tile.png "storage tanks beside a river" --output why.png
  harma explain openai tile.png "a runway" --grid 20 --output why.png"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "model",
        type=given_name,
        metavar="MODEL",
        help="run, adapter or model directory, preset, open_clip name",
    )
    parser.add_argument("image", type=local_file, metavar="IMAGE", help="an image file")
    parser.add_argument("text", metavar="TEXT", help="what to look for in it")
    parser.add_argument(
        "--output", required=True, type=output_file, metavar="FILE", help="the picture, a .png file"
    )
    parser.add_argument(
        "--grid", type=positive, default=12, help="parts along each side, 3 to 64 (12)"
    )
    parser.add_argument(
        "--backbone",
        type=given_name,
        help="where the model's backbone is now, if not where it says",
    )
    add_device_argument(parser)
    parser.add_argument(
        "--batch-size", type=positive, default=64, help="covered images at once (64)"
    )


def run(args: argparse.Namespace) -> int:
    """Explain, and write."""
    from harma.errors import ConfigError
    from harma.evaluation.relevance import check_asked, draw_relevance, relevance
    from harma.model.embedding import reading_for
    from harma.scenes.rendering import read_rgb, read_seen, reading_of

    if args.output.suffix.lower() != ".png":
        raise ConfigError(f"--output is {args.output}; name a .png file")
    # A map in place of the image would be the end of the image.
    if args.output.resolve() == args.image.resolve():
        raise ConfigError(f"--output is the image itself, {args.output}; name another file")
    # All that can be wrong is told before the model is opened.
    check_asked(args.text, args.grid)
    picture = read_rgb(args.image)
    model = load_on_device(args.model, args.backbone, args.device)
    if model.trained_reading is not None:
        # A raster is shown as those that the model was trained on.
        reading = reading_of([args.image], trained=model.trained_reading)
        picture = read_rgb(args.image, reading)
    seen: Image.Image | NDArray[np.float32] = picture
    if model.preprocess.bands is not None:
        seen = read_seen(args.image, reading_for(model, [args.image]))
    relevance_map = relevance(model, seen, args.text, grid=args.grid, batch_size=args.batch_size)
    draw_relevance(relevance_map, args.text, args.output, picture)
    print(f"cosine {relevance_map.cosine:.3f}; {_in_words(relevance_map)}")
    print(f"written: {as_written(args.output)}")
    return 0


def _in_words(relevance_map: "Relevance") -> str:
    """Where the cosine falls most."""
    peak = relevance_map.peak
    if peak is None:
        return "it falls nowhere: no part of the image speaks for the text"
    return (
        f"it falls most, by {peak.fall:.3f}, around row {peak.row + 1} and column"
        f" {peak.column + 1} of {len(relevance_map.cells)}"
    )
