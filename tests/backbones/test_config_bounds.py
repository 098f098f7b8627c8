"""Bounds on stated models: their numbers, and how many weights they ask for."""

import json
import shutil

import pytest
import torch
from tests.conftest import TINY

import harma
from harma.backbones import load_backbone
from harma.backbones.config_bounds import (
    ROOM,
    WeightsCounted,
    check_numbers,
    counted,
    counted_beside,
)
from harma.errors import ConfigError
from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA
from harma.model.saved import save_with_backbone


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (
            {"a": {"layers": 10**21}},
            "it: a.layers is more than any model has; allowed are 10,000,000",
        ),
        ({"a": {"layers": 513}}, r"it: a.layers is 513; allowed are 512 \(set HARMA_MAX_LAYERS"),
        ({"depths": [2, 10**6]}, "depths is 1,000,000; allowed are 512"),
        ({"num_hidden_layers": 10_000}, "num_hidden_layers is 10,000"),
        ({"width": -(10**400)}, "width is more than any model has"),
        ({"width": float("nan")}, "width is nan; it must be a finite number"),
        ({"a": [{"b": float("inf")}]}, "a.b is inf"),
        ({"window_size": 200}, "window_size is 200; it may be 64 at most"),
        ({"image_size": [224, 10_000]}, "image_size is 10,000; it may be 8,192"),
        ({"a": list(range(1001))}, "a is a list of 1,001; at most 1,000"),
    ],
)
def test_numbers_that_no_model_has(config, problem):
    with pytest.raises(ConfigError, match=problem):
        check_numbers(config, "it")


def test_depth_is_bounded():
    config = 1
    for _ in range(500):
        config = {"a": config}
    with pytest.raises(ConfigError, match="lies too deep"):
        check_numbers(config, "it")


def test_numbers_that_models_have():
    check_numbers(
        {"layers": 48, "width": 1664, "vocab_size": 256_206, "x": None, "y": "1e30"}, "it"
    )
    check_numbers({"layers": True, "eps": 1e-12, "depths": (2, 2, 18, 2)}, "it")


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.empty(10, 11),
        lambda: torch.zeros((10, 11)),
        lambda: torch.randn(size=(10, 11)),
        lambda: torch.full((10, 11), 1.0),
        lambda: torch.nn.Linear(10, 11, bias=False),
        lambda: torch.nn.Embedding(10, 11),
    ],
)
def test_weights_are_counted_before_they_are_there(make):
    with WeightsCounted(110, "it", "why"):
        make()
    with (
        pytest.raises(ConfigError, match="^it asks for more than 109 numbers, why$"),
        WeightsCounted(109, "it", "why"),
    ):
        make()


def test_what_is_allowed(tmp_path, monkeypatch):
    file = tmp_path / "w.pt"
    file.write_bytes(bytes(100))
    assert counted([file], "it")._allowed == ROOM + 100
    assert counted_beside({"a": torch.ones(3, 4)}, "it", "w")._allowed == ROOM + 12
    monkeypatch.setenv("HARMA_MAX_PARAMETERS", "7")
    assert counted([], "it")._allowed == 7


def test_a_config_beside_small_weights_allocates_nothing(model, tmp_path):
    shutil.copytree(model[1], tmp_path / "m")
    file = tmp_path / "m/open_clip_config.json"
    content = json.loads(file.read_text())
    content["model_cfg"]["text_cfg"]["vocab_size"] = 9_000_000
    file.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="config and weights do not belong together"):
        harma.load(tmp_path / "m")


def test_a_config_without_weights_is_bounded(monkeypatch):
    monkeypatch.setenv("HARMA_MAX_PARAMETERS", "100000")
    with pytest.raises(
        ConfigError, match=r"asks for more than 100,000 numbers, of which allowed are"
    ):
        load_backbone(TINY)


def test_adapters_are_as_large_as_their_weights(tmp_path):
    config = AdapterConfig(bottleneck_dim=16, num_heads=2, text_attention="causal")
    save_with_backbone(HarMA(load_backbone(TINY), config), tmp_path / "a")
    file = tmp_path / "a/adapter_config.json"
    content = json.loads(file.read_text())
    content["adapter"]["bottleneck_dim"] = 16_000_000
    file.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r"a: the adapter asks for more than .* do not belong"):
        harma.load(tmp_path / "a")
