"""Images that a command line names, and their embeddings; how what was found for each is printed."""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harma.cli.argument_types import count, positive
from harma.cli.device import add_device_argument, add_precision_argument, load_on_device
from harma.ground.device import usable_cores
from harma.ground.progress import progress_bars

if TYPE_CHECKING:
    from harma.model.embedding_files import EmbeddedFiles
    from harma.model.model import HarMA

FORMATS = ("table", "json", "csv")


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, and how it runs."""
    parser.add_argument(
        "model", metavar="MODEL", help="run, adapter or model directory, preset, open_clip name"
    )
    parser.add_argument(
        "--backbone", help="where the model's backbone is now, if not where it says"
    )
    add_device_argument(parser)
    add_precision_argument(parser)
    parser.add_argument("--batch-size", type=positive, default=64, help="images at once (64)")
    parser.add_argument(
        "--num-workers",
        type=count,
        default=min(8, usable_cores() - 1),
        help="processes that decode",
    )
    parser.add_argument(
        "--skip-unreadable", action="store_true", help="list images that cannot be read, and go on"
    )


def find_images(named: Sequence[str]) -> list[Path]:
    """Image files, each once: files; folders with everything below; globs; lists (.txt, .csv).

    Raises:
        MissingFileError: something named is not there.
        ConfigError: an address is named.
    """
    from harma.errors import ConfigError
    from harma.scenes.sources import find_sources

    sources = find_sources(named)
    remote = next((source.name for source in sources if source.opened_as.startswith("/vsi")), None)
    if remote is not None:
        raise ConfigError(
            f"{remote} is an address; images are read from files (`harma index build` reads"
            " addresses)"
        )
    return [Path(source.opened_as) for source in sources]


def shown(path: Path) -> str:
    """A path as it is printed: from here, if it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def open_model(args: argparse.Namespace) -> "HarMA":
    """The model of `add_model_arguments`, where it runs."""
    return load_on_device(args.model, args.backbone, args.device, args.precision)


def embed_named(
    args: argparse.Namespace, model: "HarMA", paths: Sequence[Path], **options: Any
) -> "EmbeddedFiles":
    """Embed image files with a bar; those that are left out are listed on the error stream."""
    from harma.model.embedding_files import embed_files

    with progress_bars() as told:
        embedded = embed_files(
            model,
            paths,
            batch_size=args.batch_size,
            num_workers=args.num_workers,
            skip_unreadable=args.skip_unreadable,
            progress=lambda done, total: told("images", done, total),
            **options,
        )
    if embedded.problems:
        listed = "".join(f"\n  {problem}" for problem in embedded.problems.values())
        print(
            f"{len(embedded.problems):,} images cannot be read and are left out:{listed}",
            file=sys.stderr,
        )
    return embedded


def print_found(images: Sequence[dict[str, Any]], key: str, chosen: str) -> None:
    """Print what was found for images, in a format of `FORMATS`.

    Args:
        images: for each what is known of it (`image`, `label`), and under `key` the list of what
            was found, best first.
        key: such as "classes".
        chosen: the format.
    """
    if chosen == "json":
        print(json.dumps(images, indent=2))
        return
    rows = [
        {**{name: value for name, value in image.items() if name != key}, "rank": rank, **found}
        for image in images
        for rank, found in enumerate(image[key], 1)
    ]
    if chosen == "csv":
        writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return
    _print_table(rows)


def _print_table(rows: Sequence[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, padding=(0, 1))
    for name in rows[0]:
        is_text = isinstance(rows[0][name], str)
        table.add_column(
            "" if name == "rank" else name, overflow="fold", justify="left" if is_text else "right"
        )
    for row in rows:
        cells = {
            name: f"{value:.3f}" if isinstance(value, float) else str(value)
            for name, value in row.items()
        }
        if row["rank"] > 1:
            cells["image"] = ""
        # As text: names may hold what rich takes for markup.
        table.add_row(*(Text(cell) for cell in cells.values()))
    Console().print(table)
