"""The device that computes (cuda, mps, cpu), and the cores and threads this process may use."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harma.errors import ConfigError
from harma.ground.messages import first_line

if TYPE_CHECKING:
    import torch


def usable_cores() -> int:
    """How many cores this process may use.

    A machine may have more: a container or a batch job is given some of them.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def small_products() -> Iterator[None]:
    """Within, numpy computes each matrix product on the thread that asks for it.

    For many small ones, made by threads of our own: a library that divides each among all cores
    waits for them longer than it computes (twenty times as long, measured on two busy cores).
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield


def best_device(name: str = "auto") -> "torch.device":
    """The device a command runs on: as named, or the best this machine has.

    Raises:
        ConfigError: there is no such device.
    """
    import torch  # counting cores needs none

    if name == "auto":
        name = _fastest()
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"the device {name!r} cannot be used: {first_line(error)}") from error
    return device


def _fastest() -> str:
    """The fastest kind of device that is there."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"
