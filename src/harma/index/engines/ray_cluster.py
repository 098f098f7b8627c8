"""A Ray cluster as a build sees it: connecting to it, quietly, and what its machines have."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harma.errors import ConfigError, MissingDependencyError
from harma.ground.messages import first_line

# Readers that feed a model on a GPU: more of them wait for the disk.
MOST_READERS = 8
# Said before Ray is imported: nothing is sent to its makers.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Ray's module, connected to a cluster for the length of the block.

    Args:
        address: "auto" finds the one that this machine is part of, "local" starts one on it;
            else host:port or ray://host:port.

    Raises:
        ConfigError: there is none.
        MissingDependencyError: Ray is not installed.
    """
    ray = _ray()
    # A program that is connected already stays so.
    if ray.is_initialized():
        yield ray
        return
    further: dict[str, Any] = {}
    if address == "local":
        further["include_dashboard"] = False
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **further)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"no Ray cluster answers at {address} ({first_line(error)}). This machine must be part"
            " of it (`ray start --head`, or `ray start --address HOST:6379`); from outside name it"
            " as ray://HOST:10001 (--address)"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _ray() -> Any:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise MissingDependencyError(
            "--engine ray needs Ray: pip install 'harma[cluster]'"
        ) from error
    return ray


@dataclass(frozen=True)
class Crewing:
    """How many workers there are, and what each of them is given.

    Attributes:
        num_workers: in all.
        num_readers: processes that read, of each.
        num_cpus: of each.
        num_gpus: of each; less than 1 where several share one.
    """

    num_workers: int
    num_readers: int
    num_cpus: int
    num_gpus: float


def crewing(cpus: float, gpus: float, num_workers: int | None, num_readers: int | None) -> Crewing:
    """Share the cores and GPUs of a cluster among workers.

    A GPU is fed by several readers. Without one, a worker that reads for itself keeps its core
    busy; readers are for scenes that come slowly.

    Args:
        cpus: of the cluster.
        gpus: of the cluster.
        num_workers: asked for; None is one for each GPU, or as many as the cores allow.
        num_readers: asked for, of each worker; None is as the cluster allows.
    """
    if num_readers is None:
        num_readers = 0
        if gpus:
            num_readers = min(MOST_READERS, max(0, int(cpus / gpus) - 1))
    num_cpus = 1 + num_readers
    if num_workers is None:
        num_workers = int(gpus or cpus / num_cpus)
    num_workers = max(1, num_workers)
    num_gpus = 0.0
    if gpus:
        # Of a third and a third and a third, all fit on one GPU.
        num_gpus = 1 / max(1, math.ceil(num_workers / gpus))
    return Crewing(num_workers, num_readers, num_cpus, num_gpus)
