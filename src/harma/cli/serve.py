"""Serve indexes over HTTP: the map page, the API, QGIS and other programs.

INDEX is the directory of an index, or NAME=DIRECTORY to say what it is called in addresses. Several
of one model that are given the same NAME are searched as one. Without --key-file or --trust-header
only this machine is served.
"""

import argparse
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

from harma.cli.argument_types import count, given_name, index_home, local_file, positive
from harma.cli.watch.telling import (
    add_telling_arguments,
    hosts_that_may_be_told,
    secret_file_of,
)

if TYPE_CHECKING:
    from harma.ground.storage.home import Home
    from harma.serve.settings import Limits, ServeSettings

EPILOG = """examples:
  harma serve archive --open
  harma serve archive coast=indexes/coast_2024 --port 8080
  harma serve world=years/2019 world=years/2020 years/2020
  harma serve archive --basemap "https://tiles.example.org/{z}/{x}/{y}.png"
  harma serve --make-key anna --key-file keys.txt
  harma serve archive --host 0.0.0.0 --key-file keys.txt --read-only
  harma serve archive --root-path /harma --trust-header X-Forwarded-User
status: 0 ended by Ctrl-C, 2 it could not be started"""

# Limits that have a flag: name of the field, what it bounds.
LIMITS = {
    "k": "hits of one answer",
    "kept_hits": "hits of a search that are kept for its pages",
    "text": "characters of a text",
    "examples": "examples of a search",
    "vertices": "corners of a polygon",
    "upload_bytes": "bytes of an uploaded picture",
    "upload_pixels": "pixels of an uploaded picture",
    "body_bytes": "bytes of any other request",
    "threads": "searches, and tiles, that are worked on at once",
    "waiting": "requests that wait; more get 503",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "indexes",
        nargs="*",
        type=named_index,
        metavar="INDEX",
        help="directory of an index, or NAME=DIRECTORY; those of one NAME are searched as one",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument(
        "--port", type=count, default=8000, help="port to listen on; 0 takes a free one (8000)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
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
    _add_page(parser.add_argument_group("the page"))
    _add_access(parser.add_argument_group("who may come in, and do what"))
    _add_proxies(parser.add_argument_group("behind a proxy"))
    _add_watches(parser.add_argument_group("watches"))
    _add_limits(parser.add_argument_group("limits"))


Group = argparse._ArgumentGroup


def _add_page(group: Group) -> None:
    group.add_argument(
        "--basemap",
        default="",
        metavar="ADDRESS",
        help="base map: tiles with {z}, {x} and {y}, or a WMS (land alone)",
    )
    group.add_argument("--attribution", default="", metavar="TEXT", help="of the base map")
    group.add_argument(
        "--frame-ancestor",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="may show the page in a frame; repeatable",
    )


def _add_access(group: Group) -> None:
    group.add_argument("--read-only", action="store_true", help="nothing is saved or marked")
    group.add_argument(
        "--key-file",
        type=local_file,
        metavar="FILE",
        help="holds the hashes of the keys that are taken, a line each",
    )
    group.add_argument(
        "--make-key",
        metavar="NAME",
        help="make a key of that name, show it once, add its hash to --key-file, and end",
    )
    group.add_argument(
        "--trust-header",
        default="",
        metavar="HEADER",
        help="header in which a trusted proxy names the person, such as X-Forwarded-User",
    )
    group.add_argument(
        "--origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="its pages may call the API; repeatable",
    )
    group.add_argument(
        "--metrics", action="store_true", help="give counters for Prometheus at /metrics"
    )
    group.add_argument(
        "--state",
        default="",
        metavar="PLACE",
        help="where saved searches are kept: a directory or postgresql://… (beside each index)",
    )


def _add_watches(group: Group) -> None:
    add_telling_arguments(group)
    group.add_argument(
        "--allow-notify",
        action="store_true",
        help="watches may tell addresses of mail and chat that clients name",
    )
    group.add_argument(
        "--no-watches", action="store_true", help="leave running watches to `harma watch run`"
    )


def _add_proxies(group: Group) -> None:
    group.add_argument(
        "--root-path",
        default="",
        metavar="PATH",
        help="path under which the proxy has the server, such as /harma",
    )
    group.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="address or network whose X-Forwarded headers are believed (127.0.0.1); repeatable",
    )
    group.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help="name under which the server is reached; others are refused (without keys, those of"
        " this machine are known); repeatable",
    )


