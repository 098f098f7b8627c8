"""Make an index of imagery, and keep it up to date.

build: cut images and rasters into chips, embed them, and write the index; given again, it does only
what is new. add: the same, for an index that is there. remove: take sources out. info: what an
index holds, and how it is searched. verify: whether it is whole, and what has become of its
sources. optimize: join files and make the ANN index anew. reembed: embed all sources again, with
another model. export: write all chips to a GeoParquet file; import: bring embeddings of one in.
"""

import argparse
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from harma.cli.argument_types import count, positive
from harma.cli.device import add_device_argument, add_precision_argument
from harma.cli.index import exchange as index_exchange
from harma.cli.index import upkeep as index_upkeep
from harma.cli.progress import progress_bars

if TYPE_CHECKING:
    from harma.index.options import WorkOptions
    from harma.index.writer import BuildOutcome

Options = TypeVar("Options", bound="WorkOptions")

EPILOG = """examples:
  harma index build archive scenes/ --model runs/a
  harma index build archive 'naip/*.tif' list.csv --model runs/a --size-m 200 --stride 0.5
  harma index build pictures photos/ --model openai --whole
  harma index add archive more_scenes/
  harma index remove archive '*/naip_2009*.tif'
  harma index info archive
  harma index reembed archive --model runs/b
  harma index export archive archive.parquet
status: 0 done, 1 done, but something is wrong (it is listed), 2 not done"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb: for each action a parser, which names the function that does it."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, what, add, do in (*ACTIONS, *index_upkeep.ACTIONS, *index_exchange.ACTIONS):
        action = actions.add_parser(
            name,
            help=what,
            description=f"{what[0].upper()}{what[1:]}.",
            epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        action.add_argument("directory", metavar="INDEX", type=Path, help="directory of the index")
        add(action)
        action.set_defaults(do=do)


def run(args: argparse.Namespace) -> int:
    """Do what was chosen."""
    do: Callable[[argparse.Namespace], int] = args.do
    return do(args)


def _add_build_arguments(parser: argparse.ArgumentParser) -> None:
    _add_source_arguments(parser)
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="run, adapter or model directory, or preset; for a new index",
    )
    side = parser.add_mutually_exclusive_group()
    side.add_argument(
        "--size", type=positive, metavar="PIXELS", help="side of a chip, pixels (256)"
    )
    side.add_argument("--size-m", type=float, metavar="METRES", help="side of a chip on the ground")
    side.add_argument("--whole", action="store_true", help="every image is one chip")
    parser.add_argument(
        "--stride", type=float, help="from chip to chip, as a share of the side (1)"
    )
    parser.add_argument(
        "--scales", type=_numbers, metavar="N,N", help="chips of several sizes, such as 1,2,4"
    )
    parser.add_argument(
        "--edges",
        choices=("shift", "pad"),
        help="the last chip of a row: moved back, or filled (shift)",
    )
    parser.add_argument(
        "--bands", help="auto, a preset (sentinel-2, landsat-8, landsat-7, naip), or 3,2,1 (auto)"
    )
    parser.add_argument(
        "--stretch",
        type=_numbers,
        metavar="LOW,HIGH",
        help="percentiles that become black, white (2,98)",
    )
    parser.add_argument("--nodata", type=float, help="value without data, if not as the files say")
    parser.add_argument(
        "--max-nodata", type=float, help="leave out chips with a larger share of nodata (0.5)"
    )
    _add_work_arguments(parser)


def _add_add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_source_arguments(parser)
    _add_work_arguments(parser)


def _add_source_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help=(
            "folder, file, glob, list (.txt; .csv with a column path), or address (https://, s3://)"
        ),
    )
    parser.add_argument(
        "--backbone", help="where the model's backbone is now, if not where it says"
    )


def _add_work_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--batch-size", type=positive, default=64, help="chips embedded at once (64)"
    )
    parser.add_argument(
        "--num-workers", type=count, help="processes that read (one less than cores, at most 8)"
    )
    add_device_argument(parser)
    add_precision_argument(parser)


def _add_reembed_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", metavar="MODEL", required=True, help="run, adapter or model directory, or preset"
    )
    parser.add_argument(
        "--backbone", help="where the model's backbone is now, if not where it says"
    )
    parser.add_argument(
        "--allow-missing", action="store_true", help="give up sources that cannot be read any more"
    )
    _add_work_arguments(parser)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of numbers such as 1,2"
        ) from error


def _build(args: argparse.Namespace) -> int:
    from harma.index.manage import build_index
    from harma.index.options import BuildOptions

    with progress_bars() as progress:
        outcome = build_index(
            args.directory,
            args.sources,
            args.model,
            backbone=args.backbone,
            options=_options(BuildOptions, args),
            progress=progress,
        )
    return _told(args.directory, outcome)


def _add(args: argparse.Namespace) -> int:
    from harma.index.manage import add_to_index
    from harma.index.options import WorkOptions

    with progress_bars() as progress:
        outcome = add_to_index(
            args.directory,
            args.sources,
            backbone=args.backbone,
            options=_options(WorkOptions, args),
            progress=progress,
        )
    return _told(args.directory, outcome)


def _reembed(args: argparse.Namespace) -> int:
    from harma.index.manage import reembed_index
    from harma.index.options import WorkOptions

    with progress_bars() as progress:
        outcome = reembed_index(
            args.directory,
            args.model,
            backbone=args.backbone,
            allow_missing=args.allow_missing,
            options=_options(WorkOptions, args),
            progress=progress,
        )
    return _told(args.directory, outcome)


def _options(kind: type[Options], args: argparse.Namespace) -> Options:
    """The options of a kind from the flags of the same names."""
    return kind(**{field.name: getattr(args, field.name) for field in fields(kind)})


def _told(directory: Path, outcome: "BuildOutcome") -> int:
    """Print what was done and what could not be, and give the status."""
    rate = ""
    if outcome.num_added:
        rate = f", {outcome.num_added / outcome.seconds:,.0f} chips/s"
    print(f"{directory}: {outcome.num_added:,} chips added in {outcome.seconds:,.0f} s{rate}")
    print(
        f"sources: {outcome.num_new:,} new, {outcome.num_replaced:,} changed,"
        f" {outcome.num_kept:,} as they were"
    )
    if outcome.num_skipped:
        print(f"{outcome.num_skipped:,} chips left out as mostly nodata")
    if outcome.problems:
        listed = directory / "problems.json"
        print(f"{len(outcome.problems):,} could not be used (also in {listed}):")
    for source, problem in outcome.problems.items():
        print(f"  {source}: {problem}")
    print(f"search is {outcome.search}")
    return 1 if outcome.problems else 0


ACTIONS = (
    ("build", "make an index, or add what is new", _add_build_arguments, _build),
    ("add", "add what is new to an index", _add_add_arguments, _add),
    ("reembed", "embed all sources again, with another model", _add_reembed_arguments, _reembed),
)
