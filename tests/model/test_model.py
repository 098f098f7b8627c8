"""The model: what trains, what it embeds with and without adapters, its weights by name."""

import contextvars

import numpy as np
import pytest
import torch
from torch import nn

from harma.backbones import load_backbone
from harma.errors import ConfigError, WeightsError
from harma.methods.harma.attach import detach, shared_index, sites
from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA

SMALL = {"bottleneck_dim": 16, "num_heads": 2}


def randomised(model):
    generator = torch.Generator().manual_seed(1)
    for parameter in model.trained_parameters().values():
        parameter.data.add_(
            0.2 * torch.randn(parameter.shape, generator=generator).to(parameter.dtype)
        )
    return model.eval()


@pytest.fixture
def pixels():
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("variant", ["document", "released"])
@pytest.mark.parametrize("shared_towers", [(), ("text",), ("image",), ("image", "text")])
@pytest.mark.parametrize("text_attention", ["full", "causal"])
@torch.no_grad()  # with gradients torch runs other attention kernels than without
def test_a_fresh_model_is_the_bare_backbone_bit_for_bit(
    tiny_config, pixels, variant, shared_towers, text_attention
):
    backbone = load_backbone(tiny_config)
    ids = backbone.tokenize(["a river", "two planes beside a long runway"])
    bare = HarMA(backbone)
    expected = bare.encode_image(pixels), bare.encode_text(ids)
    config = AdapterConfig(
        variant=variant, shared_towers=shared_towers, text_attention=text_attention, **SMALL
    )
    model = HarMA(backbone, config)
    assert torch.equal(model.encode_image(pixels), expected[0])
    text = model.encode_text(ids)
    # With full attention the text is not trimmed, and other kernels run than in the trimmed bare
    # backbone.
    assert (
        torch.equal(text, expected[1])
        if text_attention == "causal"
        else torch.allclose(text, expected[1], atol=1e-6)
    )


@pytest.mark.parametrize("text_attention", ["full", "causal"])
def test_embeddings_do_not_depend_on_batch_mates(tiny_config, pixels, text_attention):
    config = AdapterConfig(text_attention=text_attention, shared_towers=("image", "text"), **SMALL)
    model = randomised(HarMA(load_backbone(tiny_config), config))
    ids = model.tokenize(
        ["a river", "many planes are parked next to a long building in an airport", "x"]
    )
    with torch.no_grad():
        for encode, batch in ((model.encode_image, pixels), (model.encode_text, ids)):
            alone = torch.cat([encode(row[None]) for row in batch])
            assert torch.allclose(encode(batch), alone, atol=1e-5)


def test_causal_text_does_not_depend_on_padding(tiny_config):
    model = randomised(
        HarMA(load_backbone(tiny_config), AdapterConfig(text_attention="causal", **SMALL))
    )
    ids = model.tokenize(["a river beside a road"])
    with torch.no_grad():
        trimmed = model.encode_text(ids)
        model.backbone.trims_text = False
        assert torch.allclose(trimmed, model.encode_text(ids), atol=1e-6)


def test_only_adapters_gates_and_temperature_train(tiny_config):
    model = HarMA(load_backbone(tiny_config), AdapterConfig(**SMALL))
    names = model.trained_parameters()
    assert all(
        "mlp.adapter" in name or name.startswith("shared.") or name == "temperature"
        for name in names
    )
    assert len([name for name in names if name.endswith("mlp.adapter.gate")]) == 4
    assert len(model.shared) == 2


