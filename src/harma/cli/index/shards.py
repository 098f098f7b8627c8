"""Actions of `harma index` that make several indexes of one, or one of several: split, merge."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from harma.cli.argument_types import index_home, positive
from harma.cli.command import Command
from harma.ground.progress import progress_bars

if TYPE_CHECKING:
    from harma.ground.storage.home import Home
    from harma.index.copying import Made
    from harma.index.embedder import QueryEmbedder

SPLIT_EPILOG = """examples:
  harma index split archive --by year --output years
  harma index split archive --by region --degrees 5 --output cells
  harma index split archive --by source --shard naip='*/naip_*' --shard s2='*S2?_*' --output kinds
  harma search years/2019 "a quarry" --index years/2020 --index years/2021
shards are indexes as any other, below the output: years/2019, years/undated; cells/n50e005,
  called by the south-western corner, cells/unplaced; kinds/naip, kinds/s2, kinds/rest.
  Each holds whole sources, and may be added to
status: 0 done, 1 done, but sources of the index were not finished, 2 not done"""

MERGE_EPILOG = """examples:
  harma index merge years/2019 years/2020 years/2021 --output archive
settings must be the same; a source that is the same in several is taken once, one that differs is
  refused. To search indexes as one without merging them: harma search A TEXT --index B
status: 0 done, 1 done, but sources of the indexes were not finished, 2 not done"""


def _add_split_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--by",
        required=True,
        choices=("year", "region", "source"),
        help="year of the scene, cell of a grid of degrees, or name of the source",
    )
    parser.add_argument(
        "--degrees", type=positive, help="sides of the cells, with --by region (10)"
    )
    parser.add_argument(
        "--shard",
        action="append",
        type=_shard,
        metavar="NAME=PATTERN",
        help="names of the sources of a shard, with * and ?, with --by source; repeatable: the"
        " first that matches counts",
    )
    _add_making(parser, "new directory, in which each shard gets its own")


def _add_merge_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "others", nargs="+", type=index_home, metavar="INDEX", help="further indexes"
    )
    _add_making(parser, "directory of the new index")


def _add_making(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument("--output", type=index_home, required=True, metavar="DIR", help=about)
    parser.add_argument(
        "--no-model",
        action="store_true",
        help="measure recall of a large index without texts; the model is not loaded",
    )
    parser.add_argument(
        "--anew",
        action="store_true",
        help="remove what an interrupted run has left of the output; without it the same command"
        " goes on, and another is refused",
    )


def _shard(text: str) -> tuple[str, str]:
    name, sign, pattern = text.partition("=")
    if not (name and sign and pattern):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=PATTERN, such as naip='*/naip_*.tif'"
        )
    return name, pattern


def _split(args: argparse.Namespace) -> int:
    from harma.errors import ConfigError
    from harma.index.split import DEGREES, Sharding, split_index

    if args.degrees is not None and args.by != "region":
        raise ConfigError("--degrees is for --by region; leave it out")
    shards = args.shard or []
    patterns = dict(shards)
    if len(patterns) < len(shards):
        raise ConfigError("two --shard have the same name; give each shard one name and pattern")
    split = Sharding(args.by, args.degrees or DEGREES, patterns)
    with progress_bars() as progress:
        made = split_index(
            args.directory,
            args.output,
            split,
            load=_loader(args),
            anew=args.anew,
            progress=progress,
        )
    for shard in made:
        _tell(shard)
    return _status(made)


def _merge(args: argparse.Namespace) -> int:
    from harma.index.merge_indexes import merge_indexes

    with progress_bars() as progress:
        merged = merge_indexes(
            [args.directory, *args.others],
            args.output,
            load=_loader(args),
            anew=args.anew,
            progress=progress,
        )
    _tell(merged.made)
    if merged.num_repeated:
        print(f"{merged.num_repeated:,} sources that several indexes have are in it once")
    return _status([merged.made])


def _tell(made: "Made") -> None:
    print(f"{made.directory}: {made.num_chips:,} chips of {made.num_sources:,} sources")
    print(f"  search is {made.search}")
    if made.num_unfinished:
        print(
            f"  {made.num_unfinished:,} sources were not finished; `harma index add` of them"
            " completes them"
        )


def _status(made: "list[Made]") -> int:
    return 1 if any(shard.num_unfinished for shard in made) else 0


def _loader(args: argparse.Namespace) -> "Callable[[], QueryEmbedder] | None":
    """What loads the model of the index, when it is needed."""
    if args.no_model:
        return None

    home: Home = args.directory

    def load() -> "QueryEmbedder":
        from harma.index.index import Index

        return Index.open(home).model

    return load


ACTIONS = (
    Command(
        "split",
        "make several indexes of one; nothing is embedded",
        _split,
        _add_split_arguments,
        epilog=SPLIT_EPILOG,
    ),
    Command(
        "merge",
        "make one index of several; nothing is embedded",
        _merge,
        _add_merge_arguments,
        epilog=MERGE_EPILOG,
    ),
)
