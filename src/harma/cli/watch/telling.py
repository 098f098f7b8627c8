"""Who may be told by a command: hosts of webhooks, their secret, from flags or the environment."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from harma.errors import HarmaError

if TYPE_CHECKING:
    from harma.searches.book import SearchBook

HOSTS_VARIABLE = "HARMA_WEBHOOK_HOSTS"
SECRET_FILE_VARIABLE = "HARMA_WEBHOOK_SECRET_FILE"


def add_telling_arguments(parser: argparse.ArgumentParser) -> None:
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
        type=Path,
        metavar="FILE",
        help=f"holds the secret that signs webhooks ({SECRET_FILE_VARIABLE}, HARMA_WEBHOOK_SECRET)",
    )


def tell_people(args: argparse.Namespace, searches: "SearchBook") -> list[str]:
    """Tell of events that were not told yet.

    Returns:
        Why somebody could not be told.
    """
    from harma.searches.notices import Notices, tell_all
    from harma.searches.webhook import read_secret

    # A build has no flags for it: what cron and services have in common is the environment.
    in_environment = os.environ.get(HOSTS_VARIABLE, "").split(",")
    hosts = [*getattr(args, "webhook_host", ()), *in_environment]
    file = getattr(args, "webhook_secret_file", None)
    named_file = os.environ.get(SECRET_FILE_VARIABLE)
    if file is None and named_file:
        file = Path(named_file)
    try:
        secret = read_secret(file)
    except HarmaError as error:
        return [str(error)]
    return list(tell_all(searches, Notices(tuple(filter(str.strip, hosts)), secret)))
