"""What every method leaves in a backbone: what trains, where gradients go, what is saved."""

import copy

import pytest
import torch
from tests.methods.adapted import IDENTITIES, PEERS, adapted, embeddings, perturbed, same

from harma.backbones import load_backbone
from harma.errors import ConfigError
from harma.methods.table import METHODS, make_config, method_of
from harma.model.fingerprint import model_id
from harma.model.model import HarMA
from harma.model.saved import load, save_adapter, save_model, warm_start

# Width D = 32, two blocks in each tower, E = 16.
COUNTS = {
    "linear": 2 * 32 * 16,
    "clip-adapter": 2 * 2 * 16 * 4,
    "bottleneck": 4 * (2 * 32 * 8 + 8 + 32),
    "lora": 4 * (4 + 2 + 5 + 5) * 32 * 4,
    "mrs-adapter": 2 * (32 * 8 + 8) + 2 * (8 * 24 + 24) + (8 * 8 + 8),
    "bitfit": (2 * 11 + 2) * 32 + (2 * 11 + 1) * 32,
}
COUNTS_OF_VIT_B_32 = {
    "linear": 768 * 512 + 512 * 512,
    "clip-adapter": 2 * 2 * 512 * 128,
    "bottleneck": 12 * (2 * 768 * 64 + 64 + 768) + 12 * (2 * 512 * 64 + 64 + 512),
    "lora": 12 * (4 + 2 + 5 + 5) * 8 * (768 + 512),
    "mrs-adapter": 64 * (768 + 512) + 2 * 64 + 65 * (768 - 64) + 65 * (512 - 64) + 65 * 64,
    "bitfit": (12 * 11 + 2) * 768 + (12 * 11 + 1) * 512,
}
STATED = {
    "linear": 655_360,
    "clip-adapter": 262_144,
    "bottleneck": 1_982_976,
    "lora": 1_966_080,
    "mrs-adapter": 161_088,
    "bitfit": 171_008,
}


def test_every_peer_has_its_count():
    assert set(PEERS) == set(COUNTS) == set(COUNTS_OF_VIT_B_32) == set(STATED)
    assert COUNTS_OF_VIT_B_32 == STATED


@pytest.mark.parametrize("method", PEERS)
def test_what_trains_is_counted_and_is_what_is_saved(backbone, method):
    model = adapted(backbone, method)
    assert model.num_parameters(trained=True) == COUNTS[method] + 1  # and the temperature
    assert sum(tensor.numel() for tensor in model.adapter_state().values()) == COUNTS[method] + 1
    assert {id(p) for p in model.attachment.state().values()} == {
        id(p) for name, p in model.trained_parameters().items() if name != "temperature"
    }
    assert method_of(model.adapters) == method


@pytest.mark.slow
@pytest.mark.parametrize("method", PEERS)
def test_counts_on_vit_b_32(method):
    model = HarMA(load_backbone("ViT-B-32", pretrained=False), make_config(method, {}))
    assert model.num_parameters(trained=True) == STATED[method] + 1


@pytest.mark.parametrize("method", PEERS)
def test_gradients_go_everywhere_they_belong_and_nowhere_else(backbone, pixels, method):
    model = perturbed(adapted(backbone, method))
    I, T, temperature = model(pixels, model.tokenize(["a river", "two planes", "x"]))
    weights = torch.randn(I.shape, generator=torch.Generator().manual_seed(2))
    ((I * weights).sum() + (T * weights.flip(0)).sum() + temperature).backward()
    for name, parameter in model.named_parameters():
        has = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
        assert has == parameter.requires_grad, name


@pytest.mark.parametrize("method", PEERS)
def test_a_step_reaches_every_weight_within_two(backbone, pixels, method):
    torch.manual_seed(3)
    model = adapted(backbone, method).train()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = torch.optim.SGD(model.trained_parameters().values(), lr=1.0)
    ids = model.tokenize(["a river", "two planes", "x"])
    weights = torch.randn(2, 3, 16)
    for _ in range(
        2
    ):  # a zero map lets gradients through to the one before it from the second step on
        optimizer.zero_grad()
        I, T, temperature = model(pixels, ids)
        ((I * weights[0]).sum() + (T * weights[1]).sum() + temperature).backward()
        optimizer.step()
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name]) != parameter.requires_grad, name


@pytest.mark.parametrize("method", IDENTITIES)
def test_the_identity_at_initialisation(backbone, pixels, method):
    bare = embeddings(HarMA(backbone).eval(), pixels)
    assert same(embeddings(adapted(backbone, method), pixels), bare)


@pytest.mark.parametrize("method", PEERS)
def test_switched_off_the_backbone_is_bare_and_keeps_its_hash(backbone, pixels, method):
    bare, weights_hash = embeddings(HarMA(backbone).eval(), pixels), backbone.weights_hash()
    names = backbone.weights().keys()
    model = perturbed(adapted(backbone, method))
    changed = embeddings(model, pixels)
    assert not same(changed, bare)
    with model.without_adapters():
        assert same(embeddings(model, pixels), bare)
        assert backbone.weights_hash() == weights_hash
    assert backbone.weights().keys() == names
    assert same(embeddings(model, pixels), changed)


