"""harma data convert: write annotations in another format.

Captions stay as they are; images stay where they are.
"""

import argparse

from harma.cli.argument_types import output_directory
from harma.cli.data.arguments import add_data, data_and_root, images_option

SUMMARY = "annotations in another format"
EPILOG = """formats (SPEC of the data: a description's `format`):
  harma     the original's JSON: train.json (a row per caption), val.json and test.json (a row per
            image)
  karpathy  dataset_NAME.json, one file for all splits; labels under our own keys
  caps      SPLIT_caps.txt with SPLIT_filename.txt: no labels, no ids, no line breaks in captions
  csv       SPLIT.csv with filename,title and, if there are labels, label_name: no ids, no numbers
            of labels
examples:
  harma data convert rsicd --root data/rsicd --to karpathy --output converted
  harma data convert my_data.yaml --splits train --to csv --output csv --lossy
What the format cannot hold is said first, and nothing is written unless --lossy is given."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    add_data(parser)
    parser.add_argument(
        "--to", required=True, choices=("harma", "karpathy", "caps", "csv"), help="the new format"
    )
    parser.add_argument(
        "--output", required=True, type=output_directory, metavar="DIR", help="where the files go"
    )
    parser.add_argument("--lossy", action="store_true", help="write although something is lost")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")


def run(args: argparse.Namespace) -> int:
    """Convert, unless something would be lost unasked."""
    from harma.curation.convert import convert, write_conversion

    description, root = data_and_root(args.data, args.root)
    conversion = convert(
        description,
        root,
        args.to,
        args.output,
        splits=args.splits,
        images=images_option(args),
    )
    # Said before anything is written, and whether it is or not.
    for loss in conversion.lost:
        print(f"lost: {loss}")
    path = write_conversion(conversion, args.output, overwrite=args.overwrite, lossy=args.lossy)
    for split, size in conversion.sizes.items():
        print(f"{split}: {size.num_images:,} images, {size.num_captions:,} captions")
    print(
        f"written: {', '.join(conversion.files)} and {path}; train on it with: harma train RECIPE"
        f" --data.name {path}"
    )
    return 0
