"""harma data audit: find copies of images and identical captions, and say what to leave out of training.

Copies are equal files, equal pixels, or near: re-encoded, resized, slightly cropped, mirrored or
turned. They are looked for within and across splits and data sets.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harma.cli.argument_types import count
from harma.cli.data.arguments import add_several, add_workers, show_table, sources
from harma.ground.progress import progress_bars

if TYPE_CHECKING:
    from harma.curation.audit.audit import Audit

SUMMARY = "copies of images and captions, what to leave out"
EPILOG = """examples:
  harma data audit ucm --root data/ucm --output audit
  harma data audit rsitmd=data/rsitmd rsicd=data/rsicd --output audit
  harma train rsitmd_vit --data.root data/rsitmd --data.exclude audit/exclude_rsitmd.csv
writes to --output:
  exclude_NAME.csv     images to leave out: of copies, test stays before val before train, of whatever data set
  audit.json           everything that was found
  pairs.html, .png     the pairs side by side; near copies are to be looked at
status: 0 no copy across splits, 1 there are some, 2 the audit could not be made"""
SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    add_several(parser)
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="write lists, JSON and contact sheets"
    )
    parser.add_argument(
        "--exact-only", action="store_true", help="look for equal files and pixels only"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.82,
        metavar="T",
        help="agreement of details from which two images are copies, 0 to 1 (0.82)",
    )
    parser.add_argument(
        "--within",
        action="store_true",
        help="also leave out copies inside a split, for joint training: one stays",
    )
    parser.add_argument(
        "--most-pairs", type=count, default=400, metavar="N", help="pairs on the sheets (400)"
    )
    add_workers(parser)


def run(args: argparse.Namespace) -> int:
    """Audit, show, write."""
    from harma.curation.audit.audit import audit
    from harma.curation.audit.exclusion import exclusions, write_exclusions
    from harma.curation.audit.report import as_json
    from harma.curation.audit.sheet import write_sheets
    from harma.ground.files import write_json

    data = sources(args)
    with progress_bars() as advance:
        found = audit(
            data,
            near=not args.exact_only,
            threshold=args.threshold,
            num_workers=args.num_workers,
            progress=(partial(advance, "reading images"), partial(advance, "comparing")),
        )
    left_out = exclusions(found, within=args.within)
    _show(found)
    print(f"to leave out: {len(left_out):,} images")
    if args.output is not None:
        written = write_exclusions(
            args.output, [source.description.name for source in data], left_out
        )
        write_json(args.output / "audit.json", as_json(found, left_out))
        written += [
            args.output / "audit.json",
            *write_sheets(args.output, found, most=args.most_pairs),
        ]
        print("written: " + ", ".join(str(path) for path in written))
    return 1 if any(_sides_differ(found, group) for group in found.groups) else 0


def _sides_differ(found: "Audit", group: tuple[int, ...]) -> bool:
    return len({found.images[i].split for i in group}) > 1


def _show(found: "Audit") -> None:
    from harma.curation.audit.report import caption_table, copy_table
    from harma.curation.audit.sheet import pairs_of

    rows = [
        [*names, *(f"{number:,}" for number in numbers)] for names, numbers in copy_table(found)
    ]
    print(
        f"{len(found.images):,} images, {len(found.copies):,} pairs of copies in"
        f" {len(found.groups):,} groups"
    )
    if rows:
        show_table(["images of", "and of", "same file", "same pixels", "near"], rows, left=2)
    for pair in pairs_of(found, SHOWN):
        print(f"  {pair.head}: {pair.names[0]} | {pair.names[1]}")
    if len(found.copies) > SHOWN:
        print(f"  and {len(found.copies) - SHOWN:,} more pairs (--output writes all)")
    captions = [[*names, f"{number:,}"] for names, number in caption_table(found)]
    if captions:
        print("captions that images of both have, word for word:")
        show_table(["images of", "and of", "captions"], captions, left=2)
    print("highest strict text-to-image recalls that identical captions allow:")
    show_table(
        ["split", "captions", "distinct", "R@1", "R@5", "R@10"],
        [
            [
                f"{c.data} {c.split}",
                f"{c.num_captions:,}",
                f"{c.num_distinct:,}",
                *(f"{value:.1f}" for value in c.ceilings.values()),
            ]
            for c in found.ceilings
        ],
    )
