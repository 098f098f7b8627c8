"""Who may be told by a command: hosts of webhooks, their secret, from flags or the environment."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harma.searches.book import SearchBook


def add_telling_arguments(parser: argparse.ArgumentParser) -> None:
    """Who may be told."""


def tell_people(args: argparse.Namespace, searches: "SearchBook") -> list[str]:
    """Tell of events that were not told yet; why somebody could not be told."""
    return list(_problems(args, searches))


def _problems(args: argparse.Namespace, searches: "SearchBook") -> Iterator[str]:
    yield from ()
