"""Choosing the engine of a build by its options: `--engine local` or `--engine ray`."""

from collections.abc import Iterator
from contextlib import contextmanager

from harma.index.engines.engine import Engine
from harma.index.engines.local import LocalEngine
from harma.index.engines.ray_cluster import connected
from harma.index.engines.ray_engine import RayEngine
from harma.index.options import WorkOptions


@contextmanager
def chosen_engine(options: WorkOptions) -> Iterator[Engine]:
    """The engine that options name, connected for the length of the block.

    Raises:
        ConfigError: the cluster does not answer.
        MissingDependencyError: Ray is not installed.
    """
    if options.engine == "local":
        yield LocalEngine()
        return
    with connected(options.address) as ray:
        yield RayEngine(
            ray,
            num_workers=options.workers,
            num_readers=options.num_workers,
            device=options.device,
        )
