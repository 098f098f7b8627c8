"""A Ray cluster as a build sees it."""

import sys
from types import SimpleNamespace

import pytest

from harma.errors import ConfigError, MissingDependencyError
from harma.index.engines.ray_cluster import Crewing, connected, crewing


@pytest.mark.parametrize(
    ("cpus", "gpus", "asked", "readers", "expected"),
    [
        (16, 0, None, None, Crewing(16, 0, 1, 0)),
        (16, 0, None, 3, Crewing(4, 3, 4, 0)),
        (16, 0, 5, None, Crewing(5, 0, 1, 0)),
        (1, 0, None, 3, Crewing(1, 3, 4, 0)),
        (64, 8, None, None, Crewing(8, 7, 8, 1)),
        (64, 2, None, None, Crewing(2, 8, 9, 1)),
        (2, 2, None, None, Crewing(2, 0, 1, 1)),
        (64, 8, 12, 3, Crewing(12, 3, 4, 0.5)),
        (64, 8, 4, 3, Crewing(4, 3, 4, 1)),
        (64, 1, 3, 3, Crewing(3, 3, 4, 1 / 3)),
    ],
)
def test_cores_and_gpus_are_shared_among_workers(cpus, gpus, asked, readers, expected):
    assert crewing(cpus, gpus, asked, readers) == expected


def test_no_cluster_there_is_told(monkeypatch):
    def init(**said):
        raise ConnectionError(f"nothing at {said['address']}")

    stand_in = SimpleNamespace(is_initialized=lambda: False, init=init)
    monkeypatch.setitem(sys.modules, "ray", stand_in)
    expected = r"no Ray cluster answers at auto \(nothing at auto\).*ray start --head.*ray://HOST"
    with pytest.raises(ConfigError, match=expected), connected("auto"):
        pass


def test_ray_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(MissingDependencyError, match=r"harma\[cluster\]"),
        connected("local"),
    ):
        pass
