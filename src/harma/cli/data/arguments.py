"""What the actions of `harma data` share: naming a data set, progress, tables."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harma.cli.argument_types import given_name, thread_count
from harma.ground.device import usable_cores
from harma.ground.progress import Advance, progress_bars

if TYPE_CHECKING:
    from harma.curation.audit.audit import AuditedSet
    from harma.data.description import DataDescription


def add_data(parser: argparse.ArgumentParser, *, splits: bool = True) -> None:
    """DATA, --root, --images and --splits."""
    parser.add_argument(
        "data",
        type=given_name,
        metavar="DATA",
        help="data set (rsitmd, rsicd, ucm) or the path of its description",
    )
    parser.add_argument(
        "--root",
        type=given_name,
        metavar="DIR",
        help="the folder its files are in; default: the description's folder",
    )
    parser.add_argument(
        "--images",
        type=given_name,
        metavar="DIR",
        help="the image folder, if not where the description says",
    )
    if splits:
        add_splits(parser)


def add_several(parser: argparse.ArgumentParser) -> None:
    """DATA[=DIR] …, --root, --images and --splits."""
    parser.add_argument(
        "data",
        type=given_name,
        metavar="DATA[=DIR]",
        nargs="+",
        help=(
            "data sets (rsitmd, rsicd, ucm, or the paths of descriptions), each with the folder of"
            " its files"
        ),
    )
    parser.add_argument(
        "--root", type=given_name, metavar="DIR", help="the folder of a single data set's files"
    )
    parser.add_argument(
        "--images", type=given_name, metavar="DIR", help="the image folder of a single data set"
    )
    add_splits(parser)


def add_splits(parser: argparse.ArgumentParser) -> None:
    """--splits."""
    parser.add_argument(
        "--splits",
        nargs="+",
        metavar="SPLIT",
        choices=("train", "val", "test"),
        help="default: all that are described",
    )


def add_workers(parser: argparse.ArgumentParser) -> None:
    """--num-workers."""
    parser.add_argument(
        "--num-workers",
        type=thread_count,
        default=usable_cores(),
        metavar="N",
        help="threads",
    )


def data_and_root(data: str, root: str | None) -> "tuple[DataDescription, Path]":
    """A data set's description, and the folder of its files.

    Raises:
        ConfigError: the folder is not said, or the data set is not known.
    """
    from harma.data.description import folder_of_description, load_description
    from harma.errors import ConfigError

    # First the name: of a data set that does not exist no folder is asked for.
    description = load_description(data)
    folder = folder_of_description(data) if root is None else Path(root)
    if folder is None:
        raise ConfigError(
            f"--root is not given; name the folder that holds {data}'s files: --root DIR"
        )
    return description, folder


def audited_sets(args: argparse.Namespace) -> "list[AuditedSet]":
    """The data sets of `add_several`.

    Raises:
        ConfigError: several data sets have one --root or --images, or one has none.
    """
    from harma.curation.audit.audit import AuditedSet
    from harma.errors import ConfigError

    if len(args.data) > 1 and (args.root or args.images):
        raise ConfigError(
            "--root and --images are of a single data set; of several, write DATA=DIR for each"
        )
    # A folder after "=" is that of this data set alone; --root is for a single one.
    sets = []
    for named in args.data:
        data, _, root = named.partition("=")
        description, folder = data_and_root(data, root or args.root)
        splits = tuple(args.splits or ())
        sets.append(AuditedSet(description, folder, images_option(args), splits))
    return sets


def images_option(args: argparse.Namespace) -> Path | None:
    """--images as a path; None: where the description says."""
    return Path(args.images) if args.images else None


@contextmanager
def copies_progress_bars() -> Iterator[tuple[Advance, Advance, Advance]]:
    """A bar for each of three things that are done one after the other to find copies."""
    with progress_bars() as told:
        yield (
            partial(told, "reading images"),
            partial(told, "comparing images"),
            partial(told, "comparing in detail"),
        )


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> None:
    """A table; the first `left` columns are text, the others numbers."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE, padding=(0, 1))
    for index, heading in enumerate(headings):
        table.add_column(
            heading,
            justify="left" if index < left else "right",
            overflow="fold",
            # A single column of names is the key of a row: it stays whole.
            no_wrap=left == 1 and index == 0,
        )
    for row in rows:
        table.add_row(*row)
    # Captions and names may hold what rich takes for markup.
    Console(markup=False, highlight=False, soft_wrap=False).print(table)


def with_commas(*numbers: int) -> list[str]:
    """Numbers as a table shows them."""
    return [f"{number:,}" for number in numbers]
