"""Search an index by text, by example, by place and by date, or for change between two dates.

TEXT describes what should be seen. Examples are picture files, chips (`chip:ID`) or further texts,
each with a weight if `@WEIGHT` follows.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harma.cli.argument_types import given_name, index_home, output_file
from harma.cli.opened import add_others_argument
from harma.cli.search_flags import (
    add_flags,
    page_of,
    query_of,
    where_of,
    without_weight,
)
from harma.ground.garbage import paused_collection
from harma.ground.outputs import as_written
from harma.index.ask import CHIP_PREFIX

if TYPE_CHECKING:
    from harma.ground.storage.home import Home
    from harma.index.hit_list import HitList
    from harma.index.hits import Hit
    from harma.index.index import Index
    from harma.model.opened import OpenedModel

# Formats by the suffix of the file they are written to.
FORMAT_OF_SUFFIX = {
    ".json": "json",
    ".csv": "csv",
    ".geojson": "geojson",
    ".parquet": "geoparquet",
    ".html": "html",
    ".png": "png",
}
FORMATS = ("table", *FORMAT_OF_SUFFIX.values())
FILES_ONLY = ("geoparquet", "html", "png")
# What of the command line is not stated on a sheet: it is no part of the search, or its title.
NOT_STATED = ("directory", "others", "text", "output", "format", "model", "backbone")
# Of an option that was not given, or given as it is without.
NOT_GIVEN: tuple[Any, ...] = (None, [], False, "auto")

EPILOG = """examples:
  harma search archive "a stadium next to a car park"
  harma search archive "a harbour" --bbox 3.0,50.5,7.5,54.0 --since 2015 -k 50 --output hits.geojson
  harma search archive --image example.png --unlike "a road" --near 4.9,52.4 --radius 20
  harma search archive --like chip:67bc6090ea1f978c778f11aa@2 --like other.png --output sheet.html
  harma search archive "a solar farm" --where "gsd < 1 AND nodata = 0" --source "*_2015*.tif"
  harma search naip/2019 "a quarry" --index naip/2020 --index naip/2021
  harma search archive "new buildings" --before 2010 --after 2019 --output change.html
standings say how far a score stands out; on labelled aerial pictures 93 % of the clear hits were
  right, 77 % of the likely ones and 12 % of the weak ones. `harma evaluate INDEX --queries FILE`
  says what they are worth in an index of yours
status: 0 hits, 1 none, 2 the search could not be made"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "directory",
        metavar="INDEX",
        type=index_home,
        help="directory or s3://… of the index",
    )
    add_flags(parser)
    add_others_argument(parser)
    parser.add_argument(
        "--model",
        type=given_name,
        help="where the index's model is now, if not where it was; or an export of it",
    )
    parser.add_argument(
        "--backbone",
        type=given_name,
        help="where the model's backbone is now, if not where it says",
    )
    parser.add_argument(
        "--output",
        type=output_file,
        metavar="FILE",
        help="write to a file; its suffix names the format",
    )
    parser.add_argument("--format", choices=FORMATS, help="of the output (table)")


@paused_collection()
def run(args: argparse.Namespace) -> int:
    """Search, and show or write the hits."""
    from harma.index.index import Index

    # Before the index is opened: a wrong suffix costs no waiting.
    form = _format(args)
    index = Index.open([args.directory, *args.others], model=_model(args))
    hits = index.find(query_of(args), where_of(args), page_of(args))
    if form == "table":
        show_hits(hits)
    else:
        _write(index, hits, form, args)
    # Beside what other programs read; below a table.
    told = sys.stdout if form == "table" else sys.stderr
    for expansion in hits.expanded:
        print(f"joined {expansion}", file=told)
    # As grep does, so that scripts can ask whether there is anything.
    return 0 if hits else 1


