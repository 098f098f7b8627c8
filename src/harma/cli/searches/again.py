"""Action of `harma searches` that searches again: the good and bad marks are examples."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harma.cli.argument_types import output_file, positive
from harma.cli.command import Command
from harma.cli.opened import (
    IndexPlace,
    add_model_arguments,
    check_outside,
    open_index,
    open_searches,
)
from harma.cli.searches.files import form_of
from harma.cli.searches.kept import add_search_argument
from harma.ground.outputs import as_written

if TYPE_CHECKING:
    from harma.index.ask_json import Asked
    from harma.index.hits import Hit
    from harma.index.index import Index


def _add_search_arguments(parser: argparse.ArgumentParser) -> None:
    add_search_argument(parser)
    parser.add_argument("-k", "--k", type=positive, help="hits (as it was saved)")
    parser.add_argument(
        "--output",
        type=output_file,
        metavar="FILE",
        help="write to a file: .geojson, .csv, .parquet",
    )
    add_model_arguments(parser)


def _search(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from harma.cli.search import show_hits

    form = ""
    place = IndexPlace.of(args.directory, args)
    if args.output is not None:
        form = form_of(args.output)
        check_outside(args.output, *place.homes)
    index = open_index(place, args)
    asked = _asked(args, index)
    page = asked.page
    if args.k is not None:
        page = replace(page, k=args.k)
    hits = index.find(asked.query, asked.where, page)
    if form:
        _write(hits, form, args.output)
    else:
        show_hits(hits)
    return 0 if hits else 1


def _asked(args: argparse.Namespace, index: "Index") -> "Asked":
    """What the saved search asks with its marks."""
    from harma.searches.asking import asked_with_marks, current_marks

    with open_searches(IndexPlace.of(args.directory, args), args.state) as searches:
        search = searches.get(args.search)
        current = current_marks(searches, args.search, index.store)
    if current.num_gone:
        print(f"{current.num_gone:,} marks are left out: their chips are gone from the index")
    return asked_with_marks(search, current, index.store)


def _write(hits: "Sequence[Hit]", form: str, output: Path) -> None:
    from harma.ground.files import write_text
    from harma.index.geoparquet import write_hits_geoparquet
    from harma.index.hits import HIT_WRITERS

    if form == "geoparquet":
        write_hits_geoparquet(hits, output)
    else:
        write_text(output, HIT_WRITERS[form](hits))
    print(f"{len(hits):,} hits written to {as_written(output)}")


ACTIONS = (Command("search", "search again, with the marks", _search, _add_search_arguments),)
