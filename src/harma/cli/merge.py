"""Merge runs into a plain model: LoRA and other linear updates folded into the backbone, soups."""

import argparse

from harma.cli.argument_types import given_name, output_directory
from harma.ground.outputs import as_written

EPILOG = """examples:
  harma merge runs/lora --output merged               # as exact, and as fast as the backbone
  harma merge runs/lora_1 runs/lora_2 --output soup   # the mean of their updates
  harma merge runs/lora --scale 0.8 --output weaker   # between the backbone and the run

Merged are methods whose effect is a sum with the backbone's weights: lora, linear, bitfit, full.
The result is a model directory that harma, and open_clip as local-dir:DIR, read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "runs",
        type=given_name,
        nargs="+",
        metavar="RUN",
        help="run or adapter directories of one backbone",
    )
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        metavar="S",
        help="of the update: 1 as trained, 0 the bare backbone (default: 1)",
    )
    parser.add_argument(
        "--output", required=True, type=output_directory, metavar="DIR", help="where to write"
    )
    parser.add_argument(
        "--backbone",
        type=given_name,
        help="where the backbone is now, if not where the directories say; of whole models what"
        " they were trained from",
    )


def run(args: argparse.Namespace) -> int:
    """Merge and tell what was written."""
    from harma.model.fingerprint import model_id
    from harma.model.merge import merge_into

    model = merge_into(args.output, args.runs, scale=args.scale, backbone=args.backbone)
    merged = f"{len(args.runs)} runs" if len(args.runs) > 1 else "1 run"
    print(f"{merged} merged into {as_written(args.output)}, fingerprint {model_id(model)}")
    return 0
