"""Look at a data set before training.

check: read the annotations of all splits and decode every image; list every problem at once, with file and row.
"""

import argparse
import json
from pathlib import Path

EPILOG = """examples:
  harma data check rsitmd --root data/rsitmd
  harma data check my_data.yaml --splits train val --json problems.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="find every problem at once", description="Find every problem at once.")
    check.add_argument("data", help="data set (rsitmd, rsicd, ucm) or the path of its description")
    check.add_argument("--root", help="the folder its files are in; default: the description's folder")
    check.add_argument("--images", help="the image folder, if not where the description says")
    check.add_argument("--splits", nargs="+", choices=("train", "val", "test"), help="default: all that are described")
    check.add_argument("--json", metavar="FILE", help="also write the problems as JSON")


def run(args: argparse.Namespace) -> int:
    """Check, list the problems, and say how many."""
    from rich.console import Console
    from rich.table import Table

    from harma.data.check import check_data
    from harma.data.description import load_description
    from harma.files import write_text

    description = load_description(args.data)
    root = args.root or (str(Path(args.data).parent) if Path(args.data).is_file() else ".")
    report = check_data(description, root, images=args.images, splits=args.splits, progress=True)
    if report.problems:
        table = Table("file", "row", "problem")
        for problem in report.problems:
            table.add_row(problem.file, problem.row, problem.what)
        Console().print(table)
    for split, (images, captions) in report.sizes.items():
        print(f"{split}: {images:,} images, {captions:,} captions")
    print(f"{len(report.problems):,} problems")
    if args.json:
        write_text(Path(args.json), json.dumps([vars(problem) for problem in report.problems], indent=2) + "\n")
    return 1 if report.problems else 0
