"""Actions of `harma searches` on saved searches: save, list, show, delete."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harma.cli.argument_types import local_file
from harma.cli.command import Command
from harma.cli.opened import (
    IndexPlace,
    add_model_arguments,
    open_index,
    open_searches,
    read_search,
)

if TYPE_CHECKING:
    from harma.searches.records import Mark, MarkCounts, SavedSearch


def add_search_argument(parser: argparse.ArgumentParser) -> None:
    """The saved search that is meant."""
    parser.add_argument("search", metavar="SEARCH", help="id of the saved search")


def _add_save_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", metavar="TEXT", help="what should be seen")
    parser.add_argument(
        "--asked",
        type=local_file,
        metavar="FILE",
        help="a search in JSON, as the HTTP API takes it",
    )
    parser.add_argument("--name", help="of the saved search (its text)")
    add_model_arguments(parser)


def _add_list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--drafts", action="store_true", help="those without a name, too")
    parser.add_argument("--json", action="store_true", help="as JSON")


def _add_show_arguments(parser: argparse.ArgumentParser) -> None:
    add_search_argument(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def _save(args: argparse.Namespace) -> int:
    from harma.searches.keeping import kept_asked, model_of_vectors

    place = IndexPlace.of(args.directory, args)
    index = open_index(place, args)
    kept = kept_asked(_asked(args), index)
    with open_searches(place, args.state) as searches:
        name = args.name or args.text or "saved"
        search = searches.create(name, kept, model=model_of_vectors(kept, index))
    print(f"{search.id}  {search.name}")
    return 0


def _asked(args: argparse.Namespace) -> dict[str, Any]:
    """What is looked for.

    Raises:
        ConfigError: nothing is said, or the file is no JSON.
    """
    from harma.errors import ConfigError

    asked: dict[str, Any] = {}
    if args.asked is not None:
        asked = read_search(args.asked)
    if args.text is not None:
        asked["text"] = args.text
    if not asked:
        raise ConfigError("nothing to look for is said; give a TEXT, or --asked FILE")
    return asked


def _list(args: argparse.Namespace) -> int:
    with open_searches(IndexPlace.of(args.directory, args), args.state) as searches:
        saved = searches.all(drafts=args.drafts)
        counts = searches.counts()
    if args.json:
        print(json.dumps([_row(search, counts.get(search.id)) for search in saved], indent=2))
        return 0
    for search in saved:
        print(_line(search, counts.get(search.id)))
    if not saved:
        print("no search is saved; `harma searches save INDEX TEXT` saves one")
    return 0


def _show(args: argparse.Namespace) -> int:
    with open_searches(IndexPlace.of(args.directory, args), args.state) as searches:
        search = searches.get(args.search)
        marks = searches.marks(args.search)
        counts = searches.counts(args.search).get(args.search)
    if args.json:
        from harma.searches.mark_files import write_marks

        collection = json.loads(write_marks(marks, "geojson"))
        print(json.dumps({**_row(search, counts), "marks": collection}, indent=2))
        return 0
    print(_line(search, counts))
    print(f"asked    {_told(search)}")
    print(f"changed  {search.changed:%Y-%m-%d %H:%M} UTC, version {search.version}")
    for mark in marks:
        print(_mark_line(mark))
    return 0


def _told(search: "SavedSearch") -> str:
    """What is asked in a line; of vectors, which nobody can read, only that they are there."""
    from harma.searches.keeping import without_numbers

    return json.dumps(without_numbers(search.asked), ensure_ascii=False)


def _row(search: "SavedSearch", counts: "MarkCounts | None") -> dict[str, Any]:
    from harma.searches.records import MarkCounts

    row = dict(vars(search)) | {"marks": vars(counts or MarkCounts())}
    for name in ("created", "changed"):
        row[name] = row[name].isoformat()
    return row


def _line(search: "SavedSearch", counts: "MarkCounts | None") -> str:
    """A saved search in a line."""
    name = search.name or "(draft)"
    marks = "no marks"
    if counts is not None:
        marks = f"{counts.good:,} good, {counts.bad:,} bad, {counts.unsure:,} unsure"
    return f"{search.id}  {name}  {marks}"


def _mark_line(mark: "Mark") -> str:
    from harma.searches.mark_files import date_text

    words = [f"{mark.mark:<6}", mark.chip, date_text(mark), Path(mark.source).name]
    note = " ".join(mark.note.split())
    words += [note, f"({mark.who})" if mark.who else ""]
    return "  ".join(word for word in words if word)


def _delete(args: argparse.Namespace) -> int:
    with open_searches(IndexPlace.of(args.directory, args), args.state) as searches:
        search = searches.get(args.search)
        searches.delete(args.search)
    print(f"deleted {search.name or 'a draft'}")
    return 0


ACTIONS = (
    Command("save", "keep a search", _save, _add_save_arguments),
    Command("list", "the saved searches of an index", _list, _add_list_arguments),
    Command("show", "a saved search, with its marks", _show, _add_show_arguments),
    Command("delete", "delete a saved search", _delete, add_search_argument),
)