def _add_limits(group: Group) -> None:
    from harma.serve.settings import Limits

    usual = Limits()
    for name, about in LIMITS.items():
        flag = f"--max-{name.replace('_', '-')}"
        shown = f"{about} ({getattr(usual, name):,})"
        group.add_argument(flag, type=positive, metavar="N", help=shown)


def run(args: argparse.Namespace) -> int:
    """Serve, or make a key."""
    from harma.errors import MissingDependencyError

    try:
        from harma.serve.running import run_server
    except ImportError as error:
        raise MissingDependencyError(
            f"a server needs {error.name}: pip install 'harma[serve]'"
        ) from error
    if args.make_key is not None:
        return _make_key(args)
    run_server(_settings(args), _say, opens_browser=args.open)
    return 0


def _say(line: str) -> None:
    # At once: who starts a server waits for these lines, also through a pipe.
    print(line, flush=True)


def _make_key(args: argparse.Namespace) -> int:
    from harma.errors import ConfigError
    from harma.ground.outputs import check_output_file
    from harma.serve.keys import make_key

    if args.key_file is None:
        raise ConfigError("--make-key needs --key-file FILE, where the key's hash is kept")
    check_output_file(args.key_file, "--key-file")
    key = make_key(args.key_file, args.make_key)
    print(key)
    print(f"the key of {args.make_key}, shown this once; its hash is in {args.key_file}")
    return 0


def _settings(args: argparse.Namespace) -> "ServeSettings":
    from harma.serve.settings import ServeSettings

    indexes, groups = indexes_and_groups(args.indexes)
    return ServeSettings(
        indexes=indexes,
        groups=groups,
        host=args.host,
        port=args.port,
        root_path=args.root_path.rstrip("/"),
        basemap=args.basemap,
        attribution=args.attribution,
        key_file=args.key_file,
        trust_header=args.trust_header,
        trusted_proxies=tuple(args.trusted_proxy) or ("127.0.0.1",),
        is_read_only=args.read_only,
        has_metrics=args.metrics,
        state=args.state,
        webhook_hosts=hosts_that_may_be_told(args),
        webhook_secret_file=secret_file_of(args),
        can_notify=args.allow_notify,
        runs_watches=not args.no_watches,
        hosts=tuple(args.name),
        origins=tuple(args.origin),
        frame_ancestors=tuple(args.frame_ancestor),
        model=args.model,
        backbone=args.backbone,
        limits=_limits(args),
    )


def _limits(args: argparse.Namespace) -> "Limits":
    """The limits that are given; the usual ones else."""
    from harma.serve.settings import Limits

    given = {}
    for declared in fields(Limits):
        value = getattr(args, f"max_{declared.name}")
        if value is not None:
            given[declared.name] = value
    return Limits(**given)


class NamedIndex(NamedTuple):
    """An index as it is given.

    Attributes:
        name: in addresses.
        place: its directory or address.
        is_said: whether somebody gave the name; else it is that of the folder.
    """

    name: str
    place: "Home"
    is_said: bool


def named_index(text: str) -> NamedIndex:
    """An index as it is given: its name in addresses, and its directory."""
    from harma.serve.index_names import name_of

    name, sign, place = text.partition("=")
    # A path may hold the sign too.
    if sign and "/" not in name:
        return NamedIndex(name, index_home(place), is_said=True)
    home = index_home(text)
    return NamedIndex(name_of(home), home, is_said=False)


def indexes_and_groups(
    named: Sequence[NamedIndex],
) -> tuple[dict[str, "Home"], dict[str, tuple["Home", ...]]]:
    """Id → directory of indexes, and id → directories of those that are searched as one.

    Args:
        named: as they are given.

    Raises:
        ConfigError: two have one name that nobody gave both of them.
    """
    from harma.errors import ConfigError

    by_name: dict[str, list[NamedIndex]] = {}
    for index in named:
        by_name.setdefault(index.name, []).append(index)
    indexes = {}
    groups = {}
    for name, those in by_name.items():
        if len(those) == 1:
            indexes[name] = those[0].place
        elif all(index.is_said for index in those):
            groups[name] = tuple(index.place for index in those)
        else:
            raise ConfigError(
                f"two indexes are called {name}, {those[0].place} and {those[1].place}; give"
                f" NAME=DIRECTORY, or {name}=DIRECTORY for each to search them as one"
            )
    return indexes, groups
