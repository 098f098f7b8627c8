"""Devices, processes and precision of a run."""

from types import SimpleNamespace

import pytest
from lightning_fabric.utilities.exceptions import MisconfigurationException

from harma.errors import ConfigError
from harma.methods.harma.config import AdapterConfig
from harma.training import devices
from harma.training.recipe import LossConfig, OptimConfig, Recipe, TrainConfig

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
    monkeypatch.setattr(devices, "Fabric", lambda **options: seen.update(options))
    for name in ("TORCHELASTIC_RUN_ID", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    devices.make_fabric(TrainConfig(**{"accelerator": "cpu", **train}))
    return seen


def processes(*args, **options):
    asked = asked_for(*args, **options)
    return asked["devices"], asked["num_nodes"]


def test_the_recipe_says_how_many(monkeypatch):
    assert processes(monkeypatch, {}) == (1, 1)
    assert processes(monkeypatch, {}, devices=3) == (3, 1)


def test_torchrun_says_how_many(monkeypatch):
    assert processes(monkeypatch, TORCHRUN) == (2, 3)
    assert processes(monkeypatch, TORCHRUN, num_nodes=7) == (2, 3)


def test_slurm_says_how_many(monkeypatch):
    assert processes(monkeypatch, SLURM) == (4, 2)
    for name in ("SLURM_NTASKS", "SLURM_NNODES"):
        monkeypatch.delenv(name, raising=False)
    assert processes(monkeypatch, {"SLURM_PROCID": "0"}) == (1, 1)
    assert processes(monkeypatch, {"SLURM_PROCID": "0", "SLURM_NTASKS": "2"}) == (2, 1)
    alone = {**SLURM, "SLURM_NTASKS": "1"}
    assert processes(monkeypatch, alone) == (1, 1), "an allocation alone starts nothing"


@pytest.mark.parametrize(
    ("precision", "fabrics"),
    [
        ("float32", "32-true"),
        ("bf16", "bf16-mixed"),
        ("float64", "64-true"),
        ("bf16_weights", "32-true"),
        ("auto", "32-true"),
    ],
)
def test_precisions_have_fabrics_names(monkeypatch, precision, fabrics):
    assert asked_for(monkeypatch, {}, precision=precision)["precision"] == fabrics


def test_half_precision_needs_a_gpu(monkeypatch):
    with pytest.raises(ConfigError, match="fp16, which needs a GPU; on a CPU use float32 or bf16"):
        asked_for(monkeypatch, {}, precision="fp16")
    asked = asked_for(monkeypatch, {}, precision="fp16", accelerator="cuda")
    assert (asked["accelerator"], asked["precision"]) == ("gpu", "16-mixed")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert asked_for(monkeypatch, {}, precision="fp16", accelerator="auto")["accelerator"] == "auto"


def test_several_machines_need_a_launcher(monkeypatch):
    message = r"train\.num_nodes is 2; several machines are started by torchrun or SLURM"
    with pytest.raises(ConfigError, match=message):
        asked_for(monkeypatch, {}, num_nodes=2)


def test_more_devices_than_there_are(monkeypatch):
    def refuse(**_):
        raise MisconfigurationException("only one GPU")

    monkeypatch.setattr(devices, "Fabric", refuse)
    with pytest.raises(ConfigError, match="with 4 devices: only one GPU"):
        devices.make_fabric(TrainConfig(devices=4))


@pytest.mark.parametrize(("has_bf16", "fabrics"), [(True, "bf16-mixed"), (False, "32-true")])
def test_auto_is_bf16_on_a_gpu_that_has_it(monkeypatch, has_bf16, fabrics):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda: has_bf16)
    on_gpu = asked_for(monkeypatch, {}, precision="auto", accelerator="auto")
    assert on_gpu["precision"] == fabrics
    on_cpu = asked_for(monkeypatch, {}, precision="auto", accelerator="cpu")
    assert on_cpu["precision"] == "32-true"


@pytest.mark.parametrize(
    ("is_quicker", "options", "expected"),
    [
        (True, {"precision": "auto"}, "bf16_weights"),
        (False, {"precision": "auto"}, "float32"),
        # A compiled model cannot make views of itself.
        (True, {"precision": "auto", "compile": True}, "float32"),
        (False, {"precision": "bf16_weights"}, "bf16_weights"),
        (True, {"precision": "float32"}, "float32"),
    ],
)
def test_what_frozen_weights_are_computed_in(monkeypatch, is_quicker, options, expected):
    monkeypatch.setattr(devices, "bf16_is_quicker", lambda: is_quicker)
    train = TrainConfig(accelerator="cpu", **options)
    assert devices.step_precision(train, devices.make_fabric(train)) == expected


@pytest.mark.parametrize(
    ("options", "device", "processes", "expected"),
    [
        ({}, "cuda", 1, True),
        ({"cuda_graphs": False}, "cuda", 1, False),
        ({"gradient_checkpointing": True}, "cuda", 1, False),
        ({}, "cuda", 2, False),
        ({}, "cpu", 1, False),
        ({}, "mps", 1, False),
    ],
)
def test_where_steps_are_recorded(options, device, processes, expected):
    fabric = SimpleNamespace(world_size=processes, device=SimpleNamespace(type=device))
    assert devices.records_steps(Recipe(train=TrainConfig(**options)), fabric) is expected


@pytest.mark.parametrize(
    "own",
    [
        {"method": "mine.Method"},
        {"adapter": AdapterConfig(adapter="mine.Adapter")},
        {"optim": OptimConfig(name="mine.Optimiser")},
        {"loss": LossConfig(terms={"contrastive": 1.0, "mine.loss": 1.0})},
    ],
)
def test_steps_of_plug_ins_are_not_recorded(own):
    """They may do something else in every step, which a recording would not."""
    fabric = SimpleNamespace(world_size=1, device=SimpleNamespace(type="cuda"))
    assert devices.records_steps(Recipe(), fabric)
    assert not devices.records_steps(Recipe(**own), fabric)
