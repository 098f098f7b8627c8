"""Classify images: say which class they are of, without training on these classes.

Classes are names, such as storage_tanks or baseballDiamond. The probabilities say which of them
fits best, not whether one fits at all.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
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
from harma.errors import ConfigError

if TYPE_CHECKING:
    from harma.model.zeroshot import Accuracy, ClassScore

EPILOG = """examples:
  harma classify runs/a images/ --classes river,forest,storage_tanks
  harma classify openai 'tiles/*.png' --classes classes.txt --templates templates.txt -k 1 \\
    --format csv > classes.csv
  harma classify georsclip UCMerced/Images --classes ucm_classes.txt --folder-labels
  harma data vocabulary rsitmd=data/rsitmd --splits train --json terms.json
  harma classify runs/a images/ --classes classes.txt --vocabulary terms.json
status: 0 done, 1 done, but some images were left out (they are listed), 2 not done"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add_model_arguments(parser)
    parser.add_argument(
        "images", nargs="+", metavar="IMAGE", help="file, folder, glob, or list (.txt, .csv)"
    )
    parser.add_argument(
        "--classes",
        required=True,
        metavar="A,B,C|FILE",
        help="names, or a file with one per line or a JSON list",
    )
    parser.add_argument(
        "--templates",
        type=local_file,
        metavar="FILE",
        help="sentences with {} in place of the class",
    )
    parser.add_argument(
        "--vocabulary",
        type=local_file,
        metavar="FILE",
        help=(
            "JSON of `harma data vocabulary`: prompts also name what is typical of the label of a"
            " class"
        ),
    )
    parser.add_argument(
        "--terms", type=positive, metavar="N", help="terms of a class, with --vocabulary (5)"
    )
    parser.add_argument("-k", type=positive, default=3, help="classes for each image (3)")
    add_answer_format(parser)
    parser.add_argument(
        "--folder-labels",
        action="store_true",
        help=(
            "the folder an image is in names its class: count what is right (a table; with json and"
            " csv on the error stream, beside the images)"
        ),
    )


def run(args: argparse.Namespace) -> int:
    """Classify, and print."""
    # Not at the top: torch takes seconds, which --help should not wait for.
    from harma.data.caption_lists import read_texts
    from harma.model.class_prompts import TEMPLATES
    from harma.model.image_files import find_images
    from harma.model.zeroshot import accuracy, classify

    classes = _classes(args.classes)
    # Before the model is loaded: a misspelt name is told at once.
    paths = find_images(args.images)
    templates = read_texts(args.templates) if args.templates else TEMPLATES
    terms = _terms(args, classes)
    model = open_model(args)
    embedded = embed_named(args, model, paths)
    result = classify(model, embedded.embeddings, classes, templates=templates, terms=terms)
    labels = [path.parent.name for path in embedded.paths]
    # A table of the images and one of their accuracy would be hard to tell apart.
    if args.format != "table" or not args.folder_labels:
        images = []
        for path, label, scores in zip(embedded.paths, labels, result.scores(args.k), strict=True):
            known = label if args.folder_labels else None
            images.append(ImageAnswers(shown(path), [_answer(one) for one in scores], known))
        print_answers(images, "classes", args.format)
    if args.folder_labels:
        _print_accuracy(accuracy(result, labels), to_stderr=args.format != "table")
    return 1 if embedded.problems else 0


def _classes(given: str) -> list[str]:
    """Names between commas, or those of a file.

    Raises:
        MissingFileError: a file is named that is not there.
    """
    from harma.data.caption_lists import read_texts

    path = Path(given)
    # A file that is not there has to be told, not taken for a class of that name.
    names_a_file = "," not in given and path.suffix.lower() in (".txt", ".json", ".csv")
    if names_a_file or path.is_file():
        return read_texts(path)
    return [name.strip() for name in given.split(",")]


def _terms(args: argparse.Namespace, classes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What is typical of the classes; those of which nothing is known are named.

    Raises:
        ConfigError: there is no vocabulary to take terms from, or none of its labels is a class.
    """
    from harma.model.class_prompts import MOST_TERMS, vocabulary_terms

    if args.vocabulary is None and args.terms is None:
        return {}
    if args.vocabulary is None:
        raise ConfigError(
            "--terms is given without --vocabulary; name the file that terms are taken from"
        )
    terms = vocabulary_terms(args.vocabulary, classes, most=args.terms or MOST_TERMS)
    plain = [name for name in classes if name not in terms]
    if plain:
        print(
            f"without terms in {args.vocabulary}, plain prompts: {', '.join(plain)}",
            file=sys.stderr,
        )
    return terms


def _answer(score: "ClassScore") -> Cells:
    return {
        "class": score.name,
        "probability": round(score.probability, 6),
        "cosine": round(score.cosine, 6),
    }


def _print_accuracy(judged: "Accuracy", *, to_stderr: bool) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, padding=(0, 1), show_footer=True)
    table.add_column("class", "all images\nmean of classes", overflow="fold")
    table.add_column("right", f"{sum(judged.right.values()):,}\n", justify="right")
    table.add_column("images", f"{sum(judged.total.values()):,}\n", justify="right")
    table.add_column("percent", f"{judged.overall:.2f}\n{judged.mean:.2f}", justify="right")
    for name, total in judged.total.items():
        right = judged.right[name]
        table.add_row(Text(name), f"{right:,}", f"{total:,}", f"{100 * right / total:.2f}")
    Console(file=sys.stderr if to_stderr else sys.stdout).print(table)
