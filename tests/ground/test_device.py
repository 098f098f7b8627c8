"""Devices and cores."""

import os

import pytest
import threadpoolctl
import torch

from harma.errors import ConfigError
from harma.ground import device
from harma.ground.device import best_device, small_products, usable_cores


def test_a_device_is_taken_as_named_or_the_best_one():
    assert best_device("cpu") == torch.device("cpu")
    if torch.cuda.is_available():
        best = "cuda"
    elif torch.backends.mps.is_available():
        best = "mps"
    else:
        best = "cpu"
    assert best_device().type == best


@pytest.mark.parametrize("name", ["meta:x", "toaster", "cuda:99"])
def test_devices_that_are_not_there(name):
    with pytest.raises(ConfigError, match=f"the device '{name}' cannot be used: .") as caught:
        best_device(name)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_cores_are_those_this_process_may_use():
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert usable_cores() == len(allowed)


@pytest.mark.parametrize(("count", "cores"), [(6, 6), (None, 1)])
def test_cores_where_the_system_has_no_affinity(monkeypatch, count, cores):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    assert usable_cores() == cores


@pytest.mark.parametrize(
    ("cuda", "mps", "name"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_the_fastest_device_that_is_there(monkeypatch, cuda, mps, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert device._fastest() == name


def test_small_products_stay_on_one_thread_and_it_ends():
    def threads():
        info = threadpoolctl.threadpool_info()
        return [pool["num_threads"] for pool in info if pool["user_api"] == "blas"]

    before = threads()
    with small_products():
        assert set(threads()) <= {1}
    assert threads() == before
