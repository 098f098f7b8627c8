"""Who may be told by a command: hosts of webhooks, their secret, from flags or the environment."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from harma.cli.argument_types import local_file
from harma.errors import HarmaError

if TYPE_CHECKING:
    from harma.searches.book import SearchBook

HOSTS_VARIABLE = "HARMA_WEBHOOK_HOSTS"
SECRET_FILE_VARIABLE = "HARMA_WEBHOOK_SECRET_FILE"


def add_telling_arguments(parser: argparse._ActionsContainer) -> None:
    """Who may be told."""
    parser.add_argument(
        "--webhook-host",
        action="append",
        default=[],
        metavar="HOST",
        help=(
            "webhooks may tell it; private:HOST where it lies in a private network; repeatable"
            f" ({HOSTS_VARIABLE}, with commas)"
        ),
    )
    parser.add_argument(
        "--webhook-secret-file",
        type=local_file,
        metavar="FILE",
        help=f"holds the secret that signs webhooks ({SECRET_FILE_VARIABLE}, HARMA_WEBHOOK_SECRET)",
    )


def hosts_that_may_be_told(args: argparse.Namespace) -> tuple[str, ...]:
    """The hosts that webhooks may tell, of the flags and of the environment."""
    # A build has no flags for it: what cron and services have in common is the environment.
    in_environment = os.environ.get(HOSTS_VARIABLE, "").split(",")
    hosts = [*getattr(args, "webhook_host", ()), *in_environment]
    return tuple(filter(str.strip, hosts))


def secret_file_of(args: argparse.Namespace) -> Path | None:
    """The file with the secret of webhooks, of the flag or of the environment."""
    file: Path | None = getattr(args, "webhook_secret_file", None)
    named = os.environ.get(SECRET_FILE_VARIABLE)
    if file is None and named:
        return Path(named)
    return file


def tell_people(args: argparse.Namespace, searches: "SearchBook") -> list[str]:
    """Tell of events that were not told yet.

    Returns:
        Why somebody could not be told.
    """
    from harma.searches.notices import Notices, tell_all
    from harma.searches.webhook import read_secret

    try:
        secret = read_secret(secret_file_of(args))
    except HarmaError as error:
        return [str(error)]
    return list(tell_all(searches, Notices(hosts_that_may_be_told(args), secret)))
