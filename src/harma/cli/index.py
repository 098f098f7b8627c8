"""Make an index of imagery, and keep it up to date.

build: cut images and rasters into chips, embed them, and write the index; given again, it does only what is new.
remove: take sources out.
info: what an index holds.
verify: whether it is whole, and what has become of its sources.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harma.cli.numbers import count, positive

if TYPE_CHECKING:
    from harma.index.build import Outcome
    from harma.index.settings import Settings

EPILOG = """examples:
  harma index build archive scenes/ --model runs/a
  harma index build archive 'naip/*.tif' list.csv --model runs/a --size-m 200 --stride 0.5
  harma index build pictures photos/ --model openai --whole
  harma index build archive more_scenes/
  harma index remove archive '*/naip_2009*.tif'
  harma index info archive
  harma index verify archive
status: 0 done, 1 done, but something is wrong (it is listed), 2 not done"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb: for each action a parser, which names the function that does it."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, what, add, do in (
        ("build", "make an index, or add what is new", _add_build_arguments, _build),
        ("remove", "take sources out", _add_remove_arguments, _remove),
        ("info", "what an index holds", _add_info_arguments, _info),
        ("verify", "look for damage", lambda parser: None, _verify),
    ):
        action = actions.add_parser(
            name, help=what, description=f"{what[0].upper()}{what[1:]}.", epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        action.add_argument("directory", metavar="INDEX", type=Path, help="directory of the index")
        add(action)
        action.set_defaults(do=do)


def run(args: argparse.Namespace) -> int:
    """Do what was chosen."""
    do: Callable[[argparse.Namespace], int] = args.do
    return do(args)


def _add_build_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources", nargs="+", metavar="SOURCE",
        help="folder, file, glob, list (.txt; .csv with a column path), or address (https://, s3://)",
    )  # fmt: skip
    parser.add_argument("--model", metavar="MODEL", help="run, adapter or model directory, or preset; for a new index")
    parser.add_argument("--backbone", help="where the model's backbone is now, if not where it says")
    side = parser.add_mutually_exclusive_group()
    side.add_argument("--size", type=positive, metavar="PIXELS", help="side of a chip, pixels (256)")
    side.add_argument("--size-m", type=float, metavar="METRES", help="side of a chip on the ground")
    side.add_argument("--whole", action="store_true", help="every image is one chip")
    parser.add_argument("--stride", type=float, help="from chip to chip, as a share of the side (1)")
    parser.add_argument("--scales", type=_numbers, metavar="N,N", help="chips of several sizes, such as 1,2,4")
    parser.add_argument(
        "--edges", choices=("shift", "pad"), help="the last chip of a row: moved back, or filled (shift)"
    )
    parser.add_argument("--bands", help="auto, a preset (sentinel-2, landsat-8, landsat-7, naip), or 3,2,1 (auto)")
    parser.add_argument(
        "--stretch", type=_numbers, metavar="LOW,HIGH", help="percentiles that become black, white (2,98)"
    )
    parser.add_argument("--nodata", type=float, help="value without data, if not as the files say")
    parser.add_argument("--max-nodata", type=float, help="leave out chips with a larger share of nodata (0.5)")
    parser.add_argument("--batch-size", type=positive, default=64, help="chips embedded at once (64)")
    parser.add_argument(
        "--num-workers", type=count, default=max(0, min(8, (os.cpu_count() or 1) - 1)), help="processes that read"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")


def _add_remove_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="name as in the index, with * and ?")


def _add_info_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers such as 1,2") from error


def _build(args: argparse.Namespace) -> int:
    from harma.index.build import build
    from harma.saved import load
    from harma.scenes.sources import find_sources
    from harma.training.build import best_device

    sources = find_sources(args.sources)
    kept = _kept_settings(args.directory)
    name, backbone = _model_of(args, kept)
    model = load(name, backbone=backbone).to(best_device(args.device))
    with _progress() as progress:
        outcome = build(
            args.directory, sources, model, _settings(args, kept, model, name, backbone), batch_size=args.batch_size,
            num_workers=args.num_workers, progress=progress,
        )  # fmt: skip
    print("\n".join(_told(args.directory, outcome)))
    return 1 if outcome.problems else 0


def _kept_settings(directory: Path) -> "Settings | None":
    from harma.index.settings import FILE, read_settings

    return read_settings(directory) if (directory / FILE).is_file() else None


