"""Methods by name and by dotted path: one of a user's own, in a file outside the package."""

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from tests.methods.adapted import PEERS, adapted, embeddings, perturbed, same
from torch import nn

from harma.backbones import load_backbone
from harma.errors import ConfigError
from harma.methods.bottleneck import BottleneckConfig, attach_bottleneck
from harma.methods.table import (
    METHODS,
    Method,
    find_method,
    make_config,
    method_of,
    own_method,
)
from harma.model.fingerprint import model_id
from harma.model.model import HarMA
from harma.model.saved import describe, load, save_adapter, warm_start

PAGE = Path(__file__).resolve().parents[2] / "docs" / "extend" / "method.md"
OF_USER = """
from my_scale import ScaleConfig, attach_scale, scale
from harma.methods.table import Method
from dataclasses import dataclass

@dataclass(frozen=True)
class Other(ScaleConfig):
    pass

@dataclass(frozen=True)
class Orphan:
    pass

@dataclass(frozen=True)
class Needing:
    width: int

other = Method(Other, attach_scale)
needing = Method(Needing, attach_scale)
borrowed = Method(ScaleConfig, attach_scale)
number = 3
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The method of docs/extend/method.md as the module `my_scale`; others in `my_others`."""
    code = PAGE.read_text().split("```python\n# my_methods.py\n")[1].split("```")[0]
    (tmp_path / "my_scale.py").write_text(code)
    (tmp_path / "my_others.py").write_text(OF_USER)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("my_scale")
    for name in ("my_scale", "my_others"):
        sys.modules.pop(name, None)


def opened(config, tmp_path):
    """A backbone that can be opened again."""
    torch.manual_seed(0)
    load_backbone(config).save(tmp_path / "backbone")
    return load_backbone(f"local-dir:{tmp_path / 'backbone'}")


@pytest.mark.parametrize("method", METHODS)
def test_a_built_in_is_found_by_its_options(method):
    config = make_config(method, {})
    assert method_of(config) == method
    assert find_method(method) is METHODS[method]
    assert own_method(method) is None


@pytest.mark.parametrize("kind", ["clip", "dual"])
def test_a_method_of_ones_own_is_attached_saved_loaded_and_warm_started(
    request, kind, own, tmp_path, pixels
):
    config = request.getfixturevalue("tiny_config" if kind == "clip" else "tiny_dual")
    backbone = opened(config, tmp_path)
    digest = backbone.weights_hash()
    bare = embeddings(HarMA(backbone).eval(), pixels)
    model = HarMA(backbone, make_config("my_scale.scale", {"start": 2.0})).eval()
    assert model.adapters == own.ScaleConfig(start=2.0)
    assert method_of(model.adapters) == "my_scale.scale"
    widths = [p.numel() for p in model.trained_parameters().values()]
    per_block = {"clip": [32] * 4, "dual": [16, 16, 32, 32, 32]}[kind]
    assert sorted(widths) == sorted([*per_block, *per_block, 1])
    perturbed(model)
    changed = embeddings(model, pixels)
    assert not same(changed, bare)
    with model.without_adapters():
        assert same(embeddings(model, pixels), bare)
    assert backbone.weights_hash() == digest

    save_adapter(model, tmp_path / "saved")
    assert describe(tmp_path / "saved")["method"] == "my_scale.scale"
    again = load(tmp_path / "saved", method=own.scale)
    assert same(embeddings(again, pixels), changed)
    assert model_id(again) == model_id(model)

    other = HarMA(opened(config, tmp_path), own.ScaleConfig(start=2.0)).eval()
    warm_start(other, tmp_path / "saved")
    assert same(embeddings(other, pixels), changed)
    fresh = HarMA(opened(config, tmp_path), own.ScaleConfig(start=3.0))
    with pytest.raises(ConfigError, match=r"have start 2.0 \(here 3.0\); start with the same"):
        warm_start(fresh, tmp_path / "saved")


def test_gradients_reach_it_alone(own, tiny_config, pixels):
    model = perturbed(HarMA(load_backbone(tiny_config), own.ScaleConfig()))
    I, T, temperature = model(pixels, model.tokenize(["a", "b", "c"]))
    ((I * T).sum() / temperature + (I * T.flip(0))[:, 0].sum()).backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name