@pytest.mark.parametrize("method", PEERS)
def test_embeddings_do_not_depend_on_batch_mates_nor_padding(backbone, pixels, method):
    model = perturbed(adapted(backbone, method))
    ids = model.tokenize(
        ["a river", "many planes are parked next to a long building in an airport", "x"]
    )
    assert model.trims_text
    with torch.no_grad():
        for encode, batch in ((model.encode_image, pixels), (model.encode_text, ids)):
            alone = torch.cat([encode(row[None]) for row in batch])
            assert torch.allclose(encode(batch), alone, atol=1e-5)
        trimmed = model.encode_text(ids)
        model.backbone.trims_text = False
        assert torch.allclose(trimmed, model.encode_text(ids), atol=1e-5)


@pytest.mark.parametrize("method", PEERS)
def test_saved_and_loaded_it_embeds_bit_for_bit(backbone, pixels, method, tmp_path):
    backbone.save(tmp_path / "backbone")
    opened = load_backbone(f"local-dir:{tmp_path / 'backbone'}")
    model = perturbed(adapted(opened, method))
    expected = embeddings(model, pixels)
    save_adapter(model, tmp_path / "adapter")
    again = load(tmp_path / "adapter")
    assert same(embeddings(again, pixels), expected)
    assert again.adapters == model.adapters
    assert model_id(again) == model_id(model)


@pytest.mark.parametrize("method", PEERS)
def test_a_copy_is_a_model_of_its_own(backbone, pixels, method):
    model = perturbed(adapted(backbone, method))
    expected = embeddings(model, pixels)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in twin.trained_parameters().values():
            parameter.add_(0.5)
    assert same(embeddings(model, pixels), expected)
    assert not same(embeddings(twin, pixels), expected)


@pytest.mark.parametrize("method", PEERS)
def test_float64_stays_float64(tiny_config, pixels, method):
    model = adapted(load_backbone(tiny_config, dtype=torch.float64), method)
    assert all(p.dtype == torch.float64 for p in model.trained_parameters().values())
    assert model.encode_image(pixels.double()).dtype == torch.float64


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("first", PEERS)
def test_a_second_method_is_refused(backbone, first, method):
    adapted(backbone, first)
    with pytest.raises(ConfigError, match=f"has method {first} attached already; load it anew"):
        adapted(backbone, method)


@pytest.mark.parametrize("method", PEERS)
def test_bare_within_bare_and_back(backbone, pixels, method):
    bare = embeddings(HarMA(backbone).eval(), pixels)
    model = perturbed(adapted(backbone, method))
    trained, state = (
        embeddings(model, pixels),
        {n: t.clone() for n, t in model.adapter_state().items()},
    )
    model.requires_grad_(False)
    with model.without_adapters():
        with model.without_adapters():
            pass
        assert same(embeddings(model, pixels), bare)
        assert all(torch.equal(t, state[n]) for n, t in model.adapter_state().items()), (
            "its state is what it trained to"
        )
        model.load_adapter_state({n: t + 1 for n, t in state.items()})
        assert same(embeddings(model, pixels), bare)
    assert all(torch.equal(t, state[n] + 1) for n, t in model.adapter_state().items())
    assert not any(p.requires_grad for p in model.parameters())
    model.load_adapter_state(state)
    assert same(embeddings(model, pixels), trained)


@pytest.mark.parametrize("method", ["linear", "clip-adapter", "bitfit"])
def test_frozen_batch_norms_keep_their_statistics(method):
    config = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None},
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 32,
            "heads": 4,
            "layers": 1,
        },
    }
    backbone = load_backbone(config)
    before = backbone.weights_hash()
    model = HarMA(backbone, make_config(method, {})).train()
    model.encode_image(torch.randn(4, 3, 32, 32))
    with model.without_adapters():
        assert backbone.weights_hash() == before
    assert HarMA(load_backbone(config)).train().backbone.module.visual.bn1.training, (
        "where all trains, they do too"
    )


def test_a_whole_model_cannot_be_saved_with_adapters(backbone, tmp_path):
    with pytest.raises(ConfigError, match="no place for adapters; save them with save_adapter"):
        save_model(adapted(backbone, "lora"), tmp_path / "m")


@pytest.mark.parametrize("method", PEERS)
def test_a_trained_model_can_start_from_what_it_saved(tiny_config, tmp_path, method):
    load_backbone(tiny_config).save(tmp_path / "backbone")
    model = perturbed(adapted(load_backbone(f"local-dir:{tmp_path / 'backbone'}"), method))
    save_adapter(model, tmp_path / "a")
    state = {n: t.clone() for n, t in model.adapter_state().items()}
    model.load_adapter_state({n: t * 0 for n, t in state.items()})
    warm_start(model, tmp_path / "a")
    assert all(torch.equal(t, state[n]) for n, t in model.adapter_state().items())
