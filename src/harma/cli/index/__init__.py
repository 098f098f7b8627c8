"""Make an index of imagery, and keep it up to date.

build: cut images and rasters into chips, embed them, and write the index; given again, it does only
what is new. add: the same, for an index that is there. remove: take sources out. info: what an
index holds, and how it is searched. verify: whether it is whole, and what has become of its
sources. optimize: join files and make the ANN index anew. reembed: embed all sources again, with
another model. export: write all chips to a GeoParquet file; import: bring embeddings of one in.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harma.cli.argument_types import count, floats, positive
from harma.cli.command import Command, add_actions, run_action
from harma.cli.device import add_device_argument, add_precision_argument, load_on_device
from harma.cli.index import exchange as index_exchange
from harma.cli.index import upkeep as index_upkeep
from harma.ground.device import usable_cores
from harma.ground.progress import progress_bars

if TYPE_CHECKING:
    from harma.index.build import Outcome
    from harma.index.settings import Settings
    from harma.scenes.sources import Source

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
    """Options of the verb: a parser for each action."""
    actions = (*ACTIONS, *index_upkeep.ACTIONS, *index_exchange.ACTIONS)
    add_actions(parser, actions, shared=_add_directory)


def run(args: argparse.Namespace) -> int:
    """Do what was chosen."""
    return run_action(args)


def _add_directory(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="INDEX", type=Path, help="directory of the index")


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
        "--scales", type=floats, metavar="N,N", help="chips of several sizes, such as 1,2,4"
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
        type=floats,
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
        "--num-workers", type=count, default=min(8, usable_cores() - 1), help="processes that read"
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


def _build(args: argparse.Namespace) -> int:
    from harma.scenes.sources import find_sources

    sources = find_sources(args.sources)
    kept = _kept_settings(args.directory)
    name, backbone = _model_of(args, kept)
    model = _loaded(name, backbone, args)
    return _bring_in(args, sources, model, _settings(args, kept, model, name, backbone))


def _add(args: argparse.Namespace) -> int:
    from harma.index.settings import read_settings
    from harma.scenes.sources import find_sources

    kept = read_settings(args.directory)
    sources = find_sources(args.sources)
    return _bring_in(args, sources, _loaded(kept.model, args.backbone or kept.backbone, args), kept)


def _bring_in(
    args: argparse.Namespace, sources: "list[Source]", model: Any, settings: "Settings"
) -> int:
    from harma.index.build import build

    with progress_bars() as progress:
        outcome = build(
            args.directory,
            sources,
            model,
            settings,
            batch_size=args.batch_size,
            num_workers=args.num_workers,
            progress=progress,
        )
    print("\n".join(_told(args.directory, outcome)))
    return 1 if outcome.problems else 0


def _reembed(args: argparse.Namespace) -> int:
    from harma.index.upkeep import reembed

    name = _kept_name(args.model)
    with progress_bars() as progress:
        outcome = reembed(
            args.directory,
            _loaded(name, args.backbone, args),
            name,
            args.backbone,
            allow_missing=args.allow_missing,
            batch_size=args.batch_size,
            num_workers=args.num_workers,
            progress=progress,
        )
    print("\n".join(_told(args.directory, outcome)))
    return 1 if outcome.problems else 0


def _loaded(name: str, backbone: str | None, args: argparse.Namespace) -> Any:
    from harma.index.workers import prepare_workers

    if args.num_workers:
        prepare_workers()
    return load_on_device(name, backbone, args.device, args.precision)


def _kept_name(model: str) -> str:
    """A model's name as an index keeps it: a directory is found from everywhere."""
    return str(Path(model).resolve()) if Path(model).exists() else model


def _kept_settings(directory: Path) -> "Settings | None":
    from harma.index.settings import SETTINGS_FILE, read_settings

    return read_settings(directory) if (directory / SETTINGS_FILE).is_file() else None


def _model_of(args: argparse.Namespace, kept: "Settings | None") -> tuple[str, str | None]:
    """The model and its backbone: as named, or those of the index."""
    from harma.errors import ConfigError

    if args.model is not None:
        return _kept_name(args.model), args.backbone
    if kept is None:
        raise ConfigError(
            "--model is not given; name the run, adapter, model or preset that embeds"
        )
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
    read = {
        "bands": args.bands and parse_bands(args.bands),
        "percentiles": args.stretch,
        "nodata": args.nodata,
    }
    tiling = replace(tiling, **{key: value for key, value in cut.items() if value is not None})
    reading = replace(reading, **{key: value for key, value in read.items() if value is not None})
    max_nodata = (
        args.max_nodata if args.max_nodata is not None else kept.max_nodata if kept else 0.5
    )
    return default_settings(
        model, name, backbone, tiling=tiling, reading=reading, max_nodata=max_nodata
    )


def _told(directory: Path, outcome: "Outcome") -> list[str]:
    """What was done, and what could not be."""
    rate = f", {outcome.num_added / outcome.seconds:,.0f} chips/s" if outcome.num_added else ""
    lines = [
        f"{directory}: {outcome.num_added:,} chips added in {outcome.seconds:,.0f} s{rate}",
        (
            f"sources: {outcome.num_new:,} new, {outcome.num_replaced:,} changed,"
            f" {outcome.num_kept:,} as they were"
        ),
    ]
    if outcome.num_skipped:
        lines.append(f"{outcome.num_skipped:,} chips left out as mostly nodata")
    if outcome.problems:
        lines.append(
            f"{len(outcome.problems):,} could not be used (also in {directory / 'problems.json'}):"
        )
        lines += [f"  {source}: {problem}" for source, problem in outcome.problems.items()]
    lines.append(f"search is {outcome.search}")
    return lines


ACTIONS = (
    Command("build", "make an index, or add what is new", _build, _add_build_arguments),
    Command("add", "add what is new to an index", _add, _add_add_arguments),
    Command(
        "reembed", "embed all sources again, with another model", _reembed, _add_reembed_arguments
    ),
)
