"""Action of `harma watch` that shows events: as a table, GeoJSON, CSV or an Atom feed."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harma.cli.argument_types import count, output_file
from harma.cli.command import Command
from harma.cli.opened import (
    IndexPlace,
    add_index_argument,
    check_outside,
    open_searches,
)
from harma.ground.outputs import as_written

if TYPE_CHECKING:
    from harma.searches.book import SearchBook
    from harma.searches.records import Event, SavedSearch

FORMAT_OF_SUFFIX = {
    ".geojson": "geojson",
    ".json": "geojson",
    ".csv": "csv",
    ".atom": "atom",
    ".xml": "atom",
}
FORMATS = ("table", "geojson", "csv", "atom")


def _add_events_arguments(parser: argparse.ArgumentParser) -> None:
    add_index_argument(parser)
    parser.add_argument(
        "search",
        nargs="?",
        metavar="SEARCH",
        help="id of the saved search; needed where there are several",
    )
    parser.add_argument(
        "--after", type=count, default=0, metavar="NUMBER", help="events after this one (0)"
    )
    parser.add_argument(
        "--output",
        type=output_file,
        metavar="FILE",
        help="write to a file; its suffix names the format",
    )
    parser.add_argument("--format", choices=FORMATS, help="of the output (table)")


def _events(args: argparse.Namespace) -> int:
    from harma.ground.files import write_text
    from harma.searches.events import read_events

    form = _format(args)
    place = IndexPlace.of(args.directory, args)
    with open_searches(place, args.state) as searches:
        saved = _chosen(searches, args.search)
        events = read_events(searches.database, saved.id, after=args.after)
        text = _formed(form, searches, saved, events)
    if args.output is None:
        print(text, end="")
        return 0
    check_outside(args.output, *place.homes)
    write_text(args.output, text)
    print(f"{as_written(args.output)}: {len(events):,} events")
    return 0


def _format(args: argparse.Namespace) -> str:
    from harma.errors import ConfigError

    form: str | None = args.format
    if form is None and args.output is None:
        return "table"
    if form is None:
        form = FORMAT_OF_SUFFIX.get(args.output.suffix.lower())
    if form is None:
        raise ConfigError(
            f"{args.output} has none of the suffixes {', '.join(FORMAT_OF_SUFFIX)}; or give"
            " --format"
        )
    return form


def _chosen(searches: "SearchBook", search: str | None) -> "SavedSearch":
    """The saved search that is named, or the only one that is watched."""
    from harma.errors import ConfigError
    from harma.searches.watches import WatchBook

    if search is not None:
        return searches.get(search)
    watched = WatchBook(searches.database).all(searches.index_name)
    if len(watched) != 1:
        listed = ", ".join(watch.search for watch in watched) or "none"
        raise ConfigError(f"name the saved search whose events are wanted; watched are: {listed}")
    return searches.get(watched[0].search)


def _formed(
    form: str, searches: "SearchBook", saved: "SavedSearch", events: Sequence["Event"]
) -> str:
    from harma.searches.event_forms import as_csv, as_geojson

    if form == "geojson":
        return as_geojson(events)
    if form == "csv":
        return as_csv(events)
    if form == "atom":
        return _feed(searches, saved, events)
    return "".join(f"{line}\n" for line in _table(events))


def _feed(searches: "SearchBook", saved: "SavedSearch", events: Sequence["Event"]) -> str:
    """A feed that needs no server: thumbnails lie in it."""
    from harma.searches.events import thumbnails_of
    from harma.searches.feeds import FEED_EVENTS, FeedAbout, atom, data_address

    latest = list(reversed(events))[:FEED_EVENTS]
    pictures = thumbnails_of(searches.database, saved.id, [event.number for event in latest])
    updated = latest[0].found if latest else saved.created
    feed = FeedAbout(
        saved.id,
        saved.name,
        updated,
        thumbnail_of=lambda event: data_address(pictures.get(event.number)),
    )
    return atom(feed, latest).decode() + "\n"


def _table(events: Sequence["Event"]) -> list[str]:
    """A line per event."""
    from harma.searches.event_forms import date_text, outline_of, scene_name

    if not events:
        return ["no events"]
    lines = []
    for event in events:
        judged = f"{event.score:.3f}" if event.gain is None else f"{event.gain:+.3f}"
        outline = outline_of(event)
        place = ""
        if outline is not None:
            place = f"{outline.centroid.x:.4f},{outline.centroid.y:.4f}"
        lines.append(
            f"{event.number:>6}  {judged} {event.standing:<6}  {date_text(event) or '-':<10} "
            f" {place:<18}  {scene_name(event)}  chip:{event.chip}"
        )
    return lines


ACTIONS = (Command("events", "what was found", _events, _add_events_arguments),)
