"""A method of the user's own through `harma train`: trained, resumed, opened, begun from."""

import importlib
from pathlib import Path

import pytest
import torch
from tests.training.runs import adapter_weights, last_state, stopped, tiny_values, trained

import harma
from harma.errors import ConfigError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "extend" / "method.md"


@pytest.fixture
def values(tiny_config, tiny_data, tmp_path, monkeypatch):
    """Recipes with the method of docs/extend/method.md, as the module `my_methods`."""
    code = PAGE.read_text().split("```python\n# my_methods.py\n")[1].split("```")[0]
    (tmp_path / "my_methods.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name, **changes):
        own = {"method": "my_methods.scale", "options": {"start": 1.0}, "adapter": {}}
        return tiny_values(tiny_config, tiny_data, tmp_path / name, **{**own, **changes})

    return make


def test_it_trains_resumes_and_opens(values, monkeypatch, tmp_path):
    whole = trained(values("whole"))
    with stopped(monkeypatch):
        trained(values("cut"))
    again = trained(values("cut"), resume=True)
    state = last_state(again)["model"]
    for name, tensor in last_state(whole)["model"].items():
        assert torch.equal(state[name], tensor), name
    scale = importlib.import_module("my_methods").scale
    assert harma.load(whole, method=scale).embed_texts(["a roof"]).shape == (1, 16)
    with pytest.raises(ConfigError, match="method is 'my_methods.scale'; allowed are harma"):
        harma.load(whole)
    first = {"backbone": f"local-dir:{whole / 'backbone'}", "init": str(whole)}
    second = trained(values("second", **first, optim={"lr": 1e-12}))
    weights = adapter_weights(second)
    for name, tensor in adapter_weights(whole).items():
        assert torch.allclose(weights[name], tensor, atol=1e-6), name


def test_what_is_wrong_with_it_is_named_before_anything_is_read(values, tmp_path):
    for changes, message in (
        ({"options": {"begin": 1}}, "method my_methods.scale has no option begin"),
        ({"options": {"start": -1.0}}, "start is -1.0; it must be above 0"),
        ({"method": "my_methods.gone"}, "method is 'my_methods.gone', which cannot be imported"),
        ({"method": "my_methods.ScaleConfig"}, "which is no harma.methods.table.Method"),
    ):
        with pytest.raises(ConfigError, match=message):
            trained(values("run", **changes))
        assert not (tmp_path / "run").exists()
