"""Dual encoders: pooling, padding, where adapters and peers sit, saving, the full size."""

import copy
import json

import pytest
import torch
from tests.backbones.dual import SMALL, TEXTS, stirred

from harma.backbones import DUAL_ENCODERS, load_backbone
from harma.errors import BackboneError, ConfigError, DataError, MissingFileError, WeightsError
from harma.methods.harma.attach import detach, sites
from harma.methods.harma.config import AdapterConfig
from harma.methods.harma.modules import Adapter, AdapterSite, SharedAdapter
from harma.methods.table import make_config
from harma.model.model import HarMA


@pytest.fixture
def backbone(tiny_dual):
    torch.manual_seed(0)
    return load_backbone(tiny_dual)


@pytest.fixture
def vit(tiny_dual):
    image = {
        "timm": "vit_small_patch16_224",
        "weights": None,
        "img_size": 32,
        "embed_dim": 24,
        "depth": 2,
        "num_heads": 2,
    }
    return load_backbone({**tiny_dual, "image": image})


@pytest.fixture
def pixels():
    return torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def test_swin_is_pooled_by_the_mean_of_its_last_tokens(backbone, pixels):
    tower = backbone.image
    expected = tower.projection(tower.trunk.forward_features(pixels).mean((1, 2)))
    assert torch.equal(backbone.encode_image(pixels), expected)


def test_vit_and_bert_are_pooled_by_their_first_token(vit, pixels):
    assert torch.equal(
        vit.encode_image(pixels),
        vit.image.projection(vit.image.trunk.forward_features(pixels)[:, 0]),
    )
    ids = vit.tokenize(["a red roof"])[:, :5]
    tokens = vit.text.encoder(input_ids=ids).last_hidden_state
    assert torch.allclose(vit.encode_text(ids), vit.text.projection(tokens[:, 0]))


def test_texts_do_not_depend_on_padding(backbone):
    ids = backbone.tokenize(TEXTS)
    assert ids.shape == (4, 16)
    assert backbone.text_lengths(ids).tolist() == [5, 3, 10, 5]
    together = backbone.encode_text(ids)
    for row, text in enumerate(TEXTS):
        one = backbone.tokenize([text])
        alone = backbone.encode_text(one[:, : int(backbone.text_lengths(one)[0])])
        torch.testing.assert_close(alone[0], together[row], atol=1e-5, rtol=1e-4)


def test_wrong_inputs_are_named(backbone, pixels):
    with pytest.raises(DataError, match=r"takes floating point \(B, 3, 32, 32\)"):
        backbone.encode_image(pixels[:, :, :16])
    with pytest.raises(DataError, match="with L = 1 to 16"):
        backbone.encode_text(torch.zeros(2, 17, dtype=torch.long))
    with pytest.raises(DataError, match="tokenize takes strings"):
        backbone.tokenize([3])
    assert backbone.tokenize([]).shape == (0, 16)


@pytest.mark.parametrize("towers", [(), ("text",), ("image", "text")])
@pytest.mark.parametrize("kind", ["backbone", "vit"])
def test_at_the_start_adapters_change_no_bit(request, kind, towers, pixels):
    backbone = request.getfixturevalue(kind)
    ids, own = backbone.tokenize(TEXTS), backbone.weights_hash()
    before = backbone.encode_image(pixels), backbone.encode_text(ids)
    model = HarMA(backbone, AdapterConfig(**SMALL, shared_towers=towers)).eval()
    assert torch.equal(model.backbone.encode_image(pixels), before[0])
    assert torch.equal(model.backbone.encode_text(ids), before[1])
    assert backbone.weights_hash() == own


def test_adapters_have_the_width_of_their_block_and_share_as_the_spec_maps(backbone):
    model = HarMA(backbone, AdapterConfig(**SMALL, shared_towers=("image", "text")))
    found = sites(backbone)
    assert [site.adapter.down.in_features for site in found["image"]] == [16, 16, 32]
    assert [site.adapter.down.in_features for site in found["text"]] == [32, 32]
    # Three image blocks and two of text: ⌊0·2/3⌋, ⌊1·2/3⌋, ⌊2·2/3⌋.
    number = {id(shared): i for i, shared in enumerate(model.shared)}
    assert [number[id(site._shared[0])] for site in found["image"]] == [0, 0, 1]
    assert [number[id(site._shared[0])] for site in found["text"]] == [0, 1]


def test_no_embedding_depends_on_its_batch_mates(backbone, pixels):
    model = stirred(backbone, shared_towers=("image", "text"))
    with torch.no_grad():
        images, texts = model.encode_image(pixels), model.encode_text(model.tokenize(TEXTS))
        with model.without_adapters():
            assert not torch.allclose(images, model.encode_image(pixels), atol=1e-2), (
                "the adapters do nothing"
            )
            assert not torch.allclose(texts, model.encode_text(model.tokenize(TEXTS)), atol=1e-2)
        for i, text in enumerate(TEXTS):
            torch.testing.assert_close(
                model.encode_image(pixels[i : i + 1])[0], images[i], atol=1e-5, rtol=1e-4
            )
            ids = model.tokenize([text])
            torch.testing.assert_close(model.encode_text(ids)[0], texts[i], atol=1e-5, rtol=1e-4)
            padded = torch.nn.functional.normalize(model.backbone.encode_text(ids), dim=-1)
            torch.testing.assert_close(padded[0], texts[i], atol=1e-5, rtol=1e-4)
    assert model.trims_text


