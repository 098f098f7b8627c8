"""The device and the precision that a command embeds with."""

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harma.model import HarMA


def add_device_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the model runs, and in which numbers."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    parser.add_argument(
        "--precision", choices=("float32", "bf16", "fp16"), default="float32",
        help="of the computation; bf16 is several times faster on a GPU (float32)",
    )  # fmt: skip


def load_on_device(what: str, backbone: str | None, args: argparse.Namespace) -> "HarMA":
    """What `harma.load` opens, on the device and in the precision of the arguments."""
    from harma.saved import load
    from harma.training.build import best_device

    options: dict[str, Any] = {"precision": args.precision}
    return load(what, backbone=backbone, **options).to(best_device(args.device))
