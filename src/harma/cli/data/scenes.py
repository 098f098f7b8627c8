"""harma data scenes: draw synthetic overhead scenes with captions as a data set."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from harma.cli.argument_types import output_directory
from harma.ground.progress import progress_bar

SUMMARY = "draw synthetic scenes"
EPILOG = """examples:
  harma data scenes data/summer
  harma data scenes data/infrared --look infrared --train 500 --size 128
  harma data scenes data/spectral --look spectral --train 1000 --size 32"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    parser.add_argument(
        "directory", type=output_directory, metavar="DIR", help="where the data set goes"
    )
    parser.add_argument(
        "--look",
        default="summer",
        help="summer, infrared, drought, winter; or spectral: GeoTIFFs of four bands (summer)",
    )
    for split, count in (("train", 2000), ("val", 200), ("test", 200)):
        parser.add_argument(
            f"--{split}",
            type=int,
            default=count,
            metavar="N",
            help=f"images of the split ({count})",
        )
    parser.add_argument("--size", type=int, default=64, help="height and width, pixels (64)")
    parser.add_argument("--captions", type=int, default=5, help="captions of an image (5)")
    parser.add_argument("--seed", type=int, default=0, help="of everything drawn (0)")


def run(args: argparse.Namespace) -> int:
    """Draw, and say what to do with it."""
    from harma.data.synthetic import make_scenes
    from harma.data.synthetic.spectral_dataset import make_spectral_scenes

    draw: Callable[..., Path] = partial(make_scenes, look=args.look)
    if args.look == "spectral":
        draw = make_spectral_scenes
    with progress_bar("drawing") as progress:
        made = draw(
            args.directory,
            train=args.train,
            val=args.val,
            test=args.test,
            size=args.size,
            captions=args.captions,
            seed=args.seed,
            progress=progress,
        )
    print(f"data set written to {made}; train on it with: harma train RECIPE --data.name {made}")
    return 0