def test_on_swin_attention_stays_in_the_window(backbone):
    """One token of a block's map changes: what the adapter adds changes in its window alone."""
    model = stirred(backbone)
    blocks, found = backbone.blocks("image"), sites(backbone)["image"]
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(1, 64, 16, generator=generator)
    changed = features.clone()
    changed[0, 0] = torch.randn(16, generator=generator)
    for block, site, own in zip(blocks[:2], found[:2], ({0, 1, 2, 3}, {0, 1}), strict=True):
        assert block.shift_size == ((0, 0) if own == {0, 1, 2, 3} else (2, 2))
        with torch.no_grad():
            moved = ((site(changed) - site(features)).abs().sum(-1) > 1e-6).view(8, 8)
        # With a shift of 2 the corner's tokens share a window of the rolled map only with those
        # beside them.
        assert {(r, c) for r, c in moved.nonzero().tolist()} == {(r, c) for r in own for c in own}
    assert model.attachment is not None


def test_a_site_is_the_sum_of_its_parts_on_windows(backbone):
    """The site of a Swin block, against a loop over its windows."""
    torch.manual_seed(1)
    adapter, shared = Adapter(16, **SMALL), SharedAdapter(16, num_heads=2)
    torch.nn.init.normal_(adapter.up.weight)
    site = AdapterSite(
        adapter, shared, layout=backbone.layout("image", backbone.blocks("image")[0])
    )
    x = torch.randn(2, 64, 16)
    out, grid = site(x).view(2, 8, 8, 16), x.view(2, 8, 8, 16)
    for b in range(2):
        for top, left in ((0, 0), (0, 4), (4, 0), (4, 4)):
            window = grid[b, top : top + 4, left : left + 4].reshape(1, 16, 16)
            expected = window + torch.sigmoid(site.gate) * adapter(window, shared=shared)
            torch.testing.assert_close(
                out[b, top : top + 4, left : left + 4].reshape(1, 16, 16), expected
            )


def test_on_bert_the_site_stands_before_dropout_and_norm(backbone):
    model = stirred(backbone)
    block, site = backbone.blocks("text")[0], sites(backbone)["text"][0]
    x, middle = torch.randn(1, 5, 32), torch.randn(1, 5, 48)
    dense = torch.nn.functional.linear(middle, block.output.dense.weight, block.output.dense.bias)
    expected = block.output.LayerNorm(site(dense) + x)
    assert torch.equal(block.output(middle, x), expected)
    assert model.adapters is not None


def test_detached_it_is_the_backbone_again_and_copies_are_their_own(backbone, pixels):
    ids = backbone.tokenize(TEXTS)
    before = backbone.encode_image(pixels), backbone.encode_text(ids)
    model = stirred(backbone)
    clone = copy.deepcopy(model)
    adapted = model.encode_text(ids)
    detach(backbone)
    assert torch.equal(backbone.encode_image(pixels), before[0])
    assert torch.equal(backbone.encode_text(ids), before[1])
    assert torch.equal(clone.encode_text(ids), adapted)
    with torch.no_grad():
        sites(clone.backbone)["text"][0].gate.add_(1)
    assert not torch.equal(clone.encode_text(ids), adapted)
    again = HarMA(backbone, AdapterConfig(**SMALL))
    assert len(sites(again.backbone)["text"]) == 2


@pytest.mark.parametrize("kind", ["backbone", "vit"])
def test_gradient_checkpointing_gives_the_same_gradients(request, kind, pixels):
    model = stirred(request.getfixturevalue(kind))
    for module in model.modules():  # whatever is drawn would be drawn twice
        if isinstance(module, torch.nn.Dropout) or hasattr(module, "drop_prob"):
            module.p = module.drop_prob = 0.0
    long, short = model.tokenize(TEXTS), model.tokenize(["red", "a green roof"])
    gradients = []
    for checkpointed in (False, True):
        model.backbone.set_gradient_checkpointing(checkpointed)
        model.train()
        model.zero_grad()
        loss = model.encode_image(pixels)[:, 0].sum() + model.encode_text(long)[:, 0].sum()
        # Another batch, with another mask, before the first one's backward pass.
        (loss + model.encode_text(short)[:, 1].sum()).backward()
        gradients.append(
            {
                name: p.grad.clone()
                for name, p in model.trained_parameters().items()
                if p.grad is not None
            }
        )
    assert gradients[0].keys() == gradients[1].keys()
    assert any("text" in name for name in gradients[0])
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, msg=name)


