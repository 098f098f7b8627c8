"""Actions of `harma watch` that set watches: add, list, remove."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from harma.cli.argument_types import floats, local_file
from harma.cli.command import Command
from harma.cli.opened import (
    IndexPlace,
    add_index_argument,
    add_model_arguments,
    open_index,
    open_searches,
    read_search,
)

if TYPE_CHECKING:
    from harma.searches.records import SavedSearch, Watch

STANDINGS = ("clear", "likely", "weak")


def _add_add_arguments(parser: argparse.ArgumentParser) -> None:
    add_index_argument(parser)
    parser.add_argument(
        "search",
        nargs="?",
        metavar="SEARCH",
        help="id of a saved search; or give --text or --asked",
    )
    what = parser.add_argument_group("a new saved search")
    what.add_argument("--text", help="what should be seen")
    what.add_argument(
        "--asked",
        type=local_file,
        metavar="FILE",
        help="a search in JSON, as the HTTP API takes it",
    )
    what.add_argument("--name", help="of the saved search (its text)")
    what.add_argument("--bbox", type=floats, metavar="W,S,E,N", help="area, in degrees")
    what.add_argument("--near", type=floats, metavar="LON,LAT", help="a point, with a radius")
    what.add_argument("--radius", type=float, metavar="KM", help="kilometres around that point")
    what.add_argument("--before", metavar="DATE", help="change: end of the earlier time")
    what.add_argument("--after", metavar="DATE", help="change: start of the later time")
    when = parser.add_mutually_exclusive_group()
    when.add_argument(
        "--standing",
        choices=STANDINGS,
        help="tell hits of this standing or a better one (likely)",
    )
    when.add_argument(
        "--least-score",
        type=float,
        metavar="SCORE",
        help="tell hits of this score (gain, of a change) or a higher one",
    )
    parser.add_argument("--webhook", default="", metavar="URL", help="an address that is told")
    parser.add_argument(
        "--notify",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="mail or chat that is told, an address of apprise (mailto://…); repeatable",
    )
    add_model_arguments(parser)


def _add_list_arguments(parser: argparse.ArgumentParser) -> None:
    add_index_argument(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def _add_remove_arguments(parser: argparse.ArgumentParser) -> None:
    add_index_argument(parser)
    parser.add_argument("search", metavar="SEARCH", help="id of the saved search")


def _add(args: argparse.Namespace) -> int:
    from harma.searches.records import Watch
    from harma.searches.watches import WatchBook
    from harma.searches.watching import run_watch

    place = IndexPlace.of(args.directory, args)
    index = open_index(place, args)
    with open_searches(place, args.state) as searches:
        search = args.search
        made = None
        if search is None:
            made = _kept(args, index, searches)
            search = made
        standing = args.standing
        if standing is None and args.least_score is None:
            standing = "likely"
        watches = WatchBook(searches.database)
        try:
            searches.get(search)
            watch = Watch(
                search,
                standing=standing,
                least_score=args.least_score,
                webhook=args.webhook,
                notify=tuple(args.notify),
            )
            watches.put(watch)
            run = run_watch(index, searches, search)
        except BaseException:
            # A search that was made to be watched does not stay where it cannot be.
            if made is not None:
                searches.delete(made)
            raise
    print(f"{search}  {run.told}")
    return 0


def _kept(args: argparse.Namespace, index: Any, searches: Any) -> str:
    """Save the search that the flags describe; its id."""
    from harma.index.ask_json import no_source
    from harma.index.source_ids import sources_by_id
    from harma.searches.keeping import kept_asked, model_of_vectors

    names = sources_by_id(index.store.sources())
    kept = kept_asked(
        _asked(args), index, named=lambda source: names.get(source) or no_source(source)
    )
    name = args.name or args.text or "watched"
    return str(searches.create(name, kept, model=model_of_vectors(kept, index)).id)


def _asked(args: argparse.Namespace) -> dict[str, Any]:
    """A search in JSON.

    Raises:
        ConfigError: neither a search nor what to look for is given, or the file is no JSON.
    """
    from harma.errors import ConfigError

    asked: dict[str, Any] = {}
    if args.asked is not None:
        asked = read_search(args.asked)
    flags = {
        "text": args.text,
        "bbox": args.bbox,
        "near": args.near,
        "radius_km": args.radius,
        "before": args.before,
        "after": args.after,
    }
    for name, value in flags.items():
        if value is not None:
            asked[name] = list(value) if isinstance(value, tuple) else value
    if not asked:
        raise ConfigError("nothing to watch is named; give the id of a saved search, or --text")
    return asked


def _list(args: argparse.Namespace) -> int:
    from harma.searches.watches import WatchBook

    with open_searches(IndexPlace.of(args.directory, args), args.state) as searches:
        saved = searches.all()
        watches = {
            watch.search: watch for watch in WatchBook(searches.database).all(searches.index_name)
        }
    if args.json:
        rows = [_row(search, watches.get(search.id)) for search in saved]
        print(json.dumps(rows, indent=2))
        return 0
    for search in saved:
        print(_line(search, watches.get(search.id)))
    if not saved:
        print("no search is saved; `harma watch add INDEX --text …` saves and watches one")
    return 0


def _row(search: "SavedSearch", watch: "Watch | None") -> dict[str, Any]:
    from harma.searches.watch_json import watch_json

    row: dict[str, Any] = {"id": search.id, "name": search.name, "asked": dict(search.asked)}
    row["watch"] = None if watch is None else watch_json(watch)
    return row


def _line(search: "SavedSearch", watch: "Watch | None") -> str:
    """A saved search in a line."""
    if watch is None:
        return f"{search.id}  {search.name}  (not watched)"
    threshold = f"standing {watch.standing} or better"
    if watch.least_score is not None:
        threshold = f"score {watch.least_score:g} or higher"
    last = "never run"
    if watch.last_run is not None:
        last = f"last run {watch.last_run:%Y-%m-%d %H:%M} UTC"
    problem = f"; {watch.last_problem}" if watch.last_problem else ""
    events = "1 event" if watch.num_events == 1 else f"{watch.num_events:,} events"
    return f"{search.id}  {search.name}  {threshold}, {events}, {last}{problem}"


def _remove(args: argparse.Namespace) -> int:
    from harma.searches.watches import WatchBook

    with open_searches(IndexPlace.of(args.directory, args), args.state) as searches:
        name = searches.get(args.search).name
        WatchBook(searches.database).delete(args.search)
    print(f"{name}: watched no more; the saved search and its events stay")
    return 0


ACTIONS = (
    Command("add", "watch a saved search, or a text", _add, _add_add_arguments),
    Command("list", "saved searches, and which are watched", _list, _add_list_arguments),
    Command("remove", "watch a saved search no more", _remove, _add_remove_arguments),
)
