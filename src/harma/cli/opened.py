"""An index and its saved searches, opened for the actions of `harma watch` and `searches`."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harma.cli.argument_types import index_home

if TYPE_CHECKING:
    from harma.ground.storage.home import Home
    from harma.index.index import Index
    from harma.searches.book import SearchBook


def add_index_argument(parser: argparse.ArgumentParser) -> None:
    """The index that is watched, and where its saved searches are."""
    parser.add_argument(
        "directory",
        metavar="INDEX",
        type=index_home,
        help="directory or s3://… of the index",
    )
    add_state_argument(parser)


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
    parser.add_argument("--model", help="where the index's model is now, if not where it was")
    parser.add_argument(
        "--backbone", help="where the model's backbone is now, if not where it says"
    )


def open_index(home: "Home", args: argparse.Namespace) -> "Index":
    """An index, with the model that is named; None leaves it to the index."""
    from harma.index.index import Index
    from harma.index.settings import read_settings
    from harma.model.saved import load

    if args.model is None and args.backbone is None:
        return Index.open(home)
    name = args.model or read_settings(home).model
    return Index.open(home, model=load(name, backbone=args.backbone))


def read_search(file: Path) -> dict[str, Any]:
    """A search in a file of JSON, as the HTTP API takes it.

    Raises:
        ConfigError: it is none, or not there.
    """
    from harma.errors import ConfigError

    try:
        asked = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} is no JSON that can be read ({error})") from error
    if not isinstance(asked, dict):
        raise ConfigError(f'{file} holds no object; a search is one, such as {{"text": "…"}}')
    return asked


def check_outside(output: Path, home: "Home") -> None:
    """Check that a file that is to be written does not lie inside the index.

    Raises:
        ConfigError: it does.
    """
    from harma.errors import ConfigError

    if home.holds(output):
        raise ConfigError(f"{output} lies inside the index; write it elsewhere")


def open_searches(home: "Home", state: str) -> "SearchBook":
    """The saved searches of an index.

    Raises:
        MissingFileError: there is no index.
    """
    from harma.index.settings import read_settings
    from harma.searches.book import SearchBook

    # A database would be made, also where there is no index.
    read_settings(home)
    return SearchBook.open(home, state=state)
