"""Find the captions of a list that fit images best. Nothing is written anew: captions come from the file."""

import argparse
import sys
from pathlib import Path

from harma.cli.argument_types import positive
from harma.cli.images import (
    FORMATS,
    add_model_arguments,
    embed_named,
    find_images,
    open_model,
    print_found,
    shown,
)

EPILOG = """examples:
  harma caption runs/a photo.png --captions captions.txt
  harma caption georsclip tiles/ --captions data/rsitmd/train.json -k 1 --format json
status: 0 done, 1 done, but some images were left out (they are listed), 2 not done"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add_model_arguments(parser)
    parser.add_argument(
        "images", nargs="+", metavar="IMAGE", help="file, folder, glob, or list (.txt, .csv)"
    )
    parser.add_argument(
        "--captions",
        required=True,
        type=Path,
        metavar="FILE",
        help="one per line, a JSON list, or a data set's annotations (.json, .csv)",
    )
    parser.add_argument("-k", type=positive, default=5, help="captions for each image (5)")
    parser.add_argument("--format", choices=FORMATS, default="table", help="(table)")


def run(args: argparse.Namespace) -> int:
    """Rank the captions, and print the best."""
    from harma.data.caption_lists import read_texts
    from harma.model.zeroshot import rank_captions

    given, paths = read_texts(args.captions), find_images(args.images)
    captions = list(dict.fromkeys(given))
    if len(captions) < len(given):
        print(f"{len(given):,} captions, {len(captions):,} of them different", file=sys.stderr)
    model = open_model(args)
    embedded = embed_named(args, model, paths)
    ranked = rank_captions(model, embedded.embeddings, captions, k=args.k)
    images = [
        {
            "image": shown(path),
            "captions": [
                {"caption": captions[number], "cosine": round(float(cosine), 6)}
                for number, cosine in zip(order, cosines, strict=True)
            ],
        }
        for path, order, cosines in zip(embedded.paths, ranked.order, ranked.cosines, strict=True)
    ]
    print_found(images, "captions", args.format)
    return 1 if embedded.problems else 0
