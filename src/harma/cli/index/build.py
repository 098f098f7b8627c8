"""Actions of `harma index` that embed: build, add, reembed."""

import argparse
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

from harma.cli.argument_types import (
    floats,
    given_name,
    positive,
    thread_count,
    worker_count,
)
from harma.cli.command import Command
from harma.cli.device import add_device_argument, add_precision_argument
from harma.ground.progress import progress_bars

if TYPE_CHECKING:
    from harma.ground.storage.home import Home
    from harma.index.options import WorkOptions
    from harma.index.writer import BuildOutcome
    from harma.model.opened import OpenedModel

Options = TypeVar("Options", bound="WorkOptions")
# As `harma.index.options` has them, which takes longer to import.
ENGINES = ("local", "ray")
# Lines of a summary that fits on a screen; the files beside the index have all.
MOST_PROBLEMS = 20
MOST_REASONS = 12


def _add_build_arguments(parser: argparse.ArgumentParser) -> None:
    from harma.scenes.sensors import PRESETS

    _add_source_arguments(parser)
    parser.add_argument(
        "--model",
        type=given_name,
        metavar="MODEL",
        help="run, adapter or model directory, or preset; for a new index",
    )
    # No flag has a default: what is not said is as in the index (harma.index.options).
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
        "--scales", type=floats, metavar="N,N", help="chips of several sizes, such as 1,2,4"
    )
    parser.add_argument(
        "--edges",
        choices=("shift", "pad"),
        help="the last chip of a row: moved back, or filled (shift)",
    )
    parser.add_argument(
        "--bands",
        help=f"auto, the order of a sensor ({', '.join(PRESETS)}), or 3,2,1 (auto)",
    )
    parser.add_argument(
        "--stretch",
        metavar="RULE",
        help=(
            "values that become black and white, of scenes that are not 8 bit: auto (the range of"
            " the sensor, else as archive), LOW,HIGH (values, such as 0,3000; six for red, green"
            " and blue), archive:LOW,HIGH (percentiles of a sample of the archive, one range for"
            " all scenes of a kind), scene:LOW,HIGH (percentiles of each scene and band) (auto)"
        ),
    )
    parser.add_argument("--nodata", type=float, help="value without data, if not as the files say")
    parser.add_argument(
        "--crs", metavar="EPSG:…", help="of rasters with coordinates that name no reference system"
    )
    parser.add_argument(
        "--height", type=float, metavar="METRES", help="of the ground, where RPCs place a raster"
    )
    parser.add_argument(
        "--max-nodata", type=float, help="leave out chips with a larger share of nodata (0.5)"
    )
    parser.add_argument(
        "--date-from",
        metavar="REGEX",
        help="finds dates in paths: a regular expression, or flight_%%d%%m%%Y",
    )
    parser.add_argument(
        "--no-thumbnails",
        action="store_true",
        help="a new index keeps none: pictures are read from the scenes, and gone with them",
    )
    _add_work_arguments(parser)
    _add_watch_arguments(parser)


def _add_add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_source_arguments(parser)
    _add_work_arguments(parser)
    _add_watch_arguments(parser)


def _add_watch_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-watches", action="store_true", help="do not run the watches of the index afterwards"
    )


class _Follow(argparse.Action):
    """Has what files name read, in this process and in those that it starts."""

    def __call__(self, *_: object) -> None:
        from harma.scenes.reach import FOLLOW

        os.environ[FOLLOW] = "1"


def _add_source_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help=(
            "folder, file, glob, archive (.zip, .tar), list (.txt; .csv with a column path),"
            " catalogue (STAC: .json, .parquet, stac+https://), address (https://, s3://), or"
            " subdataset (NETCDF:c.nc:Band1)"
        ),
    )
    parser.add_argument(
        "--follow",
        action=_Follow,
        nargs=0,
        help="read what files name beyond themselves: VRT of other folders, WMS, PCIDSK, …",
    )
    parser.add_argument(
        "--backbone",
        type=given_name,
        help="where the model's backbone is now, if not where it says",
    )