def _model_of(args: argparse.Namespace, kept: "Settings | None") -> tuple[str, str | None]:
    """The model and its backbone: as named, or those of the index."""
    from harma.errors import ConfigError

    if args.model is not None:
        return (str(Path(args.model).resolve()) if Path(args.model).exists() else args.model), args.backbone
    if kept is None:
        raise ConfigError("--model is not given; name the run, adapter, model or preset that embeds")
    return kept.model, args.backbone or kept.backbone


def _settings(
    args: argparse.Namespace, kept: "Settings | None", model: Any, name: str, backbone: str | None
) -> "Settings":
    """The settings asked for; what is not said is as in the index, or the default."""
    from dataclasses import replace

    from harma.index.build import default_settings
    from harma.scenes.bands import parse_bands
    from harma.scenes.raster import Reading
    from harma.scenes.windows import Tiling

    tiling, reading = (kept.tiling, kept.reading) if kept else (Tiling(), Reading())
    if args.whole:
        tiling = replace(tiling, size=None, size_m=None)
    if args.size is not None or args.size_m is not None:
        tiling = replace(tiling, size=args.size, size_m=args.size_m)
    cut = {"stride": args.stride, "scales": args.scales, "edges": args.edges}
    read = {"bands": args.bands and parse_bands(args.bands), "percentiles": args.stretch, "nodata": args.nodata}
    tiling = replace(tiling, **{key: value for key, value in cut.items() if value is not None})
    reading = replace(reading, **{key: value for key, value in read.items() if value is not None})
    max_nodata = args.max_nodata if args.max_nodata is not None else kept.max_nodata if kept else 0.5
    return default_settings(model, name, backbone, tiling=tiling, reading=reading, max_nodata=max_nodata)


def _told(directory: Path, outcome: "Outcome") -> list[str]:
    """What was done, and what could not be."""
    rate = f", {outcome.num_added / outcome.seconds:,.0f} chips/s" if outcome.num_added else ""
    lines = [
        f"{directory}: {outcome.num_added:,} chips added in {outcome.seconds:,.0f} s{rate}",
        f"sources: {outcome.num_new:,} new, {outcome.num_replaced:,} changed, {outcome.num_kept:,} as they were",
    ]
    if outcome.num_skipped:
        lines.append(f"{outcome.num_skipped:,} chips left out as mostly nodata")
    if outcome.problems:
        lines.append(f"{len(outcome.problems):,} could not be indexed (also in {directory / 'problems.json'}):")
        lines += [f"  {source}: {problem}" for source, problem in outcome.problems.items()]
    return lines


@contextmanager
def _progress() -> "Iterator[Callable[[str, int, int], None]]":
    """A bar with chips/s and the time left, on the error stream."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), console=console,
        disable=not console.is_terminal, transient=True,
    )  # fmt: skip
    tasks: dict[str, Any] = {}

    def told(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task({"looking": "sources", "embedding": "chips"}[what], total=total, rate="")
        speed = bar.tasks[tasks[what]].speed
        bar.update(tasks[what], completed=done, total=total, rate=f"{speed:,.0f}/s" if speed else "")

    with bar:
        yield told


def _info(args: argparse.Namespace) -> int:
    from harma.index.index import Index

    facts = Index.open(args.directory).info()
    if args.json:
        print(json.dumps(facts, indent=2, default=str))
        return 0
    for name, value in facts.items():
        print(f"{name:<12} {value}")
    return 0


def _remove(args: argparse.Namespace) -> int:
    from fnmatch import fnmatchcase

    from harma.errors import ConfigError
    from harma.files import locked
    from harma.index.store import Store

    store = Store(args.directory)
    with locked(args.directory, "writing the index"):
        names = list(store.known_sources())
        for pattern in args.sources:
            if not any(fnmatchcase(name, pattern) for name in names):
                raise ConfigError(f"no source of the index matches {pattern}; nothing was removed")
        chosen = [name for name in names if any(fnmatchcase(name, pattern) for pattern in args.sources)]
        before = store.chips.count_rows()
        store.drop_sources(chosen)
    print(f"removed {len(chosen):,} sources with {before - store.chips.count_rows():,} chips")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from harma.index.store import Store
    from harma.index.verify import verify

    problems = verify(Store(args.directory))
    print("\n".join([*problems, f"{len(problems):,} problem{'' if len(problems) == 1 else 's'}"]))
    return 1 if problems else 0