def test_fixed_gates_get_no_gradient_and_are_saved_all_the_same(tiny_config, pixels):
    torch.manual_seed(3)
    model = HarMA(load_backbone(tiny_config), AdapterConfig(train_gates=False, **SMALL))
    torch.manual_seed(3)
    trained = HarMA(load_backbone(tiny_config), AdapterConfig(**SMALL))
    # Two towers of two blocks with two gates each, and two shared adapters with one.
    assert trained.num_parameters(trained=True) - model.num_parameters(trained=True) == 10
    assert not any(name.endswith("gate") for name in model.trained_parameters())
    randomised(model).train()
    images, texts, temperature = model(pixels, model.tokenize(["a", "b", "c"]))
    ((images * texts).sum() / temperature).backward()
    gates = [p for name, p in model.named_parameters() if name.endswith("gate")]
    assert len(gates) == 10
    assert all(gate.grad is None and float(gate) == pytest.approx(0.6) for gate in gates)
    assert all(parameter.grad is not None for parameter in model.trained_parameters().values())
    assert model.adapter_state().keys() == trained.adapter_state().keys()
    trained.load_adapter_state(model.adapter_state())
    with torch.no_grad():
        assert torch.equal(trained.eval().encode_image(pixels), model.eval().encode_image(pixels))


def test_published_adapters_train_5_934_397_weights():
    model = HarMA(load_backbone("ViT-B-32", pretrained=False), AdapterConfig(variant="released"))
    assert model.num_parameters(trained=True) == 5_934_397
    assert model.num_parameters() == 157_211_709 + 1


def test_towers_of_other_depths_share_by_proportion(tiny_config):
    tiny_config["vision_cfg"]["layers"] = 5
    model = HarMA(
        load_backbone(tiny_config), AdapterConfig(shared_towers=("image", "text"), **SMALL)
    )
    assert len(model.shared) == 2
    used = [list(model.shared).index(site._shared[0]) for site in sites(model.backbone)["image"]]
    assert used == [shared_index(j, 5, 2) for j in range(5)] == [0, 0, 0, 1, 1]


@torch.no_grad()
def test_without_adapters_is_the_bare_backbone_and_detach_restores_it(tiny_config, pixels):
    backbone = load_backbone(tiny_config)
    names, bare = set(backbone.state_dict()), backbone.encode_image(pixels)
    model = randomised(HarMA(backbone, AdapterConfig(**SMALL)))
    with torch.no_grad():
        adapted = backbone.encode_image(pixels)
        with model.without_adapters():
            assert torch.equal(backbone.encode_image(pixels), bare)
    assert not torch.allclose(adapted, bare)
    with pytest.raises(ConfigError, match="has method harma attached already; load it anew"):
        HarMA(backbone, AdapterConfig(**SMALL))
    detach(backbone)
    assert set(backbone.state_dict()) == names
    assert torch.equal(backbone.encode_image(pixels), bare)


def test_adapter_weights_round_trip_and_mismatches_are_listed(tiny_config, pixels):
    torch.manual_seed(3)
    backbone = load_backbone(tiny_config)
    model = randomised(HarMA(backbone, AdapterConfig(**SMALL)))
    state = {name: tensor.clone() for name, tensor in model.adapter_state().items()}
    with torch.no_grad():
        expected = model.encode_image(pixels)
    detach(backbone)
    again = HarMA(backbone, AdapterConfig(**SMALL))
    again.load_adapter_state(state)
    with torch.no_grad():
        assert torch.equal(again.encode_image(pixels), expected)
    state.pop("image.0.gate")
    state["surplus"] = torch.zeros(1)
    state["temperature"] = torch.zeros(2)
    with pytest.raises(
        WeightsError,
        match="3 adapter weights do not match: missing image.0.gate; temperature has shape",
    ):
        again.load_adapter_state(state)


class Scale(nn.Module):
    """A user's own adapter: adds a learned share of the features."""

    def __init__(self, width, *, bottleneck_dim, num_heads, gate_init):
        super().__init__()
        self.share = nn.Parameter(torch.zeros(width))

    def forward(self, x, *, shared=None, causal=False):
        return self.share * x


