"""Actions of `harma searches` on files of marks: export, import."""

import argparse
from pathlib import Path

from harma.cli.argument_types import local_file, output_file
from harma.cli.command import Command
from harma.cli.opened import IndexPlace, check_outside, open_searches
from harma.cli.searches.kept import add_search_argument
from harma.ground.outputs import as_written

FORMAT_OF_SUFFIX = {
    ".geojson": "geojson",
    ".json": "geojson",
    ".csv": "csv",
    ".parquet": "geoparquet",
    ".geoparquet": "geoparquet",
}
# Bytes of a file of marks.
MOST_BYTES = 100_000_000
# Rows that are named where some were left out.
SHOWN_ROWS = 10


def _add_export_arguments(parser: argparse.ArgumentParser) -> None:
    add_search_argument(parser)
    parser.add_argument(
        "output", type=output_file, metavar="FILE", help="write to it: .geojson, .csv, .parquet"
    )


def _add_import_arguments(parser: argparse.ArgumentParser) -> None:
    add_search_argument(parser)
    parser.add_argument(
        "file",
        type=local_file,
        metavar="FILE",
        help=".geojson, .csv or .parquet, of ours or with labelled points or footprints",
    )
    parser.add_argument("--who", default="", help="who says it (as the file has it)")


def _export(args: argparse.Namespace) -> int:
    from harma.ground.files import replacing
    from harma.index.index import Index
    from harma.searches.asking import current_marks
    from harma.searches.mark_files import write_marks

    form = form_of(args.output)
    place = IndexPlace.of(args.directory, args)
    check_outside(args.output, *place.homes)
    with open_searches(place, args.state) as searches:
        store = Index.open(place.homes).store
        marks = current_marks(searches, args.search, store).marks
    with replacing(args.output) as temporary:
        temporary.write_bytes(write_marks(marks, form))
    print(f"{len(marks):,} marks written to {as_written(args.output)}")
    return 0 if marks else 1


def _import(args: argparse.Namespace) -> int:
    from harma.ground.messages import about_file
    from harma.index.index import Index
    from harma.searches.mark_files import read_mark_file
    from harma.searches.mark_import import import_marks

    with about_file(args.file):
        file = read_mark_file(_content(args.file), form_of(args.file))
    place = IndexPlace.of(args.directory, args)
    index = Index.open(place.homes)
    with open_searches(place, args.state) as searches:
        imported = import_marks(searches, args.search, index.store, file, who=args.who)
    print(f"{imported.num_set:,} marks set")
    for row in imported.refused[:SHOWN_ROWS]:
        print(f"row {row.number} cannot be used: {row.reason}")
    _print_rest(len(imported.refused), "rows cannot be used")
    for told in imported.unknown[:SHOWN_ROWS]:
        print(f"not in the index: {told}")
    _print_rest(len(imported.unknown), "chips or places are not in the index")
    is_whole = not imported.refused and not imported.unknown
    return 0 if is_whole else 1


def _print_rest(count: int, what: str) -> None:
    if count > SHOWN_ROWS:
        print(f"… {count:,} {what}")


def _content(file: Path) -> bytes:
    """The content of a file.

    Raises:
        ConfigError: it is too large.
        MissingFileError: it is not there.
    """
    from harma.errors import ConfigError, MissingFileError

    if not file.is_file():
        raise MissingFileError(f"{file} is not there; name a file of marks")
    if file.stat().st_size > MOST_BYTES:
        raise ConfigError(f"{file} is larger than {MOST_BYTES:,} bytes; divide it")
    return file.read_bytes()


def form_of(file: Path) -> str:
    """The form of a file by its suffix.

    Raises:
        ConfigError: it names none.
    """
    from harma.errors import ConfigError

    form = FORMAT_OF_SUFFIX.get(file.suffix.lower())
    if form is None:
        raise ConfigError(f"{file} has none of the suffixes {', '.join(FORMAT_OF_SUFFIX)}")
    return form


ACTIONS = (
    Command("export", "write the marks to a file", _export, _add_export_arguments),
    Command("import", "set the marks of a file", _import, _add_import_arguments),
)
