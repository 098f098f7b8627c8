"""Every peer of HarMA through `harma train`, from the command line to what a run leaves."""

import json

import pytest
import torch
import yaml
from tests.training.runs import adapter_weights, last_state, stopped, trained

import harma
from harma.cli import main
from harma.errors import ConfigError, WeightsError
from harma.methods.table import METHODS
from harma.model.saved import describe
from harma.training.recipe_files import recipe_from_dict

OPTIONS = {
    "mrs-adapter": {"bottleneck_dim": 8, "shared_dim": 8},
    "bottleneck": {"bottleneck_dim": 8},
    "lora": {"rank": 4},
}
PEERS = [name for name in METHODS if name != "harma"]


@pytest.fixture
def values(tiny_config, tiny_data, tmp_path):
    def make(method, name="run", **changes):
        return {
            "method": method,
            "backbone": tiny_config,
            "options": OPTIONS.get(method, {}),
            "data": {"name": str(tiny_data / "data.yaml"), "batch_size": 8, "num_workers": 0},
            "loss": {"terms": {"contrastive": 1.0}},
            "optim": {"lr": 1e-2},
            "train": {"epochs": 2, "accelerator": "cpu", "log_every": 1, "report": False},
            "output": str(tmp_path / name),
            **changes,
        }

    return make


@pytest.mark.parametrize("method", PEERS)
def test_a_run_trains_opens_and_tells_what_it_is(values, method, tmp_path, tiny_data, capsys):
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(values(method)))
    assert main(["train", str(tmp_path / "recipe.yaml")]) == 0
    run = tmp_path / "run"
    saved = json.loads((run / "best" / "adapter_config.json").read_text())
    assert saved["method"] == method
    assert OPTIONS.get(method, {}).items() <= saved["options"].items()
    weights = adapter_weights(run)
    assert sum(t.numel() for t in weights.values()) == saved["parameters"]["trained"]
    figures = json.loads((run / "metrics.json").read_text())["test"]
    model = harma.load(run)
    with model.without_adapters():
        assert model.backbone.weights_hash() == saved["backbone"]["weights_hash"]
    assert describe(run)["parameters"]["trained"] == model.num_parameters(trained=True)
    assert f"Method: {method}." in (run / "best" / "README.md").read_text()
    capsys.readouterr()
    assert main(["info", str(run)]) == 0
    assert method in capsys.readouterr().out
    assert main(["evaluate", str(run), "--device", "cpu", "--output", str(tmp_path / "again")]) == 0
    again = json.loads((tmp_path / "again" / "metrics.json").read_text())["test"]
    assert again["metrics"] == pytest.approx(figures["metrics"])
    assert again["metrics_without_adapters"] == pytest.approx(figures["metrics_without_adapters"])


@pytest.mark.parametrize("method", PEERS)
def test_resumed_it_ends_as_if_undisturbed(values, method, monkeypatch):
    whole = last_state(trained(values(method, "whole")))["model"]
    with stopped(monkeypatch):
        trained(values(method, "cut"))
    state = last_state(trained(values(method, "cut"), resume=True))["model"]
    assert whole.keys() == state.keys()
    assert all(torch.equal(whole[name], state[name]) for name in whole)


@pytest.mark.parametrize("method", PEERS)
def test_a_warm_start_goes_on_from_a_run_of_the_same_method(values, method):
    first = trained(values(method, "first"))
    later = {"backbone": f"local-dir:{first / 'backbone'}", "init": str(first)}
    second = trained(values(method, "second", **later, optim={"lr": 1e-12}))
    weights = adapter_weights(second)
    for name, tensor in adapter_weights(first).items():
        assert torch.allclose(weights[name], tensor, atol=1e-6), name
    other = "bitfit" if method != "bitfit" else "linear"
    with pytest.raises(
        ConfigError, match=f"was trained with method {method}; start with the same, not {other}"
    ):
        trained(values(other, "third", **later))


def test_a_resumed_run_whose_method_changed_is_refused(values):
    trained(values("lora"))
    with pytest.raises(WeightsError, match="does not fit the run's recipe"):
        trained({**values("lora"), "options": {"rank": 2}}, resume=True)


def test_options_of_another_kind_are_refused(values):
    with pytest.raises(ConfigError, match=r"which method full does not take"):
        recipe_from_dict({**values("full"), "options": {"rank": 4}})
    with pytest.raises(ConfigError, match="method lora has no option rnk"):
        trained({**values("lora"), "options": {"rnk": 4}})


def test_a_saved_method_that_is_not_known_is_refused(values):
    run = trained(values("bitfit"))
    path = run / "best" / "adapter_config.json"
    content = json.loads(path.read_text())
    for damage, message in (
        ({"method": "os.system"}, "method is 'os.system'; allowed are harma"),
        ({"method": 3}, "method is 3; it must be a name"),
        ({"method": "harma"}, "lacks adapter, the options of the method harma"),
        ({"options": {"rank": 1}}, "method bitfit has no option rank"),
    ):
        path.write_text(json.dumps({**content, **damage}))
        with pytest.raises(ConfigError, match=message):
            harma.load(run)