@torch.no_grad()
def test_an_adapter_of_ones_own(tiny_config, pixels):
    backbone = load_backbone(tiny_config)
    bare = backbone.encode_image(pixels)
    model = HarMA(
        backbone, AdapterConfig(adapter="my.Scale", shared_towers=(), **SMALL), adapter_class=Scale
    )
    assert torch.equal(backbone.encode_image(pixels), bare)
    assert model.num_parameters(trained=True) == 4 * (32 + 1) + 1
    detach(backbone)
    with pytest.raises(
        ConfigError, match=r"adapter.adapter is 'no_such.Thing', which cannot be imported"
    ):
        HarMA(backbone, AdapterConfig(adapter="no_such.Thing", **SMALL))


def test_full_trains_everything_but_the_backbones_own_temperature(tiny_config):
    model = HarMA(load_backbone(tiny_config))
    model.train_backbone()
    frozen = [name for name, p in model.named_parameters() if not p.requires_grad]
    assert frozen == ["backbone.module.logit_scale"]


def test_one_string_is_not_a_list_of_letters(tiny_config):
    model = HarMA(load_backbone(tiny_config)).eval()
    with pytest.raises(
        ConfigError, match=r"texts is 'a harbour'; give a list, such as \['a harbour'\]"
    ):
        model.embed_texts("a harbour")
    with pytest.raises(ConfigError, match="images is 'a.tif'; give a list"):
        model.embed_images("a.tif")
    assert model.embed_texts(np.array(["a harbour"])).shape == (1, 16)


def test_forward_leaves_no_hook_on_the_temperature(tiny_config):
    model = HarMA(load_backbone(tiny_config))
    assert not model(torch.zeros(1, 3, 32, 32), model.tokenize(["a"]))[2].is_leaf


@torch.no_grad()
def test_second_views_come_beside_what_is_embedded_without_them(tiny_config, pixels):
    model = randomised(HarMA(load_backbone(tiny_config), AdapterConfig(**SMALL)))
    ids = model.tokenize(["a river", "two planes", "a"])
    images, texts, temperature = model(pixels, ids)
    torch.manual_seed(1)
    with_views = model(pixels, ids, view_dropout=0.2)
    assert all(map(torch.equal, with_views, (images, texts, temperature)))
    assert not torch.allclose(with_views[3], images, atol=1e-3)
    assert not torch.allclose(with_views[4], texts, atol=1e-3)
    assert all(map(torch.equal, model(pixels, ids, view_dropout=0.0)[3:], (images, texts)))
    with model.without_adapters():
        bare = model.encode_image(pixels)
        assert torch.equal(model(pixels, ids, view_dropout=0.0)[3], bare)


def test_a_bare_model_trims_texts_as_its_backbone_does(tiny_config):
    bare = HarMA(load_backbone(tiny_config))
    assert bare.trims_text
    assert bare.adapter_state().keys() == {"temperature"}
    with bare.without_adapters():
        assert not bare.backbone.is_bare, "there is nothing to be without"


@torch.no_grad()
def test_contexts_without_adapters_may_end_in_any_order_and_anywhere(tiny_config, pixels):
    model = randomised(HarMA(load_backbone(tiny_config), AdapterConfig(**SMALL)))
    adapted = model.encode_image(pixels)
    with model.without_adapters():
        bare = model.encode_image(pixels)

    def embedding():
        with model.without_adapters():
            while True:
                yield model.encode_image(pixels)

    first = embedding()
    second = embedding()
    assert torch.equal(next(first), bare)
    assert torch.equal(next(second), bare)
    first.close()
    assert torch.equal(next(second), bare), "the second has not ended"
    second.close()
    assert torch.equal(model.encode_image(pixels), adapted), "both have"
    third = embedding()
    contextvars.copy_context().run(next, third)
    third.close()
    assert torch.equal(model.encode_image(pixels), adapted)


def test_a_model_starts_with_the_published_temperature(tiny_config):
    assert HarMA(load_backbone(tiny_config)).temperature.item() == pytest.approx(0.07)
