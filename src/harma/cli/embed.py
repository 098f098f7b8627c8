"""Embed images or captions, and keep the embeddings in a file for other programs.

.npy: the array (n, E), with its names, the model and the precision in NAME.npy.json beside it.
.parquet: the columns name and embedding, the rest in the file's metadata. The rows have length 1:
cosines are their products.
"""

import argparse
import sys

from harma.cli.argument_types import local_file, output_file
from harma.cli.images import add_model_arguments, embed_named, open_model, shown
from harma.ground.outputs import as_written

EPILOG = """examples:
  harma embed runs/a --images photos/ 'tiles/*.png' --output images.parquet
  harma embed runs/a --captions captions.txt --output captions.npy
  harma embed openai --images archive/ --output archive.npy --dtype float16 --skip-unreadable
status: 0 done, 1 done, but some images were left out (they are listed), 2 not done"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add_model_arguments(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--images", nargs="+", metavar="IMAGE", help="file, folder, glob, or list (.txt, .csv)"
    )
    what.add_argument(
        "--captions",
        type=local_file,
        metavar="FILE",
        help="one per line, a JSON list, or a data set's annotations (.json, .csv)",
    )
    parser.add_argument(
        "--output", required=True, type=output_file, metavar="FILE", help="a .npy or .parquet file"
    )
    parser.add_argument(
        "--dtype",
        choices=("float32", "float16"),
        default="float32",
        help="of the numbers (float32)",
    )


def run(args: argparse.Namespace) -> int:
    """Embed, and write."""
    from harma.data.caption_lists import read_texts
    from harma.model.embedding_files import check_output, facts_of, write_embeddings
    from harma.model.image_files import find_images

    # What is wrong with the arguments is said before a model is loaded.
    check_output(args.output)
    captions = read_texts(args.captions) if args.captions else []
    paths = find_images(args.images) if args.images else []
    model = open_model(args)
    problems = 0
    if args.captions:
        kind = "captions"
        names = captions
        embeddings = model.embed_texts(captions, progress=sys.stdout.isatty()).astype(args.dtype)
    else:
        kind = "images"
        embedded = embed_named(args, model, paths, dtype=args.dtype)
        names = [shown(path) for path in embedded.paths]
        embeddings = embedded.embeddings
        problems = len(embedded.problems)
    about = facts_of(model, name=args.model, kind=kind)
    written = write_embeddings(args.output, names, embeddings, about)
    print(
        f"{len(names):,} embeddings of {embeddings.shape[1]} numbers written to"
        f" {', '.join(map(as_written, written))}"
    )
    return 1 if problems else 0
