"""Every method: what trains, how much of it, where gradients go, what is saved."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from harma.backbones import load_backbone
from harma.errors import BackboneError, ConfigError
from harma.methods.table import METHODS, make_config, method_of
from harma.model.fingerprint import model_id
from harma.model.model import HarMA
from harma.model.saved import load, save_adapter, save_model, warm_start

PEERS = [name for name in METHODS if name != "harma"]
# Small enough for towers of width 32.
OPTIONS = {
    "mrs-adapter": {"bottleneck_dim": 8, "shared_dim": 8},
    "bottleneck": {"bottleneck_dim": 8},
    "lora": {"rank": 4},
}
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
# CLIP-Adapter's MLP is drawn at random and mixed in from the first step, as in the paper.
IDENTITIES = [name for name in PEERS if name != "clip-adapter"]


@pytest.fixture
def backbone(tiny_config):
    torch.manual_seed(0)
    return load_backbone(tiny_config)


@pytest.fixture
def pixels():
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def adapted(backbone, method):
    return HarMA(backbone, make_config(method, OPTIONS.get(method, {}))).eval()


def perturbed(model):
    """Every trained weight moved, so that no zero hides a path."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.trained_parameters().values():
        parameter.data.add_(
            0.1 * torch.randn(parameter.shape, generator=generator).to(parameter.dtype)
        )
    return model.eval()


def embeddings(model, pixels):
    with torch.no_grad():
        return model.encode_image(pixels), model.encode_text(
            model.tokenize(["a river", "two planes", "x"])
        )


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


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


@pytest.mark.parametrize("method", ["bitfit", "linear"])
def test_a_switch_that_was_interrupted_loses_nothing(backbone, pixels, method, monkeypatch):
    model = perturbed(adapted(backbone, method))
    trained = embeddings(model, pixels)
    attachment, calls = model.attachment, []

    def interrupted(values):
        if not calls:
            calls.append(values)
            first = next(iter(attachment._parameters))
            attachment._parameters[first].data.copy_(values[first])
            raise KeyboardInterrupt
        return whole(values)

    whole = attachment._set
    monkeypatch.setattr(attachment, "_set", interrupted)
    with pytest.raises(KeyboardInterrupt), model.without_adapters():
        pass
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


def test_lora_embeds_in_several_threads(backbone):
    model = perturbed(adapted(backbone, "lora"))
    batches = [
        torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(i)) for i in range(4)
    ]
    with torch.no_grad():
        expected = [model.encode_image(batch) for batch in batches]
        before = backbone.weights_hash()

        def embed(i):
            with torch.no_grad():
                return all(
                    torch.allclose(model.encode_image(batches[i]), expected[i], atol=1e-6)
                    for _ in range(30)
                )

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(embed, range(4)))
    assert backbone.weights_hash() == before


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


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("lora", {"rnk": 4}, "method lora has no option rnk; allowed are rank, alpha"),
        ("bitfit", {"rank": 4}, "method bitfit has no option rank; allowed are none"),
        ("prompt", {}, "method is 'prompt'; allowed are harma, linear"),
        ("lora", {"rank": 0}, "rank is 0; it must be a whole number from 1"),
        (
            "bottleneck",
            {"bottleneck_dim": "64"},
            "bottleneck_dim is '64'; it must be a whole number",
        ),
        ("clip-adapter", {"ratio": 1.5}, "ratio is 1.5; it must be a number from 0 to 1"),
        ("mrs-adapter", {"dropout": True}, "dropout is True; it must be a number from 0 to 1"),
    ],
)
def test_unusable_options_are_named(method, options, message):
    with pytest.raises(ConfigError, match=message):
        make_config(method, options)


def test_options_that_do_not_fit_the_backbone_are_named(backbone):
    with pytest.raises(ConfigError, match="shared_dim is 32; it must be below 32"):
        HarMA(backbone, make_config("mrs-adapter", {"shared_dim": 32}))
    with pytest.raises(ConfigError, match="reduction is 17; it must be at most 16"):
        HarMA(backbone, make_config("clip-adapter", {"reduction": 17}))


def test_an_adapter_class_belongs_to_harma(backbone):
    with pytest.raises(ConfigError, match="only HarMA's adapters take; the method is linear"):
        HarMA(backbone, make_config("linear", {}), adapter_class=nn.Identity)


def test_a_tower_without_projection_cannot_be_probed(backbone):
    backbone.module.text_projection = None
    with pytest.raises(BackboneError, match="the text tower of .* has no projection"):
        adapted(backbone, "linear")
