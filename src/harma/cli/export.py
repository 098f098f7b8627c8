"""Export an adapter to another form: the released checkpoints of the original HarMA."""

import argparse

from harma.cli.argument_types import output_file
from harma.ground.outputs import as_written

EPILOG = """examples:
  harma export runs/a --format released --output harma.pth"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("what", metavar="DIR", help="a run or adapter directory")
    parser.add_argument(
        "--format", choices=("released",), default="released", help="the form to write"
    )
    parser.add_argument(
        "--output", required=True, type=output_file, metavar="FILE", help="where to write"
    )
    parser.add_argument(
        "--backbone", help="where the backbone is now, if not where the directory says"
    )


def run(args: argparse.Namespace) -> int:
    """Export and tell where to."""
    from harma.model.convert import export_released

    export_released(args.what, args.output, backbone=args.backbone)
    print(f"written to {as_written(args.output)}")
    return 0
