"""Action of `harma watch` that runs watches, also for `harma index add` and `build`."""

import argparse
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harma.cli.argument_types import index_home
from harma.cli.command import Command
from harma.cli.opened import (
    IndexPlace,
    add_group_arguments,
    add_model_arguments,
    add_state_argument,
    open_index,
    open_searches,
)
from harma.cli.watch.telling import add_telling_arguments, tell_people
from harma.errors import ConfigError, HarmaError
from harma.ground.progress import progress_bars

if TYPE_CHECKING:
    from harma.ground.storage.home import Home
    from harma.index.index import Index
    from harma.model.opened import OpenedModel
    from harma.searches.book import SearchBook
    from harma.searches.watching import WatchRun

logger = logging.getLogger(__name__)

# As `harma.searches.database` has it, which takes a while to import.
DATABASE_FILE = "searches.sqlite"


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "directories",
        nargs="+",
        metavar="INDEX",
        type=index_home,
        help="directories of indexes whose watches are run",
    )
    add_group_arguments(parser)
    add_state_argument(parser)
    add_telling_arguments(parser)
    add_model_arguments(parser)


def _run(args: argparse.Namespace) -> int:
    status = 0
    for place in _places(args):
        with open_searches(place, args.state) as searches:
            index = open_index(place, args)
            runs = _shown(index, searches)
            problems = tell_people(args, searches)
        for problem in problems:
            print(problem)
        if problems or any(run.problem for run in runs):
            status = 1
        if not runs:
            print(f"{place.told}: nothing is watched")
    return status


def _places(args: argparse.Namespace) -> list[IndexPlace]:
    """Each index by itself, or those of a group as one.

    Raises:
        ConfigError: it is not said which index is the first of the group.
    """
    homes: list[Home] = args.directories
    if len(homes) > 1 and (args.others or args.group):
        raise ConfigError(
            f"{len(homes)} indexes are named, whose watches are run apart; give one of a"
            " group first, and the others of it with --index"
        )
    return [IndexPlace.of(home, args) for home in homes]


def _shown(index: "Index", searches: "SearchBook") -> list["WatchRun"]:
    """Run watches, and print what each found."""
    from harma.searches.watches import WatchBook
    from harma.searches.watching import run_watches

    total = len(WatchBook(searches.database).all(searches.index_name))
    runs: list[WatchRun] = []
    with progress_bars() as progress:
        progress("watching", 0, total)
        for run in run_watches(index, searches):
            runs.append(run)
            progress("watching", len(runs), total)
    for run in runs:
        print(run.told)
    return runs


def run_after_build(
    home: "Home", models: Sequence["OpenedModel"], args: argparse.Namespace
) -> None:
    """Run the watches of an index that was built, with the model that built it; it never fails.

    Args:
        home: of the index.
        models: the model that is loaded, if any was.
        args: of the command.
    """
    # Beside most indexes nothing is saved; then nothing is loaded for it either.
    if args.no_watches or not home.is_folder or not (home.folder / DATABASE_FILE).is_file():
        return
    from harma.index.index import Index

    try:
        with open_searches(IndexPlace((home,)), "") as searches:
            # The last one: an index that was made new has the model that was named.
            index = Index.open(home)
            if models:
                index.model = models[-1]
            _shown(index, searches)
            for problem in tell_people(args, searches):
                print(problem)
    except (HarmaError, OSError) as error:
        logger.info("watches could not be run", exc_info=True)
        print(f"the index is done, but its watches could not be run: {error}")
        print(f"run them again: harma watch run {home}")


ACTIONS = (Command("run", "look at what is new, and tell of it", _run, _add_run_arguments),)
