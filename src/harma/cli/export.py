"""Export a model: for an engine that embeds faster and needs no torch, or as the original's files.

onnx and openvino write a directory that `embed`, `index build`, `search` and `serve` take in place
of the model: CLIP models of open_clip, bare or with HarMA's adapters. Its embeddings are compared
with the model's own; while the least cosine is 0.999 or more they count as the model's, and search
the indexes that were made with it. released writes the checkpoint of the original HarMA.
"""

import argparse
from typing import TYPE_CHECKING

from harma.cli.argument_types import given_name, output_place
from harma.ground.outputs import as_written

if TYPE_CHECKING:
    from pathlib import Path

    from harma.model.exported.facts import ExportFacts

EPILOG = """examples:
  harma export runs/a --format openvino --output a-openvino
  harma export runs/a --format openvino --precision int8 --calibrate photos/ --output a-int8
  harma export runs/a --format onnx --precision int8 --output a-onnx
  harma search archive "a stadium" --model a-onnx
  harma export runs/a --format released --output harma.pth"""
FORMATS = ("released", "onnx", "openvino")
PRECISIONS = ("float32", "bf16", "int8")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "what",
        type=given_name,
        metavar="MODEL",
        help="run, adapter or model directory, preset, open_clip name",
    )
    parser.add_argument("--format", choices=FORMATS, default="released", help="(released)")
    parser.add_argument(
        "--output",
        required=True,
        type=output_place,
        metavar="PLACE",
        help="where to write: a directory, or of released a file",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="of the products (float32); bf16 is openvino's alone",
    )
    parser.add_argument(
        "--calibrate",
        type=given_name,
        nargs="+",
        metavar="IMAGE",
        help=(
            "pictures like those that will be embedded: file, folder, glob, or list (.txt, .csv);"
            " int8 for openvino needs them"
        ),
    )
    parser.add_argument(
        "--captions",
        metavar="FILE",
        help=(
            "captions like those that will be embedded: one per line, a JSON list, or annotations"
            " (those the model keeps)"
        ),
    )
    parser.add_argument(
        "--backbone",
        type=given_name,
        help="where the backbone is now, if not where the directory says",
    )


def run(args: argparse.Namespace) -> int:
    """Export and tell where to."""
    if args.format == "released":
        return _released(args)
    from harma.data.caption_lists import read_texts
    from harma.ground.progress import progress_bars
    from harma.model.exported.writing import ExportOrder, check_replaceable, export_model
    from harma.model.image_files import find_images
    from harma.model.saved import load

    check_replaceable(args.output)
    order = ExportOrder(
        engine=args.format,
        precision=args.precision or "float32",
        images=find_images(args.calibrate) if args.calibrate else (),
        captions=read_texts(args.captions) if args.captions else (),
    )
    model = load(args.what, backbone=args.backbone)
    with progress_bars() as told:
        facts = export_model(
            model,
            args.what,
            args.output,
            order,
            progress=lambda done, total: told("exporting", done, total),
        )
    _tell(args.output, facts)
    return 0


def _released(args: argparse.Namespace) -> int:
    from harma.errors import ConfigError
    from harma.ground.outputs import check_output_file
    from harma.model.convert import export_released

    given = {"--precision": args.precision, "--calibrate": args.calibrate}
    for flag, value in {**given, "--captions": args.captions}.items():
        if value is not None:
            raise ConfigError(f"{flag} belongs to --format onnx or openvino, not to released")
    check_output_file(args.output)
    export_released(args.what, args.output, backbone=args.backbone)
    print(f"written to {as_written(args.output)}")
    return 0


def _tell(directory: "Path", facts: "ExportFacts") -> None:
    """Print how large an export is, and how near to the model."""
    from harma.model.exported.facts import LEAST_COSINE, told_cosines

    size = sum(about["bytes"] for about in facts.files.values())
    print(f"written to {directory}: {facts.told}, {size / 1e6:,.0f} MB")
    own = " and ".join(facts.probe["own"])
    whose = f"your {own}" if own else "drawn scenes and the model's captions"
    print(
        f"{told_cosines(facts)} to the model in float32, on {facts.probe['images']} images and"
        f" {facts.probe['captions']} captions ({whose})"
    )
    if facts.model_id == facts.source_id:
        print(f"at least {LEAST_COSINE}: it searches the indexes of the model ({facts.model_id})")
        return
    print(
        f"below {LEAST_COSINE}: it counts as another model ({facts.model_id}), with indexes of its"
        " own"
    )
