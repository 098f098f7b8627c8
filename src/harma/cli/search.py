"""Search an index by text, by example, by place and by date.

TEXT describes what should be seen. Examples are picture files, chips (`chip:ID`) or further texts.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harma.cli.numbers import count, positive

if TYPE_CHECKING:
    from harma.index.hits import Hit

EPILOG = """examples:
  harma search archive "a stadium next to a car park"
  harma search archive "a harbour" --bbox 3.0,50.5,7.5,54.0 --after 2015 -k 50 --format geojson > hits.geojson
  harma search archive --image example.png --unlike "a road" --near 4.9,52.4 --radius 20
  harma search archive --like chip:67bc6090ea1f978c778f11aa --like other.png --where "gsd < 1"
status: 0 hits, 1 none, 2 the search could not be made"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("directory", metavar="INDEX", type=Path, help="directory of the index")
    parser.add_argument("text", nargs="?", metavar="TEXT", help="what should be seen")
    parser.add_argument("--image", help="a picture file, or chip:ID")
    parser.add_argument("--like", action="append", default=[], metavar="EXAMPLE", help="a further example; repeatable")
    parser.add_argument("--unlike", action="append", default=[], metavar="EXAMPLE", help="counts against; repeatable")
    parser.add_argument("--bbox", type=_floats, metavar="W,S,E,N", help="degrees; W over E crosses the 180th meridian")
    parser.add_argument("--polygon", metavar="GEOJSON", help="a GeoJSON file, or its text")
    parser.add_argument("--near", type=_floats, metavar="LON,LAT", help="with --radius")
    parser.add_argument("--radius", type=float, metavar="KM", help="around --near, on the ground")
    parser.add_argument("--within", action="store_true", help="footprints lie inside the area, not only touch it")
    parser.add_argument("--after", metavar="DATE", help="first date: 2015, 2015-09-26")
    parser.add_argument("--before", metavar="DATE", help="last date")
    parser.add_argument("--source", action="append", help="name of a source, with * and ?; repeatable")
    parser.add_argument("--where", metavar="SQL", help="on the columns, such as 'gsd < 1 AND nodata < 0.1'")
    parser.add_argument("-k", type=positive, default=10, help="hits (10)")
    parser.add_argument("--offset", type=count, default=0, help="hits left out before the first, for pages")
    parser.add_argument("--format", choices=("table", "json", "csv", "geojson"), default="table", help="(table)")


def run(args: argparse.Namespace) -> int:
    """Search, and print the hits."""
    from harma.index.hits import WRITERS
    from harma.index.index import Index

    date = (args.after, args.before) if args.after or args.before else None
    hits = Index.open(args.directory).search(
        args.text, args.image, like=args.like, unlike=args.unlike, bbox=args.bbox, polygon=args.polygon, near=args.near,
        radius_km=args.radius, within=args.within, date=date, source=args.source, where=args.where, k=args.k,
        offset=args.offset,
    )  # fmt: skip
    if args.format == "table":
        _show(hits)
    else:
        print(WRITERS[args.format](hits), end="")
    return 0 if hits else 1


def _floats(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers such as 4.9,52.4") from error


def _show(hits: "list[Hit]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE, padding=(0, 1))
    for heading in ("score", "", "date", "lon,lat"):
        table.add_column(heading, no_wrap=True)
    table.add_column("source, window, chip", overflow="fold")
    for hit in hits:
        middle = hit.geometry.centroid if hit.geometry is not None else None
        window = f"{hit.window.column},{hit.window.row} {hit.window.width}x{hit.window.height}"
        table.add_row(
            f"{hit.score:.3f}", hit.standing, hit.datetime.date().isoformat() if hit.datetime else "",
            f"{middle.x:.4f},{middle.y:.4f}" if middle else "", f"{Path(hit.source).name} {window}\nchip:{hit.id}",
        )  # fmt: skip
    Console().print(table if hits else "nothing matches")