def _add_work_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tiles",
        type=positive,
        metavar="N",
        help=(
            "embed N x N tiles of each chip beside it, 1 to 4, in the same vector: what is small in"
            " a chip may be found better. 2 takes five times the embedding, and searches nothing"
            " more (as in the index, else 1)"
        ),
    )
    parser.add_argument(
        "--batch-size",
        type=positive,
        default=64,
        help="pictures embedded at once: chips, and their tiles (64)",
    )
    parser.add_argument(
        "--num-workers",
        type=worker_count,
        help="processes that read (one less than cores, at most 8)",
    )
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="local",
        help="who does the work: this machine, or a Ray cluster (local)",
    )
    parser.add_argument(
        "--address",
        default="auto",
        metavar="ADDRESS",
        help=(
            "of the Ray cluster: auto (the one that this machine is part of), HOST:PORT,"
            " ray://HOST:PORT, or local (one is started on this machine) (auto)"
        ),
    )
    parser.add_argument(
        "--workers",
        type=thread_count,
        metavar="N",
        help="of the Ray cluster, each with a model (one a GPU, or as many as the cores allow)",
    )
    parser.add_argument(
        "--single-writer",
        action="store_true",
        help=(
            "of an index in a bucket whose store lets a second writer through: you see to it that"
            " there is none"
        ),
    )
    add_device_argument(parser)
    add_precision_argument(parser)


def _add_reembed_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        type=given_name,
        metavar="MODEL",
        required=True,
        help="run, adapter or model directory, or preset",
    )
    parser.add_argument(
        "--backbone",
        type=given_name,
        help="where the model's backbone is now, if not where it says",
    )
    parser.add_argument(
        "--allow-missing", action="store_true", help="give up sources that cannot be read any more"
    )
    _add_work_arguments(parser)


def _build(args: argparse.Namespace) -> int:
    from harma.index.options import BuildOptions

    options = _options(BuildOptions, args)
    # After the readers have started, which is what `_options` does by the way.
    from harma.index.manage import build_index

    models: list[OpenedModel] = []
    with progress_bars() as progress:
        outcome = build_index(
            args.directory,
            args.sources,
            args.model,
            backbone=args.backbone,
            options=options,
            progress=progress,
            keep_model=models.append,
        )
    return _told_with_watches(args, outcome, models)


def _add(args: argparse.Namespace) -> int:
    from harma.index.options import WorkOptions

    options = _options(WorkOptions, args)
    # As in `_build`: readers first.
    from harma.index.manage import add_to_index

    models: list[OpenedModel] = []
    with progress_bars() as progress:
        outcome = add_to_index(
            args.directory,
            args.sources,
            backbone=args.backbone,
            options=options,
            progress=progress,
            keep_model=models.append,
        )
    return _told_with_watches(args, outcome, models)


def _reembed(args: argparse.Namespace) -> int:
    from harma.index.options import WorkOptions

    options = _options(WorkOptions, args)
    # As in `_build`: readers first.
    from harma.index.manage import reembed_index

    with progress_bars() as progress:
        outcome = reembed_index(
            args.directory,
            args.model,
            backbone=args.backbone,
            allow_missing=args.allow_missing,
            options=options,
            progress=progress,
        )
    return _told(args.directory, outcome)


def _options(kind: type[Options], args: argparse.Namespace) -> Options:
    """The options of a kind from the flags of the same names; readers are started by the way."""
    from harma.index.processes import prepare_workers

    options = kind(**{field.name: getattr(args, field.name) for field in fields(kind)})
    if options.reads_here:
        # Their libraries take seconds to load. So do those of this process: what takes torch is
        # imported after this.
        prepare_workers()
    return options


def _told_with_watches(
    args: argparse.Namespace, outcome: "BuildOutcome", models: "list[OpenedModel]"
) -> int:
    """Tell of a build, then run the watches of the index; the status is that of the build."""
    from harma.cli.watch.running import run_after_build

    status = _told(args.directory, outcome)
    run_after_build(args.directory, models, args)
    return status


