"""Search an index by text, by example, by place and by date, or for change between two dates.

TEXT describes what should be seen. Examples are picture files, chips (`chip:ID`) or further texts,
each with a weight if `@WEIGHT` follows.
"""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harma.cli.argument_types import count, floats, positive

if TYPE_CHECKING:
    from harma.index.hits import Hit
    from harma.index.index import Index

# Formats by the suffix of the file they are written to.
SUFFIXES = {
    ".json": "json",
    ".csv": "csv",
    ".geojson": "geojson",
    ".parquet": "geoparquet",
    ".html": "html",
    ".png": "png",
}
FORMATS = ("table", *SUFFIXES.values())
FILES_ONLY = ("geoparquet", "html", "png")

EPILOG = """examples:
  harma search archive "a stadium next to a car park"
  harma search archive "a harbour" --bbox 3.0,50.5,7.5,54.0 --since 2015 -k 50 --output hits.geojson
  harma search archive --image example.png --unlike "a road" --near 4.9,52.4 --radius 20
  harma search archive --like chip:67bc6090ea1f978c778f11aa@2 --like other.png --where "gsd < 1" --output sheet.html
  harma search archive "new buildings" --before 2010 --after 2019 --output change.html
status: 0 hits, 1 none, 2 the search could not be made"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("directory", metavar="INDEX", type=Path, help="directory of the index")
    parser.add_argument("text", nargs="?", metavar="TEXT", help="what should be seen")
    parser.add_argument("--image", help="a picture file, or chip:ID")
    for name, what in (
        ("--like", "a further example (weight 1)"),
        ("--unlike", "counts against (weight 0.5)"),
    ):
        parser.add_argument(
            name,
            action="append",
            default=[],
            type=_example,
            metavar="EXAMPLE[@WEIGHT]",
            help=f"{what}; repeatable",
        )
    parser.add_argument(
        "--bbox",
        type=floats,
        metavar="W,S,E,N",
        help="degrees; W over E crosses the 180th meridian",
    )
    parser.add_argument("--polygon", metavar="GEOJSON", help="a GeoJSON file, or its text")
    parser.add_argument("--near", type=floats, metavar="LON,LAT", help="with --radius")
    parser.add_argument("--radius", type=float, metavar="KM", help="around --near, on the ground")
    parser.add_argument(
        "--within", action="store_true", help="footprints lie inside the area, not only touch it"
    )
    parser.add_argument("--since", metavar="DATE", help="first date: 2015, 2015-09-26")
    parser.add_argument("--until", metavar="DATE", help="last date; it belongs to the range")
    parser.add_argument(
        "--before", metavar="DATE", help="change: end of the earlier time; with --after"
    )
    parser.add_argument(
        "--after",
        metavar="DATE",
        help="change: start of the later time; the largest gain comes first",
    )
    parser.add_argument(
        "--source", action="append", help="name of a source, with * and ?; repeatable"
    )
    parser.add_argument(
        "--where", metavar="SQL", help="on the columns, such as 'gsd < 1 AND nodata < 0.1'"
    )
    parser.add_argument("-k", type=positive, default=10, help="hits (10)")
    parser.add_argument(
        "--offset", type=count, default=0, help="hits left out before the first, for pages"
    )
    parser.add_argument(
        "--keep-overlapping", action="store_true", help="do not merge overlapping chips to the best"
    )
    parser.add_argument(
        "--exact", action="store_true", help="compare all chips, also where there is an ANN index"
    )
    parser.add_argument("--model", help="where the index's model is now, if not where it was")
    parser.add_argument(
        "--backbone", help="where the model's backbone is now, if not where it says"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write to a file; its suffix names the format"
    )
    parser.add_argument("--format", choices=FORMATS, help="of the output (table)")


def run(args: argparse.Namespace) -> int:
    """Search, and show or write the hits."""
    from harma.index.index import OVERLAP, Index

    form = _format(args)
    date = (args.since, args.until) if args.since or args.until else None
    model = None
    if args.model is not None or args.backbone is not None:
        from harma.index.settings import read_settings
        from harma.model.saved import load

        kept = read_settings(args.directory)
        model = load(
            args.model or kept.model,
            backbone=args.backbone or (None if args.model else kept.backbone),
        )
    index = Index.open(args.directory, model=model)
    hits = index.search(
        args.text,
        args.image,
        like=args.like,
        unlike=args.unlike,
        bbox=args.bbox,
        polygon=args.polygon,
        near=args.near,
        radius_km=args.radius,
        within=args.within,
        date=date,
        source=args.source,
        where=args.where,
        before=args.before,
        after=args.after,
        k=args.k,
        offset=args.offset,
        overlap=None if args.keep_overlapping else OVERLAP,
        exact=args.exact,
    )
    if form == "table":
        _show(hits)
    else:
        _write(index, hits, form, args)
    return 0 if hits else 1


def _format(args: argparse.Namespace) -> str:
    """The format asked for, or the one that the file's suffix names.

    Raises:
        ConfigError: neither is there, or the format needs a file.
    """
    from harma.errors import ConfigError

    form: str | None = args.format
    if form is None:
        form = "table" if args.output is None else SUFFIXES.get(args.output.suffix.lower())
        if form is None:
            raise ConfigError(
                f"{args.output} has none of the suffixes {', '.join(SUFFIXES)}; or give --format"
            )
    if form in FILES_ONLY and args.output is None:
        raise ConfigError(f"the format {form} is written to a file: give --output FILE")
    if args.output is not None and args.directory.resolve() in args.output.resolve().parents:
        raise ConfigError(f"{args.output} lies inside the index; write hits elsewhere")
    if form == "table" and args.output is not None:
        raise ConfigError("a table is shown, not written; choose another --format for --output")
    return form


def _write(index: "Index", hits: "list[Hit]", form: str, args: argparse.Namespace) -> None:
    from harma.ground.files import write_text
    from harma.index.hits import WRITERS

    if form == "geoparquet":
        from harma.exchange.geoparquet import write_hits_geoparquet

        write_hits_geoparquet(hits, args.output)
    elif form in ("html", "png"):
        from harma.exchange.sheet import write_sheet
        from harma.exchange.tile import tiles_of

        write_sheet(
            args.output, tiles_of(index.store, hits), title=_title(args), query=_asked(args)
        )
    elif args.output is None:
        print(WRITERS[form](hits), end="")
        return
    else:
        write_text(args.output, WRITERS[form](hits))
    print(f"{len(hits):,} hits written to {args.output}")


def _title(args: argparse.Namespace) -> str:
    """What was looked for, in a line."""
    examples = [
        what[0] if isinstance(what, tuple) else what for what in (args.image, *args.like) if what
    ]
    return str(args.text or " + ".join(examples))


def _asked(args: argparse.Namespace) -> dict[str, str]:
    """The options of the search that were given, for the sheet."""
    left_out = ("directory", "text", "output", "format", "model", "backbone")
    given = {
        name: value
        for name, value in vars(args).items()
        if name not in left_out and value not in (None, [], False)
    }
    return {name.replace("_", " "): _plain(value) for name, value in given.items()}


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _example(text: str) -> str | tuple[str, float]:
    """An example, and its weight if one follows."""
    found = re.fullmatch(r"(.+)@(\d+(?:\.\d*)?|\.\d+)", text, re.DOTALL)
    return (found[1], float(found[2])) if found else text


def _show(hits: "list[Hit]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from harma.scenes.place import middle

    table = Table(box=box.SIMPLE, padding=(0, 1))
    changed = any(hit.then is not None for hit in hits)
    for heading in ("gain" if changed else "score", "", "date", "lon,lat"):
        table.add_column(heading, no_wrap=True)
    table.add_column("source, window, chip", overflow="fold")
    for hit in hits:
        place = "{:.4f},{:.4f}".format(*middle(hit.geometry)) if hit.geometry is not None else ""
        window = f"{hit.window.column},{hit.window.row} {hit.window.width}x{hit.window.height}"
        score = f"{hit.score:.3f}" if hit.change is None else f"{hit.change:+.3f}"
        table.add_row(
            score,
            hit.standing,
            hit.datetime.date().isoformat() if hit.datetime else "",
            place,
            f"{Path(hit.source).name} {window}\nchip:{hit.id}",
        )
    Console().print(table if hits else "nothing matches")
