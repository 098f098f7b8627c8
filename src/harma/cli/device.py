"""The device and the precision that a command embeds with."""

import argparse
from typing import TYPE_CHECKING

from harma.model.precision import ANY_PRECISIONS, AnyPrecision

if TYPE_CHECKING:
    from harma.model.model import HarMA
    from harma.model.opened import OpenedModel


def add_device_argument(parser: argparse.ArgumentParser) -> None:
    """Where the model runs."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")


def add_precision_argument(parser: argparse.ArgumentParser) -> None:
    """In which numbers the model computes, for verbs that embed many images.

    Figures of models are float32's.
    """
    parser.add_argument(
        "--precision",
        choices=ANY_PRECISIONS,
        help=(
            "of the computation (float32, or that of an exported model); bf16 embeds images several"
            " times as fast on recent GPUs, and twice as fast on CPUs that have it, where it is"
            " bf16_weights; int8 needs an exported model (harma export)"
        ),
    )


def load_on_device(what: str, backbone: str | None, device: str) -> "HarMA":
    """What `harma.load` opens, on the device that the arguments name."""
    from harma.ground.device import best_device
    from harma.model.saved import load

    return load(what, backbone=backbone).to(best_device(device))


def open_on_device(
    what: str, backbone: str | None, device: str, precision: AnyPrecision | None = None
) -> "OpenedModel":
    """A model, or an exported one, on the device and in the precision that the arguments name."""
    from harma.model.opened import open_at_work

    return open_at_work(what, backbone=backbone, device=device, precision=precision)