def _model(args: argparse.Namespace) -> "OpenedModel | None":
    """The model that is named; None leaves it to the index."""
    if args.model is None and args.backbone is None:
        return None
    from harma.index.settings import read_settings
    from harma.model.opened import open_model

    settings = read_settings(args.directory)
    if args.model is None:
        return open_model(settings.model, backbone=args.backbone)
    return open_model(args.model, backbone=args.backbone)


def _format(args: argparse.Namespace) -> str:
    """The format asked for, or the one that the file's suffix names.

    Raises:
        ConfigError: neither is there, or the format needs a file.
    """
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
    if args.output is None and form in FILES_ONLY:
        raise ConfigError(f"the format {form} is written to a file: give --output FILE")
    if args.output is not None:
        for home in (args.directory, *args.others):
            _check_output(args.output, home, form)
    return form


def _check_output(output: Path, home: "Home", form: str) -> None:
    """Check that hits may be written to a file."""
    from harma.errors import ConfigError

    if home.holds(output):
        raise ConfigError(f"{output} lies inside the index; write hits elsewhere")
    if form == "table":
        raise ConfigError("a table is shown, not written; choose another --format for --output")


def _write(index: "Index", hits: "HitList", form: str, args: argparse.Namespace) -> None:
    from harma.ground.files import write_text
    from harma.index.hits import HIT_WRITERS

    if form == "geoparquet":
        from harma.index.geoparquet import write_hits_geoparquet

        write_hits_geoparquet(hits, args.output)
    elif form in ("html", "png"):
        from harma.exchange.sheet import write_sheet
        from harma.exchange.tile import tiles_of

        tiles = tiles_of(index.store, hits)
        asked = {**_asked(args), **_expanded(hits)}
        write_sheet(args.output, tiles, title=_title(args), query=asked)
    elif args.output is None:
        print(HIT_WRITERS[form](hits), end="")
        return
    else:
        write_text(args.output, HIT_WRITERS[form](hits))
    print(f"{len(hits):,} hits written to {as_written(args.output)}")


def _title(args: argparse.Namespace) -> str:
    """What was looked for, in a line."""
    if args.text:
        return str(args.text)
    examples = [args.image] if args.image else []
    return " + ".join([*examples, *map(without_weight, args.like)])


def _asked(args: argparse.Namespace) -> dict[str, str]:
    """The options of the search that were given, for the sheet."""
    asked = {}
    for name, value in vars(args).items():
        if name not in NOT_STATED and value not in NOT_GIVEN:
            asked[name.replace("_", " ")] = _plain(value)
    return asked


def _expanded(hits: "HitList") -> dict[str, str]:
    """What joined the texts, for the sheet."""
    if not hits.expanded:
        return {}
    return {"joined": "; ".join(map(str, hits.expanded))}


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


# -- the table ------------------------------------------------------------------------------------


def show_hits(hits: "list[Hit]") -> None:
    """Print hits as a table."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE, padding=(0, 1))
    is_change = any(hit.then is not None for hit in hits)
    for heading in ("gain" if is_change else "score", "", "date", "lon,lat"):
        table.add_column(heading, no_wrap=True)
    table.add_column("source, window, chip", overflow="fold")
    for hit in hits:
        table.add_row(*_row(hit))
    Console().print(table if hits else "nothing matches")


def _row(hit: "Hit") -> list[str]:
    """The cells of a hit."""
    from harma.scenes.middle import middle

    score = f"{hit.score:.3f}"
    if hit.change is not None:
        score = f"{hit.change:+.3f}"
    place = ""
    if hit.geometry is not None:
        place = "{:.4f},{:.4f}".format(*middle(hit.geometry))
    window = f"{hit.window.column},{hit.window.row} {hit.window.width}x{hit.window.height}"
    # The name alone: whole paths would fill the table, and json and csv have them.
    chip = f"{Path(hit.source).name} {window}\n{CHIP_PREFIX}{hit.id}"
    return [score, hit.standing, hit.date_text, place, chip]
