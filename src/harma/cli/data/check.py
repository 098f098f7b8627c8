"""harma data check: read all annotations and decode every image; list every problem at once."""

import argparse
import json
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from harma.cli.argument_types import output_file
from harma.cli.data.arguments import add_data, add_workers, data_and_root
from harma.ground.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable

    from harma.curation.check import CheckReport

SUMMARY = "find every problem at once"
EPILOG = """examples:
  harma data check rsitmd --root data/rsitmd
  harma data check ucm --root data/ucm --images data/ucm/Images --splits val test
  harma data check my_data.yaml --splits train val --json problems.json
status: 0 no problem, 1 problems, 2 the check could not be made"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    add_data(parser)
    parser.add_argument(
        "--empty-captions",
        choices=("error", "drop"),
        default="error",
        help="captions empty after cleaning are problems (error), or dropped and counted (drop)",
    )
    add_workers(parser)
    parser.add_argument(
        "--json", type=output_file, metavar="FILE", help="also write the problems as JSON"
    )


def run(args: argparse.Namespace) -> int:
    """Check, list the problems, and say how many."""
    from harma.curation.check import check_data
    from harma.ground.files import write_text

    description, root = data_and_root(args.data, args.root)
    with progress_bar("decoding") as progress:
        report = check_data(
            description,
            root,
            splits=args.splits,
            images=args.images,
            empty_captions=args.empty_captions,
            num_workers=args.num_workers,
            progress=progress,
            count_tokens=_num_pieces,
        )
    # Printed whether or not JSON is written: a person looks at the one, a script at the other.
    print("\n".join(_lines(report)))
    if args.json:
        problems = [vars(problem) for problem in report.problems]
        write_text(Path(args.json), json.dumps(problems, indent=2) + "\n")
    return int(bool(report.problems))


def _lines(report: "CheckReport") -> list[str]:
    """The problems of each file, then the sizes.

    Never cut to the terminal's width: it is searched and piped.
    """
    # Problems are in the order of files: what follows each other belongs to one.
    lines = []
    for file, group in groupby(report.problems, key=lambda problem: problem.file):
        problems = list(group)
        width = max(len(problem.row) for problem in problems)
        lines.append(f"{file}: {_counted_problems(len(problems))}")
        lines += [f"  {problem.row:<{width}}  {problem.what}" for problem in problems]
    lines += [
        f"{split}: {size.num_images:,} images, {size.num_captions:,} captions"
        for split, size in report.sizes.items()
    ]
    lines += _long_lines(report)
    if report.dropped:
        lines.append(f"dropped: {len(report.dropped):,} without words")
    return [*lines, _counted_problems(len(report.problems))]


def _long_lines(report: "CheckReport") -> list[str]:
    """How many captions are longer than what is read of them."""
    from harma.curation.long_captions import CONTEXT_LENGTH, MAX_WORDS

    lines = []
    if report.long.num_over_words:
        lines.append(
            f"long: {report.long.num_over_words:,} captions have more than {MAX_WORDS} words; those"
            " behind are left out in training (data.max_words)"
        )
    if report.long.num_over_tokens:
        lines.append(
            f"long: {report.long.num_over_tokens:,} captions have more than {CONTEXT_LENGTH} tokens"
            " in their first words; CLIP does not read those behind"
        )
    return lines


@cache
def _pieces() -> "Callable[[str], int]":
    from harma.backbones.tokenizers import clip_pieces

    return clip_pieces()


def _num_pieces(text: str) -> int:
    """Pieces that CLIP's tokenizer makes of a text; read when the first is counted."""
    return _pieces()(text)


def _counted_problems(number: int) -> str:
    if number == 1:
        return "1 problem"
    return f"{number:,} problems"