def test_code_is_never_taken_from_a_saved_model(own, tiny_config, tmp_path):
    model = HarMA(opened(tiny_config, tmp_path), own.ScaleConfig())
    save_adapter(model, tmp_path / "saved")
    sys.modules.pop("my_scale")
    (tmp_path / "my_scale.py").write_text("raise SystemExit('the code of a saved model was run')")
    with pytest.raises(
        ConfigError,
        match=r"method is 'my_scale.scale'; allowed are harma, .* harma.load\(\.\.\., method",
    ):
        load(tmp_path / "saved")
    peer = adapted(opened(tiny_config, tmp_path), "bitfit")
    with pytest.raises(
        ConfigError, match="trained with method my_scale.scale; start with the same"
    ):
        warm_start(peer, tmp_path / "saved")


def test_a_warm_start_with_the_options_of_another_method_is_refused(own, tiny_config, tmp_path):
    save_adapter(HarMA(opened(tiny_config, tmp_path), own.ScaleConfig()), tmp_path / "saved")
    other = HarMA(opened(tiny_config, tmp_path), make_config("my_others.other", {}))
    with pytest.raises(ConfigError, match="with the same, not my_others.other"):
        warm_start(other, tmp_path / "saved")


def test_fingerprints_tell_methods_of_the_same_options_apart(own, tiny_config):
    prints = []
    for name in ("my_scale.scale", "my_others.other"):
        torch.manual_seed(0)
        prints.append(model_id(HarMA(load_backbone(tiny_config), make_config(name, {}))))
    assert prints[0] != prints[1]


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("lora", {"rnk": 4}, "method lora has no option rnk; allowed are rank, alpha"),
        ("bitfit", {"rank": 4}, "method bitfit has no option rank; allowed are none"),
        ("prompt", {}, "method is 'prompt'; allowed are harma, linear"),
        ("my_scale.scales", {}, r"method is 'my_scale.scales', which cannot be imported"),
        ("my_others.number", {}, r"is no harma.methods.table.Method\(config, attach\)"),
        ("my_scale.scale", {"begin": 1}, "method my_scale.scale has no option begin; allowed are"),
        ("my_scale.scale", {"start": 0}, "start is 0; it must be above 0"),
        ("my_others.needing", {}, "method my_others.needing needs the option width"),
        (
            "my_others.borrowed",
            {},
            "has the options ScaleConfig, which are those of my_scale.scale; give it a class",
        ),
    ],
)
@pytest.mark.usefixtures("own")
def test_unusable_methods_and_options_are_named(method, options, message):
    with pytest.raises(ConfigError, match=message):
        make_config(method, options)


@dataclass(frozen=True)
class Orphan:
    """Options that no method has."""


def test_options_without_a_method_beside_them_are_named(tiny_config):
    with pytest.raises(ConfigError, match=r"write my_method = Method\(Orphan, attach_my_method\)"):
        HarMA(load_backbone(tiny_config), Orphan())


def test_options_of_a_built_in_cannot_be_used_for_a_method_of_ones_own():
    with pytest.raises(ConfigError, match="which are those of bottleneck; give it a class"):
        make_config(Method(BottleneckConfig, attach_bottleneck), {})


@pytest.mark.parametrize("method", PEERS)
def test_an_adapter_class_belongs_to_harma(tiny_config, method):
    with pytest.raises(ConfigError, match=f"only HarMA's adapters take; the method is {method}"):
        HarMA(load_backbone(tiny_config), make_config(method, {}), adapter_class=nn.Identity)


def test_the_options_that_nobody_stated():
    plain = {name: vars(make_config(name, {})) for name in METHODS if name != "harma"}
    assert {name: options for name, options in plain.items() if options} == {
        "clip-adapter": {"ratio": 0.2, "reduction": 4},
        "bottleneck": {"bottleneck_dim": 64},
        "lora": {"rank": 8, "alpha": 16},
        "mrs-adapter": {"bottleneck_dim": 64, "shared_dim": 64, "dropout": 0.5},
    }