def test_causal_adapters_are_refused(backbone):
    with pytest.raises(ConfigError, match="takes its embedding from the first token"):
        HarMA(backbone, AdapterConfig(**SMALL, text_attention="causal"))


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("linear", {}),
        ("clip-adapter", {}),
        ("bottleneck", {"bottleneck_dim": 4}),
        ("lora", {"rank": 2}),
        ("bitfit", {}),
    ],
)
def test_peers_that_fit(backbone, pixels, method, options):
    own, before = backbone.weights_hash(), backbone.encode_image(pixels)
    model = HarMA(backbone, make_config(method, options)).eval()
    if method != "clip-adapter":
        assert torch.allclose(backbone.encode_image(pixels), before, atol=1e-6)
    image, text, _ = model(pixels, model.tokenize(TEXTS))
    (image[:, 0].sum() + text[:, 0].sum()).backward()
    trained = {name: p for name, p in model.trained_parameters().items() if name != "temperature"}
    assert trained
    assert all(p.grad is not None for p in trained.values())
    assert backbone.weights_hash() == own


def test_peers_that_do_not_fit_say_why(backbone, vit):
    with pytest.raises(
        BackboneError, match="blocks of the widths 16, 32, and this method needs one"
    ):
        HarMA(backbone, make_config("mrs-adapter", {"shared_dim": 8}))
    with pytest.raises(BackboneError, match="a BertLayer has no layer norm before its MLP"):
        HarMA(vit, make_config("mrs-adapter", {"shared_dim": 8}))


def test_saved_it_opens_bit_equal_without_what_it_was_made_from(backbone, pixels, tmp_path):
    backbone.save(tmp_path / "model")
    backbone.save(tmp_path / "model")  # its own place is replaced
    text = (tmp_path / "model" / "dual_encoder_config.json").read_text()
    assert "vocab.txt" not in text
    again = load_backbone(str(tmp_path / "model"))
    assert not again.is_random
    assert again.weights_hash() == backbone.weights_hash()
    assert again.preprocess == backbone.preprocess
    assert torch.equal(again.tokenize(TEXTS), backbone.tokenize(TEXTS))
    assert torch.equal(again.encode_image(pixels), backbone.encode_image(pixels))
    assert torch.equal(
        again.encode_text(again.tokenize(TEXTS)), backbone.encode_text(backbone.tokenize(TEXTS))
    )
    assert again.config == backbone.config


def test_a_damaged_directory_is_named(backbone, tmp_path):
    backbone.save(tmp_path / "m")
    config = tmp_path / "m" / "dual_encoder_config.json"
    content = json.loads(config.read_text())
    config.write_text(json.dumps({**content, "version": 2}))
    with pytest.raises(ConfigError, match="no config of a dual encoder; its format must be"):
        load_backbone(str(tmp_path / "m"))
    content["model_cfg"]["image"]["embed_dim"] = 8
    config.write_text(json.dumps(content))
    with pytest.raises(
        WeightsError, match=r"of another shape \(image.trunk.patch_embed.proj.weight"
    ):
        load_backbone(str(tmp_path / "m"))
    (tmp_path / "m" / "dual_encoder_model.safetensors").unlink()
    with pytest.raises(MissingFileError, match="holds no dual_encoder_model.safetensors"):
        load_backbone(f"local-dir:{tmp_path / 'm'}")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_text("")
    with pytest.raises(ConfigError, match="holds files but no model"):
        backbone.save(tmp_path / "other")


@pytest.mark.parametrize(("name", "trained"), [("swin-bert", 5_490_300), ("vit-bert", 5_539_644)])
def test_full_size_counts_are_as_stated(name, trained):
    """On the meta device: no weights are drawn."""
    with torch.device("meta"):
        backbone = load_backbone(name, pretrained=False)
    stated = DUAL_ENCODERS[name]
    of_tower = {
        t: sum(p.numel() for p in backbone.tower_parameters(t).values()) for t in ("image", "text")
    }
    assert of_tower == {"image": stated.image_parameters, "text": stated.text_parameters}
    assert sum(p.numel() for p in backbone.parameters()) == stated.parameters
    with torch.device("meta"):
        model = HarMA(backbone, AdapterConfig())
    assert model.num_parameters(trained=True) == trained + 1  # the temperature
    assert model.num_parameters(trained=True) < 0.1 * model.num_parameters()


@pytest.mark.slow
@pytest.mark.parametrize("name", DUAL_ENCODERS)
def test_at_full_size_adapters_change_no_bit(name):
    torch.manual_seed(0)
    backbone = load_backbone(name, pretrained=False)
    pixels = torch.randn(1, 3, 224, 224)
    ids = torch.tensor([[101, 2417, 4412, 102, 0, 0], [101, 2417, 4412, 2665, 2317, 102]])
    with torch.no_grad():
        before = backbone.encode_image(pixels), backbone.encode_text(ids)
        model = HarMA(backbone, AdapterConfig(shared_towers=("image", "text"))).eval()
        assert torch.equal(model.backbone.encode_image(pixels), before[0])
        assert torch.equal(model.backbone.encode_text(ids), before[1])
    assert before[0].shape == (1, 512)
