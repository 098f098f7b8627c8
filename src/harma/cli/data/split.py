"""harma data split: divide a data set anew into train, val and test.

It is divided by image; labels are spread evenly; copies of an image, near ones too, stay on one
side.
"""

import argparse

from harma.cli.argument_types import output_directory
from harma.cli.data.arguments import (
    add_data,
    add_workers,
    copies_progress_bars,
    data_and_root,
    images_option,
    show_table,
    with_commas,
)

SUMMARY = "new train, val and test, copies on one side"
EPILOG = """examples:
  harma data split my_data.yaml --output split
  harma data split ucm --root data/ucm --ratios 0.7 0.1 0.2 --seed 1 --to csv --output split --lossy
The description that is written can be trained on: harma train RECIPE --data.name split/data.yaml"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    add_data(parser, splits=False)
    parser.add_argument(
        "--output",
        required=True,
        type=output_directory,
        metavar="DIR",
        help="where the new annotations go",
    )
    parser.add_argument(
        "--ratios",
        nargs=3,
        type=float,
        default=(0.8, 0.1, 0.1),
        metavar=("TRAIN", "VAL", "TEST"),
        help="shares of the images (0.8 0.1 0.1)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the division (0)")
    parser.add_argument(
        "--to", default="harma", choices=("harma", "karpathy", "caps", "csv"), help="format (harma)"
    )
    parser.add_argument(
        "--exact-only", action="store_true", help="keep only equal files and pixels together"
    )
    parser.add_argument(
        "--lossy", action="store_true", help="write although the format does not hold all"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    add_workers(parser)


def run(args: argparse.Namespace) -> int:
    """Divide, show, write."""
    from harma.ground.messages import about_file

    with about_file(args.data):
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    from harma.curation.convert import write_conversion
    from harma.curation.resplit import resplit

    description, root = data_and_root(args.data, args.root)
    with copies_progress_bars() as progress:
        made = resplit(
            description,
            root,
            args.to,
            args.output,
            ratios=tuple(args.ratios),
            seed=args.seed,
            near=not args.exact_only,
            images=images_option(args),
            num_workers=args.num_workers,
            progress=progress,
        )
    conversion = made.conversion
    # Said before anything is written, and whether it is or not.
    for loss in conversion.lost:
        print(f"lost: {loss}")
    path = write_conversion(conversion, args.output, overwrite=args.overwrite, lossy=args.lossy)
    rows = [[label, *with_commas(*counts)] for label, counts in made.labels.items()]
    if rows:
        show_table(["label", "train", "val", "test"], rows)
    for split, size in conversion.sizes.items():
        print(f"{split}: {size.num_images:,} images, {size.num_captions:,} captions")
    print(f"copies kept on one side: {made.num_copies:,} images in {made.num_groups:,} groups")
    print(f"written: {path}; train on it with: harma train RECIPE --data.name {path}")
    return 0
