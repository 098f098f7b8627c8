"""The device and the precision that a command embeds with."""

import argparse
from typing import TYPE_CHECKING

from harma.model.precision import PRECISIONS, Precision

if TYPE_CHECKING:
    from harma.model.model import HarMA


def add_device_argument(parser: argparse.ArgumentParser) -> None:
    """Where the model runs."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")


def add_precision_argument(parser: argparse.ArgumentParser) -> None:
    """In which numbers the model computes, for verbs that embed many images.

    Figures of models are float32's.
    """
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="float32",
        help=(
            "of the computation (float32); bf16 embeds images several times as fast on recent GPUs,"
            " slower on a CPU; bf16_weights on CPUs with instructions for bfloat16"
        ),
    )


def load_on_device(
    what: str, backbone: str | None, device: str, precision: Precision = "float32"
) -> "HarMA":
    """What `harma.load` opens, on the device and in the precision that the arguments name."""
    from harma.ground.device import best_device
    from harma.model.saved import load

    model = load(what, backbone=backbone).to(best_device(device))
    model.precision = precision
    return model
