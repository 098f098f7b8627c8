"""harma data audit: find copies of images and captions, and say what to leave out of training.

Copies are equal files, equal pixels, or near: re-encoded, resized, slightly cropped, mirrored or
turned. They are looked for within and across splits and data sets.
"""

import argparse
from typing import TYPE_CHECKING

from harma.cli.argument_types import count, output_directory
from harma.cli.data.arguments import (
    add_several,
    add_workers,
    audited_sets,
    copies_progress_bars,
    show_table,
    with_commas,
)

if TYPE_CHECKING:
    from harma.curation.audit.audit import Audit

SUMMARY = "copies of images and captions, what to leave out"
EPILOG = """examples:
  harma data audit ucm --root data/ucm --output audit
  harma data audit rsitmd=data/rsitmd rsicd=data/rsicd --output audit
  harma train rsitmd_vit --data.root data/rsitmd --data.exclude audit/exclude_rsitmd.csv
writes to --output:
  exclude_NAME.csv     images to leave out: of copies, test stays before val before train,
                       of whatever data set
  audit.json           everything that was found
  pairs.html, .png     the pairs side by side; near copies are to be looked at
status: 0 no copy across splits, 1 there are some, 2 the audit could not be made"""
PAIRS_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    add_several(parser)
    parser.add_argument(
        "--output",
        type=output_directory,
        metavar="DIR",
        help="write lists, JSON and contact sheets",
    )
    parser.add_argument(
        "--exact-only", action="store_true", help="look for equal files and pixels only"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.82,  # THRESHOLD of the audit, which --help does not wait for
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
    from harma.curation.audit.exclusion import exclusions
    from harma.curation.audit.report import write_audit

    sets = audited_sets(args)
    with copies_progress_bars() as progress:
        result = audit(
            sets,
            near=not args.exact_only,
            threshold=args.threshold,
            num_workers=args.num_workers,
            progress=progress,
        )
    # Shown without --output too: an audit is often only a look.
    left_out = exclusions(result, within=args.within)
    _show(result)
    print(f"to leave out: {len(left_out):,} images")
    if args.output is not None:
        names = [audited.description.name for audited in sets]
        written = write_audit(args.output, names, result, left_out, most_pairs=args.most_pairs)
        print("written: " + ", ".join(map(str, written)))
    # As diff does, so that a script can stop where there are copies.
    return int(result.has_copies_across_splits)


def _show(result: "Audit") -> None:
    print(
        f"{len(result.images):,} images, {len(result.copies):,} pairs of copies in"
        f" {len(result.groups):,} groups"
    )
    _show_copies(result)
    _show_captions(result)
    _show_ceilings(result)


def _show_copies(result: "Audit") -> None:
    from harma.curation.audit.report import copy_table
    from harma.curation.audit.sheet import pairs_of

    rows = [[*names, *with_commas(*numbers)] for names, numbers in copy_table(result)]
    if rows:
        show_table(["images of", "and of", "same file", "same pixels", "near"], rows, left=2)
    # The pairs to worry about come first: across splits, near ones before equal files.
    for pair in pairs_of(result, PAIRS_SHOWN):
        print(f"  {pair.head}: {pair.names[0]} | {pair.names[1]}")
    num_more = len(result.copies) - PAIRS_SHOWN
    if num_more > 0:
        print(f"  and {num_more:,} more pairs (--output writes all)")


def _show_captions(result: "Audit") -> None:
    from harma.curation.audit.report import caption_table

    rows = [[*names, f"{number:,}"] for names, number in caption_table(result)]
    if rows:
        print("captions that images of both have, word for word:")
        show_table(["images of", "and of", "captions"], rows, left=2)


def _show_ceilings(result: "Audit") -> None:
    print("highest strict text-to-image recalls that identical captions allow:")
    rows = []
    for ceiling in result.ceilings:
        recalls = [f"{value:.1f}" for value in ceiling.ceilings.values()]
        counts = with_commas(ceiling.num_captions, ceiling.num_distinct)
        rows.append([f"{ceiling.data} {ceiling.split}", *counts, *recalls])
    show_table(["split", "captions", "distinct", "R@1", "R@5", "R@10"], rows)
