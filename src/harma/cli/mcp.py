"""Tools for assistants (Model Context Protocol): search an archive, look at chips, marks, watches.

The assistant's program starts this command and talks to it over standard input and output. INDEX is
the directory of an index, or NAME=DIRECTORY; several that are given one NAME are searched as one.
Nothing is changed unless --write is given.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from harma.cli.argument_types import given_name
from harma.cli.opened import add_state_argument
from harma.cli.serve import indexes_and_groups, named_index

if TYPE_CHECKING:
    from harma.serve.settings import ServeSettings

EPILOG = """examples:
  harma mcp archive
  harma mcp coast=indexes/coast_2024 inland=indexes/inland_2024 --write
in the settings of an assistant:
  {"mcpServers": {"harma": {"command": "harma", "args": ["mcp", "/data/archive"]}}}
status: 0 the client has ended, 2 it could not be started"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "indexes",
        nargs="+",
        type=named_index,
        metavar="INDEX",
        help="directory of an index, or NAME=DIRECTORY",
    )
    parser.add_argument(
        "--write", action="store_true", help="searches may be saved, marked and watched"
    )
    add_state_argument(parser)
    parser.add_argument(
        "--model", type=given_name, help="where the model is now, if not where the indexes say"
    )
    parser.add_argument(
        "--backbone",
        type=given_name,
        help="where the model's backbone is now, if not where it says",
    )


def run(args: argparse.Namespace) -> int:
    """Serve tools until the client ends."""
    from harma.errors import MissingDependencyError

    try:
        from harma.serve.mcp import serve_stdio
    except ImportError as error:
        raise MissingDependencyError(
            f"tools for assistants need {error.name}: pip install 'harma[mcp]'"
        ) from error
    from harma.serve.service import Service
    from harma.serve.settings_checks import check_serve_settings
    from harma.serve.state_check import check_state

    settings = _settings(args)
    check_serve_settings(settings)
    service = Service.of(settings)
    check_state(service, _say)
    serve_stdio(service, may_write=args.write)
    return 0


def _say(line: str) -> None:
    # What goes to standard output is the protocol's.
    print(line, file=sys.stderr, flush=True)


def _settings(args: argparse.Namespace) -> "ServeSettings":
    from harma.serve.mcp import ASSISTANT_LIMITS
    from harma.serve.settings import ServeSettings

    indexes, groups = indexes_and_groups(args.indexes)
    return ServeSettings(
        indexes=indexes,
        groups=groups,
        is_read_only=not args.write,
        state=args.state,
        model=args.model,
        backbone=args.backbone,
        limits=ASSISTANT_LIMITS,
    )
