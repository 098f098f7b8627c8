"""The flags of `harma evaluate INDEX --queries FILE`, which measures a search on judgments."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harma.cli.argument_types import given_name, local_directory, local_file, positive
from harma.cli.opened import add_others_argument, check_outside
from harma.cli.search_flags import add_expand_flag, add_where_flags, where_of

if TYPE_CHECKING:
    from harma.ground.storage.home import Home
    from harma.index.index import Index

# Adds flags to a parser.
Adding = Callable[[argparse.ArgumentParser], None]


def add_search_arguments(parser: argparse.ArgumentParser) -> None:
    """What is asked of an index, and how."""
    of_search = parser.add_argument_group("of the search of an INDEX")
    of_search.add_argument(
        "--queries", type=local_file, metavar="FILE", help="judged queries: CSV, or qrels of TREC"
    )
    add_others_argument(of_search)
    of_search.add_argument(
        "--topics", type=local_file, metavar="FILE", help="of qrels, a line each: id, a tab, text"
    )
    of_search.add_argument(
        "--depth", type=positive, metavar="N", help="ranks that are looked at (1,000)"
    )
    of_search.add_argument(
        "--approximate",
        action="store_true",
        help="search by the ANN index where there is one; otherwise all chips are compared",
    )
    of_search.add_argument(
        "--against",
        type=local_directory,
        metavar="DIR_OR_RUN",
        help="an earlier --output, or a run of TREC: differences with intervals",
    )
    of_search.add_argument(
        "--model", type=given_name, help="where the index's model is now, if not where it was"
    )
    add_expand_flag(of_search)
    add_where_flags(of_search)


def is_of_search(args: argparse.Namespace, add_data_arguments: Adding) -> bool:
    """Whether an index is evaluated, not a model.

    Args:
        args: as they were given.
        add_data_arguments: adds the flags that only a model on a data set takes.

    Raises:
        ConfigError: what was given belongs to the other of the two.
    """
    from harma.errors import ConfigError
    from harma.ground.storage.addresses import in_bucket
    from harma.index.settings import SETTINGS_FILE, is_index

    # A model may have any name; an address or a path of an index is a place.
    of_index = (in_bucket(args.what) or Path(args.what).is_dir()) and is_index(args.what)
    if of_index and args.queries is None:
        raise ConfigError(
            f"{args.what} is an index, whose search is measured on judgments: give --queries FILE"
            " (query,chip,relevance). A model is measured on a data set: name its run or adapter"
        )
    if not of_index and args.queries is not None:
        raise ConfigError(
            f"{args.what} is no index (there is no {SETTINGS_FILE}), and --queries measures the"
            " search of one; make it with `harma index build`"
        )
    given = _given(args, add_data_arguments if of_index else add_search_arguments)
    if given:
        what = "models on data sets" if of_index else "the search of an index"
        raise ConfigError(f"{', '.join(given)}: only for {what}; leave it out")
    return of_index


def _given(args: argparse.Namespace, add: Adding) -> list[str]:
    """Flags of some that are not as they are where nothing is said."""
    parser = argparse.ArgumentParser()
    add(parser)
    given = []
    for name, usual in vars(parser.parse_args([])).items():
        if getattr(args, name) != usual:
            given.append(_flag(name))
    return given


def _flag(name: str) -> str:
    # The fields whose flags are called otherwise.
    if name == "others":
        return "--index"
    return f"--{name.removesuffix('_km').replace('_', '-')}"


def run_search(args: argparse.Namespace) -> int:
    """Measure the search of an index, print the tables, say what was written."""
    from rich.console import Console

    from harma.evaluation.judging import (
        compared,
        evaluate_search,
        read_queries,
        save_search,
        search_tables,
    )
    from harma.evaluation.judging.compare import run_file
    from harma.ground.progress import progress_bars
    from harma.ground.storage.home import home_of

    homes = [home_of(args.what), *args.others]
    # Before anything is searched: what cannot be compared or written is not worth the wait.
    if args.output is not None:
        check_outside(args.output, *homes)
    if args.against is not None:
        run_file(args.against)
    index = _opened(homes, args)
    judged = read_queries(
        args.queries, index, topics=args.topics, where=where_of(args), expand=args.expand
    )
    with progress_bars() as advance:
        evaluation = evaluate_search(
            index,
            judged.queries,
            by=judged.by,
            depth=args.depth or 1000,
            exact=not args.approximate,
            progress=advance,
        )
    comparison = None
    if args.against is not None:
        comparison = compared(evaluation, args.against)
    for table in search_tables(evaluation, comparison):
        Console().print(table)
    if args.output is not None:
        save_search(evaluation, args.output, comparison)
        print(f"figures, run and judgments written to {args.output}")
    return 0


def _opened(homes: Sequence["Home"], args: argparse.Namespace) -> "Index":
    """The index, or several as one, with the model and on the device that are named."""
    from harma.index.index import Index

    if args.model is None and args.backbone is None and args.device == "auto":
        return Index.open(homes)
    from harma.cli.device import open_on_device
    from harma.index.settings import read_settings

    settings = read_settings(homes[0])
    backbone = args.backbone
    if args.model is None:
        backbone = args.backbone or settings.backbone
    model = open_on_device(args.model or settings.model, backbone, args.device)
    return Index.open(homes, model=model)
