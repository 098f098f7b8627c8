"""harma data stats: what a data set is made of. Captions are cleaned, but not cut at 30 words."""

import argparse
from collections.abc import Collection
from typing import TYPE_CHECKING

from harma.cli.argument_types import output_file
from harma.cli.data.arguments import (
    add_data,
    add_workers,
    data_and_root,
    images_option,
    show_table,
)
from harma.ground.outputs import as_written
from harma.ground.progress import progress_bar

if TYPE_CHECKING:
    from harma.curation.stats import DataStats, SplitStats

SUMMARY = "images, captions, words, labels, copies, sizes"
EPILOG = """examples:
  harma data stats ucm --root data/ucm
  harma data stats my_data.yaml --splits train val --json stats.json --picture stats.png"""

WORDS_SHOWN = 12
SIZES_SHOWN = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    add_data(parser)
    add_workers(parser)
    parser.add_argument(
        "--json", type=output_file, metavar="FILE", help="also write all numbers as JSON"
    )
    parser.add_argument(
        "--picture", type=output_file, metavar="FILE", help="also draw the distributions, a PNG"
    )


def run(args: argparse.Namespace) -> int:
    """Count, show, write."""
    from harma.curation.stats import data_stats, stats_record
    from harma.curation.stats_picture import check_picture_name, draw_stats
    from harma.ground.files import write_json

    if args.picture is not None:
        # Now, not after all images were read.
        check_picture_name(args.picture)
    description, root = data_and_root(args.data, args.root)
    with progress_bar("reading images") as progress:
        stats = data_stats(
            description,
            root,
            splits=args.splits,
            images=images_option(args),
            num_workers=args.num_workers,
            progress=progress,
        )
    _show(stats)
    if args.json is not None:
        write_json(args.json, stats_record(stats))
        print(f"written: {as_written(args.json)}")
    if args.picture is not None:
        draw_stats(stats, args.picture)
        print(f"written: {as_written(args.picture)}")
    return 0


def _show(stats: "DataStats") -> None:
    columns = [_column(split) for split in stats.splits]
    names = list(columns[0])
    headings = ["", *(split.split for split in stats.splits)]
    rows = list(zip(names, *(column.values() for column in columns), strict=True))
    show_table(headings, rows)
    print(f"distinct words in all: {stats.vocabulary:,}")
    words = [f"{word} {count:,}" for word, count in stats.top_words[:WORDS_SHOWN]]
    print(f"frequent words: {', '.join(words)}")
    for group in stats.equal_files:
        print(f"the same file in several splits: {', '.join(group)}")


def _column(split: "SplitStats") -> dict[str, str]:
    """What the table says of a split, row by row."""
    mean_words = split.num_words / max(1, split.num_captions)
    return {
        "images": f"{split.num_images:,}",
        "captions": f"{split.num_captions:,}",
        "captions of an image": _range(split.captions_per_image),
        "distinct captions": _with_share(split.num_distinct, split.num_captions),
        "captions shared by images": _with_share(split.num_shared, split.num_captions),
        "words of a caption": f"{_range(split.caption_lengths)}, mean {mean_words:.1f}",
        "distinct words": f"{split.vocabulary:,}",
        "labels": f"{len(split.labels):,}" if split.labels else "none",
        "images of a label": _range(split.labels.values()),
        "sizes of images": _sizes(split),
        "groups of equal files": f"{len(split.equal_files):,}",
        "left out as empty": f"{split.num_dropped:,}",
    }


def _with_share(number: int, total: int) -> str:
    return f"{number:,} ({100 * number / max(1, total):.1f} %)"


def _sizes(split: "SplitStats") -> str:
    sizes = [f"{width}×{height}" for width, height in split.image_sizes]
    shown = ", ".join(sizes[:SIZES_SHOWN])
    if len(sizes) > SIZES_SHOWN:
        shown += f" and {len(sizes) - SIZES_SHOWN:,} more"
    return shown


def _range(values: Collection[int]) -> str:
    if not values:
        return ""
    low = min(values)
    high = max(values)
    if low == high:
        return f"{low:,}"
    return f"{low:,}–{high:,}"
