"""HarMA's adapters, attached: where they sit, which they share, what a warm start may change."""

import pytest
import torch
from tests.methods.adapted import TEXTS, perturbed
from tests.methods.reference import clip_block, stirred

from harma.backbones import load_backbone
from harma.errors import ConfigError
from harma.methods.harma.attach import attach, detach, shared_index, sites
from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA
from harma.model.saved import save_adapter, warm_start

SMALL = {"bottleneck_dim": 16, "num_heads": 2}


@pytest.fixture
def saved(tiny_config, tmp_path):
    """A function that makes a model of a backbone on disk."""
    load_backbone(tiny_config).save(tmp_path / "backbone")

    def make(**options):
        backbone = load_backbone(f"local-dir:{tmp_path / 'backbone'}")
        return HarMA(backbone, AdapterConfig(**{**SMALL, **options}))

    return make


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("num_heads", 4),  # weights of the same shapes, which other heads would read otherwise
        ("variant", "released"),
        ("text_attention", "causal"),
        ("shared_towers", ()),
        ("bottleneck_dim", 32),
        ("adapter", "tests.methods.harma.test_attach.Twin"),
    ],
)
def test_a_warm_start_with_other_options_is_refused(saved, tmp_path, option, value):
    model = perturbed(saved())
    save_adapter(model, tmp_path / "a")
    other = saved(**{option: value})
    before = {name: tensor.clone() for name, tensor in other.adapter_state().items()}
    with pytest.raises(ConfigError, match=rf"have {option} .*; start with the same options"):
        warm_start(other, tmp_path / "a")
    assert all(torch.equal(t, before[name]) for name, t in other.adapter_state().items())


@pytest.mark.parametrize("option", [{"gate_init": 0.1}, {"train_gates": False}])
def test_a_warm_start_may_start_gates_elsewhere_and_fix_them(saved, tmp_path, option):
    model = perturbed(saved())
    save_adapter(model, tmp_path / "a")
    other = saved(**option)
    warm_start(other, tmp_path / "a")
    state = model.adapter_state()
    assert all(torch.equal(t, state[name]) for name, t in other.adapter_state().items())


def Twin(width, *, bottleneck_dim, num_heads, gate_init):
    """An adapter of the same weights by another path."""
    from harma.methods.harma.modules import Adapter

    return Adapter(width, bottleneck_dim=bottleneck_dim, num_heads=num_heads, gate_init=gate_init)


@pytest.mark.parametrize(("tower", "shares"), [("image", False), ("text", True)])
def test_a_site_stands_after_the_mlp_and_mixes_what_its_adapter_adds(backbone, tower, shares):
    shared = stirred(attach(backbone, AdapterConfig(**SMALL)))
    block, site = backbone.blocks(tower)[1], stirred(sites(backbone)[tower][1])
    x = torch.randn(2, 6, 32)
    beside = shared[1] if shares else None

    def mixed(f):
        alpha = 1 / (1 + torch.exp(-site.gate))
        return alpha * (f + site.adapter(f, shared=beside)) + (1 - alpha) * f

    torch.testing.assert_close(block(x), clip_block(block, x, after=mixed))


def test_text_alone_is_causal_where_that_is_asked_for(backbone):
    attach(backbone, AdapterConfig(text_attention="causal", **SMALL))
    assert [site.causal for site in sites(backbone)["image"]] == [False, False]
    assert [site.causal for site in sites(backbone)["text"]] == [True, True]


@pytest.mark.parametrize(
    ("blocks", "shared", "indices"),
    [(5, 2, [0, 0, 0, 1, 1]), (3, 3, [0, 1, 2]), (12, 8, [0, 0, 1, 2, 2, 3, 4, 4, 5, 6, 6, 7])],
)
def test_blocks_share_by_proportion(blocks, shared, indices):
    assert [shared_index(i, blocks, shared) for i in range(blocks)] == indices


@torch.no_grad()
def test_detached_nothing_is_left_and_it_may_be_attached_again(backbone, pixels):
    ids = backbone.tokenize(TEXTS)
    # Frozen, as it is later: torch takes other kernels for weights that train.
    backbone.requires_grad_(False)
    before = backbone.encode_image(pixels), backbone.encode_text(ids)
    perturbed(HarMA(backbone, AdapterConfig(**SMALL)))
    detach(backbone)
    assert sites(backbone) == {"image": [], "text": []}
    assert torch.equal(backbone.encode_image(pixels), before[0])
    assert torch.equal(backbone.encode_text(ids), before[1])
    assert len(HarMA(backbone, AdapterConfig(**SMALL)).shared) == 2


def test_gates_start_where_they_are_told_and_are_in_the_blocks_dtype(tiny_config):
    backbone = load_backbone(tiny_config, dtype=torch.float64)
    shared = attach(backbone, AdapterConfig(gate_init=-1.5, **SMALL))
    everything = [*shared, *sites(backbone)["image"], *sites(backbone)["text"]]
    gates = [
        p for module in everything for name, p in module.named_parameters() if name.endswith("gate")
    ]
    assert len(gates) == 2 + 4 * 2
    assert all(gate.dtype == torch.float64 and gate.item() == -1.5 for gate in gates)


@pytest.mark.parametrize("trains", [True, False])
def test_gates_train_as_they_are_told(tiny_config, trains):
    model = HarMA(load_backbone(tiny_config), AdapterConfig(train_gates=trains, **SMALL))
    gates = [p for name, p in model.named_parameters() if name.endswith("gate")]
    assert len(gates) == 10
    assert all(gate.requires_grad is trains for gate in gates)
