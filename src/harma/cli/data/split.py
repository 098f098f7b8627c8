"""harma data split: divide a data set anew into train, val and test, or into folds of them.

It is divided by image; labels are spread evenly; copies of an image, near ones too, stay on one
side. With --folds K it is divided into K parts: fold k has part k as test, part k + 1 as val (the
last one part 1) and all others as train, so that every image is judged once.
"""

import argparse
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harma.curation.resplit import Pool
    from harma.data.split import SplitSize

SUMMARY = "new train, val and test, or folds of them, copies on one side"
EPILOG = """examples:
  harma data split my_data.yaml --output split
  harma data split ucm --root data/ucm --ratios 0.7 0.1 0.2 --seed 1 --to csv --output split --lossy
  harma data split ucm --root data/ucm --folds 5 --output folds
The description that is written can be trained on: harma train RECIPE --data.name split/data.yaml
Methods are compared over folds with: harma compare FILE --folds folds/folds.yaml"""


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
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--ratios",
        nargs=3,
        type=float,
        default=(0.8, 0.1, 0.1),
        metavar=("TRAIN", "VAL", "TEST"),
        help="shares of the images (0.8 0.1 0.1)",
    )
    how.add_argument(
        "--folds",
        type=int,
        metavar="K",
        help="K folds, 3 or more, in place of one division: every image is in the test of one",
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
    from harma.curation.resplit import pooled_images

    description, root = data_and_root(args.data, args.root)
    with copies_progress_bars() as progress:
        pool = pooled_images(
            description,
            root,
            near=not args.exact_only,
            images=images_option(args),
            num_workers=args.num_workers,
            progress=progress,
        )
    if args.folds is not None:
        return _write_folds(args, pool)
    return _write_splits(args, pool)


def _write_splits(args: argparse.Namespace, pool: "Pool") -> int:
    from harma.curation.convert import write_conversion
    from harma.curation.resplit import split_pool

    description, _ = data_and_root(args.data, args.root)
    made = split_pool(
        pool, description, args.to, args.output, ratios=tuple(args.ratios), seed=args.seed
    )
    conversion = made.conversion
    # Said before anything is written, and whether it is or not.
    for loss in conversion.lost:
        print(f"lost: {loss}")
    path = write_conversion(conversion, args.output, overwrite=args.overwrite, lossy=args.lossy)
    rows = [[label, *with_commas(*counts)] for label, counts in made.labels.items()]
    if rows:
        show_table(["label", "train", "val", "test"], rows)
    _print_sizes(conversion.sizes)
    _print_copies(pool)
    print(f"written: {path}; train on it with: harma train RECIPE --data.name {path}")
    return 0


def _write_folds(args: argparse.Namespace, pool: "Pool") -> int:
    from harma.curation.folds import split_into_folds, write_folds

    description, _ = data_and_root(args.data, args.root)
    made = split_into_folds(
        pool, description, args.to, args.output, num_folds=args.folds, seed=args.seed
    )
    # The same images are in every fold, so what is lost is too.
    for loss in made.conversions[0].lost:
        print(f"lost: {loss}")
    path = write_folds(made, args.output, overwrite=args.overwrite, lossy=args.lossy)
    rows = []
    for number, conversion in enumerate(made.conversions, 1):
        sizes = [size.num_images for size in conversion.sizes.values()]
        rows.append([str(number), *with_commas(*sizes)])
    show_table(["fold", "train", "val", "test"], rows)
    _print_copies(pool)
    print(f"written: {path}; compare over it with: harma compare FILE --folds {path}")
    return 0


def _print_sizes(sizes: "Mapping[str, SplitSize]") -> None:
    for split, size in sizes.items():
        print(f"{split}: {size.num_images:,} images, {size.num_captions:,} captions")


def _print_copies(pool: "Pool") -> None:
    print(f"copies kept on one side: {pool.num_copies:,} images in {pool.num_groups:,} groups")