def _told_details(outcome: "BuildOutcome") -> Iterator[str]:
    """What a person should hear of bands, places and properties."""
    yield from _told_guesses(outcome.guessed)
    if outcome.superseded:
        yield (
            f"taken out, as other scenes stand for them: {len(outcome.superseded):,}, such as"
            f" {outcome.superseded[0]} (parts of products, copies whose originals are gone)"
        )
    yield from _places_told(outcome)
    for column, scenes in outcome.left_out_values.items():
        yield f"property {column}: left out for {scenes:,} scenes, whose value is of another type"


def _told(home: "Home", outcome: "BuildOutcome") -> int:
    """Print what was done and what could not be, and give the status."""
    from harma.index.date_counts import told_dates

    rate = ""
    if outcome.num_added:
        rate = f", {outcome.num_added / outcome.seconds:,.0f} chips/s"
    print(f"{home}: {outcome.num_added:,} chips added in {outcome.seconds:,.0f} s{rate}")
    moved = f", {outcome.num_renamed:,} moved" if outcome.num_renamed else ""
    print(
        f"sources: {outcome.num_new:,} new, {outcome.num_replaced:,} changed,"
        f" {outcome.num_kept:,} as they were{moved}"
    )
    for line in told_dates(outcome.dates):
        print(line)
    if outcome.num_skipped:
        print(f"{outcome.num_skipped:,} chips left out as mostly nodata")
    _tell_ranges(outcome.ranges)
    for line in _told_details(outcome):
        print(line)
    _tell_left_out(home, outcome.left_out)
    if outcome.problems:
        listed = home.uri("problems.json")
        print(f"{len(outcome.problems):,} could not be used (also in {listed}):")
    for source, problem in list(outcome.problems.items())[:MOST_PROBLEMS]:
        print(f"  {source}: {problem}")
    if len(outcome.problems) > MOST_PROBLEMS:
        print(f"  … and {len(outcome.problems) - MOST_PROBLEMS:,} more")
    print(f"search is {outcome.search}")
    return 1 if outcome.problems else 0


def _told_guesses(guessed: dict[str, str]) -> list[str]:
    """A line for each choice of bands that was guessed, with one of its sources."""
    by_choice: dict[str, list[str]] = {}
    for source, bands in guessed.items():
        by_choice.setdefault(bands, []).append(source)
    lines = []
    for bands, sources in by_choice.items():
        count = "1 source" if len(sources) == 1 else f"{len(sources):,} sources"
        shown = "as red, green, blue" if "," in bands else "as grey"
        example = sources[0].rpartition("/")[2]
        lines.append(
            f"bands were guessed for {count}, such as {example}: {bands} {shown} (--bands)"
        )
    return lines


def _places_told(outcome: "BuildOutcome") -> Iterator[str]:
    """What there is to say of places, a line for each kind."""
    from harma.index.placed import off_earth_line, unplaced_line

    if outcome.off_earth:
        yield off_earth_line(outcome.off_earth)
    for reason, sources in outcome.unplaced.items():
        yield unplaced_line(reason, sources)


def _tell_ranges(ranges: Mapping[str, str]) -> None:
    """Print which values are shown, where that was found now."""
    for kind, shown in ranges.items():
        print(f"black to white is {shown} ({kind}; --stretch)")


def _tell_left_out(home: "Home", left_out: Mapping[str, str]) -> None:
    """Print what was left out by rule: how many files of each reason, and one of them."""
    if not left_out:
        return
    files: dict[str, list[str]] = {}
    for file, why in left_out.items():
        files.setdefault(why, []).append(file)
    listed = home.uri("left_out.json")
    print(f"{len(left_out):,} files left out as no scenes (all in {listed}):")
    by_count = sorted(files.items(), key=lambda item: -len(item[1]))
    for why, named in by_count[:MOST_REASONS]:
        print(f"  {len(named):,}: {why}, such as {named[0]}")
    if len(files) > MOST_REASONS:
        print(f"  … for {len(files) - MOST_REASONS:,} more reasons")


ACTIONS = (
    Command("build", "make an index, or add what is new", _build, _add_build_arguments),
    Command("add", "add what is new to an index", _add, _add_add_arguments),
    Command(
        "reembed",
        "embed all sources again, with another model or tiles",
        _reembed,
        _add_reembed_arguments,
    ),
)
