"""Find the captions of a list that fit images best. Nothing is written anew.

Captions come from the file as they are.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from harma.cli.argument_types import local_file, positive
from harma.cli.images import (
    Cells,
    ImageAnswers,
    add_answer_format,
    add_model_arguments,
    embed_named,
    open_model,
    print_answers,
    shown,
)

if TYPE_CHECKING:
    from harma.model.caption_ranking import CaptionScore

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
        type=local_file,
        metavar="FILE",
        help="one per line, a JSON list, or a data set's annotations (.json, .csv)",
    )
    parser.add_argument("-k", type=positive, default=5, help="captions for each image (5)")
    add_answer_format(parser)


def run(args: argparse.Namespace) -> int:
    """Rank the captions, and print the best."""
    from harma.data.caption_lists import read_texts
    from harma.model.caption_ranking import rank_captions
    from harma.model.image_files import find_images

    given = read_texts(args.captions)
    captions = list(dict.fromkeys(given))
    if len(captions) < len(given):
        print(f"{len(given):,} captions, {len(captions):,} of them different", file=sys.stderr)
    paths = find_images(args.images)
    model = open_model(args)
    embedded = embed_named(args, model, paths)
    ranked = rank_captions(model, embedded.embeddings, captions, k=args.k)
    images = []
    for path, scores in zip(embedded.paths, ranked.scores(), strict=True):
        images.append(ImageAnswers(shown(path), [_answer(one) for one in scores]))
    print_answers(images, "captions", args.format)
    return 1 if embedded.problems else 0


def _answer(score: "CaptionScore") -> Cells:
    return {"caption": score.caption, "cosine": round(score.cosine, 6)}
