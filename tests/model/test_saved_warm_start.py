"""Warm starts: adapters that a run begins with."""

import pytest
import torch
from safetensors.torch import load_file
from tests.training.runs import trained

from harma.errors import ConfigError


def test_warm_start_begins_with_the_adapters_of_a_run(make_recipe):
    first = trained(make_recipe("first"))
    backbone = f"local-dir:{first / 'backbone'}"
    second = trained(make_recipe("second", backbone=backbone, init=str(first), optim={"lr": 1e-12}))
    a, b = (load_file(run / "best" / "adapter_model.safetensors") for run in (first, second))
    assert all(torch.allclose(a[name], b[name], atol=1e-6) for name in a)


def test_a_warm_start_with_other_options_is_refused(make_recipe):
    first = trained(make_recipe("first", train={"epochs": 1}))
    backbone = f"local-dir:{first / 'backbone'}"
    for changes, message in (
        (
            {"text_attention": "full"},
            r"have text_attention causal \(here full\); start with the same options",
        ),
        ({"variant": "released"}, r"have variant document \(here released\)"),
    ):
        adapter = {"bottleneck_dim": 16, "num_heads": 2, "text_attention": "causal", **changes}
        with pytest.raises(ConfigError, match=message):
            trained(make_recipe("second", backbone=backbone, init=str(first), adapter=adapter))
