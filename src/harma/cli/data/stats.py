"""harma data stats: what a data set is made of. Captions are cleaned, but not cut at 30 words."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harma.cli.data.arguments import add_data, add_workers, data_and_root, progress_bar, show_table

if TYPE_CHECKING:
    from harma.curation.stats import DataStats, SplitStats

SUMMARY = "images, captions, words, labels, copies, sizes"
EPILOG = """examples:
  harma data stats ucm --root data/ucm
  harma data stats my_data.yaml --splits train val --json stats.json --picture stats.png"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    add_data(parser)
    add_workers(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all numbers as JSON")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="also draw the distributions, a PNG"
    )


def run(args: argparse.Namespace) -> int:
    """Count, show, write."""
    from harma.curation.stats import data_stats, stats_record
    from harma.errors import ConfigError
    from harma.ground.files import write_json

    if args.picture is not None and args.picture.suffix.lower() != ".png":
        raise ConfigError(
            f"the picture is called {args.picture.name}; it is a PNG: give it a name that ends in"
            " .png"
        )
    description, root = data_and_root(args.data, args.root)
    with progress_bar("reading images") as progress:
        stats = data_stats(
            description,
            root,
            splits=args.splits,
            images=Path(args.images) if args.images else None,
            num_workers=args.num_workers,
            progress=progress,
        )
    _show(stats)
    if args.json is not None:
        write_json(args.json, stats_record(stats))
        print(f"written: {args.json}")
    if args.picture is not None:
        from harma.curation.stats_picture import draw_stats

        draw_stats(stats, args.picture)
        print(f"written: {args.picture}")
    return 0


def _show(stats: "DataStats") -> None:
    names = [
        "images",
        "captions",
        "captions of an image",
        "distinct captions",
        "captions shared by images",
        "words of a caption",
        "distinct words",
        "labels",
        "images of a label",
        "sizes of images",
        "groups of equal files",
        "left out as empty",
    ]
    columns = [_column(split) for split in stats.splits]
    show_table(
        ["", *(split.split for split in stats.splits)], list(zip(names, *columns, strict=True))
    )
    print(f"distinct words in all: {stats.vocabulary:,}")
    print(
        "frequent words: " + ", ".join(f"{word} {count:,}" for word, count in stats.top_words[:12])
    )
    for group in stats.equal_files:
        print(f"the same file in several splits: {', '.join(group)}")


def _column(split: "SplitStats") -> list[str]:
    mean = split.num_words / max(1, split.num_captions)
    distinct = (
        f"{split.num_distinct:,} ({100 * split.num_distinct / max(1, split.num_captions):.1f} %)"
    )
    shared = f"{split.num_shared:,} ({100 * split.num_shared / max(1, split.num_captions):.1f} %)"
    sizes = [f"{width}×{height}" for width, height in split.image_sizes]
    return [
        f"{split.num_images:,}",
        f"{split.num_captions:,}",
        _range(list(split.captions_per_image)),
        distinct,
        shared,
        f"{_range(list(split.caption_lengths))}, mean {mean:.1f}",
        f"{split.vocabulary:,}",
        f"{len(split.labels):,}" if split.labels else "none",
        _range(list(split.labels.values())),
        ", ".join(sizes[:2]) + (f" and {len(sizes) - 2:,} more" if len(sizes) > 2 else ""),
        f"{len(split.equal_files):,}",
        f"{split.num_dropped:,}",
    ]


def _range(values: list[int]) -> str:
    if not values:
        return ""
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
