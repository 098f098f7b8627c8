"""Verbs that answer about image files: the model's flags, a bar, answers as table, JSON or CSV."""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harma.cli.argument_types import given_name, positive, worker_count
from harma.cli.device import add_device_argument, add_precision_argument, open_on_device
from harma.ground.device import usable_cores
from harma.ground.progress import progress_bars

if TYPE_CHECKING:
    from harma.model.image_files import EmbeddedFiles
    from harma.model.opened import OpenedModel

ANSWER_FORMATS = ("table", "json", "csv")
MOST_WORKERS = 8
Cells = dict[str, str | float | int]
"""Name of a column → what stands there."""


@dataclass(frozen=True)
class ImageAnswers:
    """What was found for an image.

    Attributes:
        image: its name, as printed.
        answers: what was found, best first.
        label: what it shows; None: nobody says.
    """

    image: str
    answers: Sequence[Cells]
    label: str | None = None

    def known(self) -> Cells:
        """What is known of the image itself."""
        if self.label is None:
            return {"image": self.image}
        return {"image": self.image, "label": self.label}


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, and how it runs."""
    parser.add_argument(
        "model",
        type=given_name,
        metavar="MODEL",
        help="run, adapter, model or exported directory, preset, open_clip name",
    )
    parser.add_argument(
        "--backbone",
        type=given_name,
        help="where the model's backbone is now, if not where it says",
    )
    add_device_argument(parser)
    add_precision_argument(parser)
    parser.add_argument("--batch-size", type=positive, default=64, help="images at once (64)")
    parser.add_argument(
        "--num-workers",
        type=worker_count,
        # A core stays for the model.
        default=min(MOST_WORKERS, usable_cores() - 1),
        help="processes that decode",
    )
    parser.add_argument(
        "--skip-unreadable", action="store_true", help="list images that cannot be read, and go on"
    )


def add_answer_format(parser: argparse.ArgumentParser) -> None:
    """How answers are printed."""
    parser.add_argument("--format", choices=ANSWER_FORMATS, default="table", help="(table)")


def shown(path: Path) -> str:
    """A path as it is printed: from here, if it lies below."""
    if path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def open_model(args: argparse.Namespace) -> "OpenedModel":
    """The model of `add_model_arguments`, where it runs."""
    return open_on_device(args.model, args.backbone, args.device, args.precision)


def embed_named(
    args: argparse.Namespace,
    model: "OpenedModel",
    paths: Sequence[Path],
    *,
    dtype: Literal["float16", "float32"] = "float32",
) -> "EmbeddedFiles":
    """Embed image files with a bar; those that are left out are listed on the error stream."""
    from harma.model.image_files import embed_files

    with progress_bars() as told:
        embedded = embed_files(
            model,
            paths,
            dtype=dtype,
            batch_size=args.batch_size,
            num_workers=args.num_workers,
            skip_unreadable=args.skip_unreadable,
            progress=lambda done, total: told("images", done, total),
        )
    # Not on the output, which may be a file or another program.
    if embedded.problems:
        listed = "".join(f"\n  {problem}" for problem in embedded.problems.values())
        print(
            f"{len(embedded.problems):,} images cannot be read and are left out:{listed}",
            file=sys.stderr,
        )
    return embedded


def print_answers(images: Sequence[ImageAnswers], key: str, chosen: str) -> None:
    """Print what was found for images.

    Args:
        images: what was found for each.
        key: what the answers are called in JSON, such as "classes".
        chosen: one of `ANSWER_FORMATS`.
    """
    if chosen == "json":
        content = [{**image.known(), key: image.answers} for image in images]
        print(json.dumps(content, indent=2))
        return
    rows: list[Cells] = []
    for image in images:
        for rank, answer in enumerate(image.answers, 1):
            rows.append({**image.known(), "rank": rank, **answer})
    if chosen == "csv":
        writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return
    _print_table(rows)


def _print_table(rows: Sequence[Cells]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, padding=(0, 1))
    for name, value in rows[0].items():
        heading = "" if name == "rank" else name
        side: Literal["left", "right"] = "left" if isinstance(value, str) else "right"
        table.add_column(heading, overflow="fold", justify=side)
    for row in rows:
        cells = {name: _in_cell(value) for name, value in row.items()}
        # An image is named once, beside its best answer.
        if row["rank"] != 1:
            cells["image"] = ""
        # As text: names may hold what rich takes for markup.
        table.add_row(*(Text(cell) for cell in cells.values()))
    Console().print(table)


def _in_cell(value: str | float | int) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
