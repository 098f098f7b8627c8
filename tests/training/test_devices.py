"""Devices and processes of a run."""

import pytest

from harma.errors import ConfigError
from harma.training import build
from harma.training.recipe import Recipe, TrainConfig

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "1",
    "LOCAL_WORLD_SIZE": "2",
    "WORLD_SIZE": "6",
    "RANK": "3",
    "LOCAL_RANK": "1",
}
SLURM = {"SLURM_PROCID": "1", "SLURM_NTASKS": "8", "SLURM_NNODES": "2"}


def asked_for(monkeypatch, environment, **train):
    """What Fabric is asked for."""
    seen = {}
    monkeypatch.setattr(build, "Fabric", lambda **options: seen.update(options))
    for name in ("TORCHELASTIC_RUN_ID", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    build.make_fabric(Recipe(train=TrainConfig(accelerator="cpu", **train)))
    return seen["devices"], seen["num_nodes"]


def test_the_recipe_says_how_many(monkeypatch):
    assert asked_for(monkeypatch, {}) == (1, 1)
    assert asked_for(monkeypatch, {}, devices=3) == (3, 1)


def test_torchrun_says_how_many(monkeypatch):
    assert asked_for(monkeypatch, TORCHRUN) == (2, 3)


def test_slurm_says_how_many(monkeypatch):
    assert asked_for(monkeypatch, SLURM) == (4, 2)
    assert asked_for(monkeypatch, {**SLURM, "SLURM_NTASKS": "1"}) == (1, 1), (
        "an allocation alone starts nothing"
    )


def test_several_machines_need_a_launcher(monkeypatch):
    with pytest.raises(
        ConfigError,
        match=r"train\.num_nodes is 2; several machines are started by torchrun or SLURM",
    ):
        asked_for(monkeypatch, {}, num_nodes=2)


def test_more_devices_than_there_are(monkeypatch):
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    def refuse(**_):
        raise MisconfigurationException("only one GPU")

    monkeypatch.setattr(build, "Fabric", refuse)
    with pytest.raises(ConfigError, match="with 4 devices: only one GPU"):
        build.make_fabric(Recipe(train=TrainConfig(devices=4)))
