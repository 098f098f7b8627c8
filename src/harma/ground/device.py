"""Devices that compute, and the cores that this process may use."""

import os
from typing import TYPE_CHECKING

from harma.errors import ConfigError

if TYPE_CHECKING:
    import torch


def usable_cores() -> int:
    """How many cores this process may use; a machine may have more, as in a container or a batch job."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def best_device(name: str = "auto") -> "torch.device":
    """The device a command runs on: as named, or the best this machine has.

    Raises:
        ConfigError: there is no such device.
    """
    import torch  # counting cores needs none

    if name == "auto":
        name = (
            "cuda"
            if torch.cuda.is_available()
            else "mps"
            if torch.backends.mps.is_available()
            else "cpu"
        )
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"the device {name!r} cannot be used: {str(error).splitlines()[0]}"
        ) from error
    return device
