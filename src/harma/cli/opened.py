"""An index, or several as one, and saved searches, opened for `harma watch` and `searches`."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from harma.cli.argument_types import given_name, index_home

if TYPE_CHECKING:
    from harma.ground.storage.home import Home
    from harma.index.index import Index
    from harma.searches.book import SearchBook


@dataclass(frozen=True)
class IndexPlace:
    """Where an index is, or several that are searched as one.

    Attributes:
        homes: of each.
        group: the name under which saved searches of several are kept; "" of one index.
    """

    homes: "tuple[Home, ...]"
    group: str = ""

    @classmethod
    def of(cls, home: "Home", args: argparse.Namespace) -> Self:
        """What a command line names: an index, and those that `--index` adds to it.

        Raises:
            ConfigError: several have no name, or a single one has that of a group.
        """
        from harma.errors import ConfigError

        if args.others and not args.group:
            raise ConfigError(
                "saved searches of several indexes are kept under a name of their own: give"
                " --group NAME, the one that `harma serve NAME=INDEX NAME=INDEX` has"
            )
        if args.group and not args.others:
            raise ConfigError(f"--group {args.group} is of several indexes; name them with --index")
        return cls((home, *args.others), args.group)

    @property
    def told(self) -> str:
        """What people call it."""
        return self.group or str(self.homes[0])


def add_index_argument(parser: argparse.ArgumentParser) -> None:
    """The index that is watched, and where its saved searches are."""
    parser.add_argument(
        "directory",
        metavar="INDEX",
        type=index_home,
        help="directory or s3://… of the index",
    )
    add_group_arguments(parser)
    add_state_argument(parser)


def add_group_arguments(parser: argparse.ArgumentParser) -> None:
    """Further indexes, and the name of all of them."""
    add_others_argument(parser)
    parser.add_argument(
        "--group",
        default="",
        metavar="NAME",
        help="of several indexes, under which their saved searches are kept beside the first",
    )


def add_others_argument(parser: argparse._ActionsContainer) -> None:
    """Further indexes that are searched with the first."""
    parser.add_argument(
        "--index",
        action="append",
        type=index_home,
        default=[],
        dest="others",
        metavar="INDEX",
        help="another index of the same model, searched with the first as one; repeatable",
    )


def add_state_argument(parser: argparse.ArgumentParser) -> None:
    """Where saved searches are kept, as `harma serve` has it."""
    parser.add_argument(
        "--state",
        default="",
        metavar="PLACE",
        help="where saved searches are kept: a directory or postgresql://… (beside the index)",
    )


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the model is that embeds what is looked for."""
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


def open_index(place: IndexPlace, args: argparse.Namespace) -> "Index":
    """An index, or several, with the model that is named; None leaves it to the index."""
    from harma.index.index import Index
    from harma.index.settings import read_settings
    from harma.model.opened import open_model

    if args.model is None and args.backbone is None:
        return Index.open(place.homes)
    name = args.model or read_settings(place.homes[0]).model
    return Index.open(place.homes, model=open_model(name, backbone=args.backbone))


def read_search(file: Path) -> dict[str, Any]:
    """A search in a file of JSON, as the HTTP API takes it.

    Raises:
        ConfigError: it is none, or not there.
    """
    from harma.errors import ConfigError
    from harma.ground.json_text import parse_json

    if not file.is_file():
        raise ConfigError(f"{file} is not there; name a file of JSON")
    asked = parse_json(file.read_bytes(), source=str(file), error=ConfigError)
    if not isinstance(asked, dict):
        raise ConfigError(f'{file} holds no object; a search is one, such as {{"text": "…"}}')
    return asked


def check_outside(output: Path, *homes: "Home") -> None:
    """Check that a file that is to be written does not lie inside an index.

    Raises:
        ConfigError: it does.
    """
    from harma.errors import ConfigError

    for home in homes:
        if home.holds(output):
            raise ConfigError(f"{output} lies inside the index; write it elsewhere")


def open_searches(place: IndexPlace, state: str) -> "SearchBook":
    """The saved searches of an index, or of several.

    Raises:
        MissingFileError: there is no index.
    """
    from harma.index.settings import read_settings
    from harma.searches.book import SearchBook
    from harma.searches.database import group_file

    # A database would be made, also where there is no index.
    for home in place.homes:
        read_settings(home)
    first = place.homes[0]
    if not place.group:
        return SearchBook.open(first, state=state)
    return SearchBook.open(
        first, state=state, index_name=place.group, file_name=group_file(place.group)
    )
