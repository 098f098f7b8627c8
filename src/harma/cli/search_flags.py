"""The flags of `harma search`, made from the fields of `Query`, `Where` and `Page`.

A field's own JSON schema says which flag it becomes: a switch, a number, some numbers with commas,
a text. What reads better at the terminal than the field is written out here.
"""

import argparse
import re
from collections.abc import Callable
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from harma.cli.argument_types import count, positive
from harma.index.ask import (
    CHIP_PREFIX,
    EXPAND,
    OVERLAP,
    Chip,
    Example,
    Page,
    Picture,
    Query,
    Text,
    Where,
)
from harma.index.said import said_of

# Of several @ the last one begins the weight: texts may hold others.
WEIGHTED = re.compile(r"(.+)@(\d+(?:\.\d*)?|\.\d+)", re.DOTALL)
# Fields that are two flags, or a switch, or may be repeated.
WRITTEN_OUT = ("text", "image", "like", "unlike", "date", "source", "overlap")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Everything that may be asked, as flags."""
    said = {declared.name: said_of(declared) for declared in fields(Query)}
    parser.add_argument("text", nargs="?", metavar="TEXT", help=said["text"].help)
    parser.add_argument(
        "--image", metavar=said["image"].metavar, help=f"{said['image'].help}, or chip:ID"
    )
    for name in ("like", "unlike"):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar=said[name].metavar,
            help=f"{said[name].help}; repeatable",
        )
    add_expand_flag(parser)
    add_where_flags(parser)
    _add_declared(parser, Page)
    parser.add_argument(
        "--keep-overlapping", action="store_true", help="do not merge overlapping chips to the best"
    )


def add_expand_flag(parser: argparse._ActionsContainer) -> None:
    """Whether short texts are expanded, as a flag."""
    said = {declared.name: said_of(declared) for declared in fields(Query)}
    parser.add_argument(
        "--expand", choices=EXPAND, default="auto", help=f"{said['expand'].help} (auto)"
    )


def add_where_flags(parser: argparse._ActionsContainer) -> None:
    """Which chips may be found, as flags."""
    _add_declared(parser, Where)
    parser.add_argument("--since", metavar="DATE", help="first date: 2015, 2015-09, 2015-09-26")
    parser.add_argument("--until", metavar="DATE", help="last date; it belongs to the range")
    parser.add_argument(
        "--source", action="append", help="name of a source, with * and ?; repeatable"
    )


def _add_declared(
    parser: argparse._ActionsContainer, declaration: type[Where] | type[Page]
) -> None:
    for declared in fields(declaration):
        if declared.name not in WRITTEN_OUT:
            _add_field(parser, declared)


def _add_field(parser: argparse._ActionsContainer, declared: "Field[Any]") -> None:
    about = said_of(declared)
    name = about.flag or declared.name
    flag = f"-{name}" if len(name) == 1 else f"--{name}"
    if about.schema["type"] == "boolean":
        parser.add_argument(flag, action="store_true", dest=declared.name, help=about.help)
        return
    help_text = about.help
    if declared.default:
        help_text = f"{help_text} ({declared.default})"
    parser.add_argument(
        flag,
        type=_reader(about.schema),
        default=declared.default,
        dest=declared.name,
        metavar=about.metavar or None,
        help=help_text,
    )


def _reader(schema: Any) -> Callable[[str], Any]:
    """What turns a flag's text into a value."""
    kind = schema["type"]
    if kind == "integer":
        return positive if schema["minimum"] == 1 else count
    if kind == "number":
        return float
    if kind == "array":
        return _floats
    return str


def _floats(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of numbers such as 4.9,52.4"
        ) from error


# -- back to the declaration ----------------------------------------------------------------------


def query_of(args: argparse.Namespace) -> Query:
    """What is looked for."""
    like = [example_of(text) for text in args.like]
    image: Picture | None = None
    if args.image is not None:
        chip = _chip(args.image)
        if chip is None:
            image = Picture(Path(args.image))
        else:
            like.insert(0, chip)
    unlike = [example_of(text) for text in args.unlike]
    return Query(text=args.text, image=image, like=like, unlike=unlike, expand=args.expand)


def where_of(args: argparse.Namespace) -> Where:
    """Which chips may be found."""
    date = None
    if args.since or args.until:
        date = (args.since, args.until)
    names = [declared.name for declared in fields(Where) if declared.name != "date"]
    return Where(date=date, **{name: getattr(args, name) for name in names})


def page_of(args: argparse.Namespace) -> Page:
    """Which of the hits are given."""
    overlap = None if args.keep_overlapping else OVERLAP
    return Page(k=args.k, offset=args.offset, overlap=overlap, exact=args.exact)


def example_of(text: str) -> Example:
    """An example as it is written at the terminal, where a file's name and a text look alike.

    `chip:ID` is a chip, the name of a picture (by its suffix, or because it is there) a picture,
    and all else a text. Only here is a string guessed to be a file.
    """
    weighted = WEIGHTED.fullmatch(text)
    weight = float(weighted[2]) if weighted else None
    what = without_weight(text)
    chip = _chip(what, weight)
    if chip is not None:
        return chip
    if _is_file(what):
        return Picture(Path(what), weight)
    return Text(what, weight)


def without_weight(text: str) -> str:
    """An example without the weight that may follow it."""
    weighted = WEIGHTED.fullmatch(text)
    return weighted[1] if weighted else text


def _chip(text: str, weight: float | None = None) -> Chip | None:
    """The chip that is named, or None."""
    if not text.startswith(CHIP_PREFIX):
        return None
    return Chip(text.removeprefix(CHIP_PREFIX), weight)


def _is_file(text: str) -> bool:
    """Whether a text names a picture: it has a suffix of one, or is there."""
    from harma.scenes.formats import SCENE_SUFFIXES

    try:
        return text.lower().endswith(SCENE_SUFFIXES) or Path(text).is_file()
    except (OSError, ValueError):  # too long, or not a name at all
        return False
