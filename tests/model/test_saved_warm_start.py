"""Warm starts: adapters that a run begins with."""

import pytest
import torch
from tests.training.runs import adapter_weights, tiny_values, trained

from harma.errors import ConfigError


@pytest.fixture
def make_values(tiny_config, tiny_data, tmp_path):
    def make(name, **changes):
        return tiny_values(tiny_config, tiny_data, tmp_path / name, **changes)

    return make


def test_warm_start_begins_with_the_adapters_of_a_run(make_values):
    first = trained(make_values("first"))
    changes = {"backbone": f"local-dir:{first / 'backbone'}", "init": str(first)}
    second = trained(make_values("second", **changes, optim={"lr": 1e-12}))
    weights = adapter_weights(second)
    for name, tensor in adapter_weights(first).items():
        assert torch.allclose(weights[name], tensor, atol=1e-6), name


def test_a_warm_start_with_other_options_is_refused(make_values):
    first = trained(make_values("first", train={"epochs": 1}))
    same = {"bottleneck_dim": 16, "num_heads": 2, "text_attention": "causal"}
    changes = {"backbone": f"local-dir:{first / 'backbone'}", "init": str(first)}
    for other, message in (
        (
            {"text_attention": "full"},
            r"have text_attention causal \(here full\); start with the same options",
        ),
        ({"variant": "released"}, r"have variant document \(here released\)"),
        ({"num_heads": 4}, r"have num_heads 2 \(here 4\)"),
    ):
        with pytest.raises(ConfigError, match=message):
            trained(make_values("second", **changes, adapter={**same, **other}))
