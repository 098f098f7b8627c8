"""Look at a data set before training, or make one.

check: read the annotations of all splits and decode every image; list every problem at once, with file and row.
scenes: draw synthetic overhead scenes with captions.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from harma.cli.numbers import positive

if TYPE_CHECKING:
    from harma.data.check import CheckReport, Progress

EPILOG = """examples:
  harma data check rsitmd --root data/rsitmd
  harma data check ucm --root data/ucm --images data/ucm/Images --splits val test
  harma data check my_data.yaml --splits train val --json problems.json
  harma data scenes data/summer
  harma data scenes data/infrared --look infrared --train 500 --size 128
status: 0 no problem, 1 problems, 2 the check could not be made"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb: for each action a parser, which names the function that does it."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser(
        "check", help="find every problem at once", description="Find every problem at once.", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    _add_check_arguments(check)
    check.set_defaults(do=_check)
    scenes = actions.add_parser(
        "scenes", help="draw synthetic scenes", description="Draw synthetic overhead scenes, with captions composed "
        "from what is drawn, as a data set.", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    _add_scenes_arguments(scenes)
    scenes.set_defaults(do=_scenes)


def run(args: argparse.Namespace) -> int:
    """Do what was chosen."""
    do: Callable[[argparse.Namespace], int] = args.do
    return do(args)


def _add_check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="data set (rsitmd, rsicd, ucm) or the path of its description")
    parser.add_argument("--root", metavar="DIR", help="the folder its files are in; default: the description's folder")
    parser.add_argument("--images", metavar="DIR", help="the image folder, if not where the description says")
    parser.add_argument(
        "--splits", nargs="+", metavar="SPLIT", choices=("train", "val", "test"), help="default: all that are described"
    )
    parser.add_argument(
        "--empty-captions", choices=("error", "drop"), default="error",
        help="captions empty after cleaning are problems (error), or dropped and counted (drop)",
    )  # fmt: skip
    parser.add_argument(
        "--num-workers", type=positive, default=os.cpu_count() or 1, metavar="N", help="threads that decode"
    )
    parser.add_argument("--json", metavar="FILE", help="also write the problems as JSON")


def _add_scenes_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="where the data set goes")
    parser.add_argument("--look", default="summer", help="summer, infrared, drought or winter (summer)")
    for split, count in (("train", 2000), ("val", 200), ("test", 200)):
        parser.add_argument(f"--{split}", type=int, default=count, metavar="N", help=f"images of the split ({count})")
    parser.add_argument("--size", type=int, default=64, help="height and width, pixels (64)")
    parser.add_argument("--captions", type=int, default=5, help="captions of an image (5)")
    parser.add_argument("--seed", type=int, default=0, help="of everything drawn (0)")


def _scenes(args: argparse.Namespace) -> int:
    """Draw, and say what to do with it."""
    from harma.data.synthetic import make_scenes

    with _progress_bar("drawing") as progress:
        made = make_scenes(
            args.directory, look=args.look, train=args.train, val=args.val, test=args.test, size=args.size,
            captions=args.captions, seed=args.seed, progress=progress,
        )  # fmt: skip
    print(f"data set written to {made}; train on it with: harma train RECIPE --data.name {made}")
    return 0


def _check(args: argparse.Namespace) -> int:
    """Check, list the problems, and say how many."""
    from harma.data.check import check_data
    from harma.data.description import load_description
    from harma.errors import ConfigError
    from harma.files import write_text

    description = load_description(args.data)
    root = args.root or (Path(args.data).parent if args.data.endswith((".yaml", ".yml")) else None)
    if root is None:
        raise ConfigError(f"--root is not given; name the folder that holds {args.data}'s files: --root DIR")
    with _progress_bar("decoding") as progress:
        report = check_data(
            description, root, splits=args.splits, images=args.images, empty_captions=args.empty_captions,
            num_workers=args.num_workers, progress=progress,
        )  # fmt: skip
    print("\n".join(_lines(report)))
    if args.json:
        write_text(Path(args.json), json.dumps([vars(problem) for problem in report.problems], indent=2) + "\n")
    return 1 if report.problems else 0


@contextmanager
def _progress_bar(what: str) -> "Iterator[Progress]":
    """A bar on the error stream, only where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(report: "CheckReport") -> list[str]:
    """The problems of each file, then the sizes. Never cut to the terminal's width: it is searched and piped."""
    lines = []
    for file, group in groupby(report.problems, key=lambda problem: problem.file):
        problems = list(group)
        width = max(len(problem.row) for problem in problems)
        lines.append(f"{file}: {_counted(len(problems), 'problem')}")
        lines += [f"  {problem.row:<{width}}  {problem.what}" for problem in problems]
    lines += [
        f"{split}: {images:,} images, {captions:,} captions" for split, (images, captions) in report.sizes.items()
    ]
    if report.dropped:
        lines.append(f"dropped: {len(report.dropped):,} without words")
    return [*lines, _counted(len(report.problems), "problem")]


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
