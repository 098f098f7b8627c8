"""Towers of open_clip that are timm's: SigLIP2, PE-Core, EVA-02, ConvNeXt with every method."""

import pytest
import torch
from tests.backbones.small import small_config, small_parts  # noqa: F401
from tests.methods.adapted import adapted, perturbed
from torch import nn

from harma.backbones import load_backbone
from harma.backbones.open_clip_towers import block_mlp, block_mlp_norm, read_lengths
from harma.errors import BackboneError
from harma.methods.table import METHODS
from harma.model.saved import load, save

# Name → the methods that it does not take, and what is said of each.
TOWERS = {
    "ViT-B-16-SigLIP2": {"linear": "image tower of .* has no projection"},
    "PE-Core-B-16": {},
    "EVA02-B-16": {},
    "EVA02-E-14": {"mrs-adapter": "EvaBlockPostNorm of .* has no layer norm before its MLP"},
    "MobileCLIP-B": {},
    "convnext_base": {"mrs-adapter": "blocks of the widths 16, 32, and this method needs one"},
    "xlm-roberta-base-ViT-B-32": {
        "mrs-adapter": "XLMRobertaLayer of .* has no layer norm before its MLP"
    },
}

pytestmark = pytest.mark.usefixtures("small_parts")


def inputs(backbone):
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randn(2, 3, *backbone.preprocess.size, generator=generator)
    token_ids = torch.randint(3, 300, (2, backbone.context_length), generator=generator)
    return pixels, token_ids


def embedded(model, pixels, token_ids):
    with torch.no_grad():
        return torch.cat([model.encode_image(pixels), model.encode_text(token_ids)])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", TOWERS)
def test_methods_train_are_bare_on_request_and_are_kept(name, method, tmp_path):
    torch.manual_seed(0)
    backbone = load_backbone(small_config(name))
    refusal = TOWERS[name].get(method)
    if refusal is not None:
        with pytest.raises(BackboneError, match=refusal):
            adapted(backbone, method)
        return
    # ConvNeXt's blocks begin at a millionth of themselves.
    for key, parameter in backbone.named_parameters():
        if key.endswith("gamma"):
            parameter.data.fill_(1)
    backbone.save(tmp_path / "backbone")
    backbone = load_backbone(tmp_path / "backbone")
    pixels, token_ids = inputs(backbone)
    plain = torch.cat(
        [
            nn.functional.normalize(e, dim=-1)
            for e in (backbone.encode_image(pixels), backbone.encode_text(token_ids))
        ]
    ).detach()
    model = adapted(backbone, method)
    if method != "clip-adapter":
        torch.testing.assert_close(embedded(model, pixels, token_ids), plain, rtol=0, atol=1e-5)
    changed = embedded(perturbed(model), pixels, token_ids)
    assert not torch.allclose(changed[:2], plain[:2], atol=1e-5), "images"
    assert not torch.allclose(changed[2:], plain[2:], atol=1e-5), "texts"
    with model.without_adapters():
        bare = embedded(model, pixels, token_ids)
    torch.testing.assert_close(bare, plain, rtol=0, atol=1e-5)
    images, texts, _ = model(pixels, token_ids)
    (images.sum() + texts.sum()).backward()
    lacking = [key for key, p in model.trained_parameters().items() if p.grad is None]
    assert set(lacking) <= {"temperature"}
    if name in ("PE-Core-B-16", "convnext_base") and method in ("harma", "lora"):
        save(model, tmp_path / "kept")
        assert torch.equal(embedded(load(tmp_path / "kept"), pixels, token_ids), changed)


def test_convnext_attends_inside_windows_of_its_map():
    backbone = load_backbone(small_config("convnext_base"))
    layouts = [backbone.layout("image", block) for block in backbone.blocks("image")]
    assert [layout.size for layout in layouts] == [(56, 56), (28, 28), (14, 14), (7, 7)]
    assert {layout.window for layout in layouts} == {(7, 7)}
    features = torch.randn(2, 14, 14, 16)
    tokens = layouts[2].split(features).tokens
    assert tokens.shape == (2 * 4, 49, 16)
    assert torch.equal(tokens[1].view(7, 7, 16), features[0, :7, 7:])
    assert torch.equal(layouts[2].join(tokens, 2), features)


def test_an_image_that_does_not_divide_into_places_takes_lora_but_not_harma():
    config = small_config("convnext_base")
    config["vision_cfg"]["image_size"] = 72
    backbone = load_backbone(config)
    with pytest.raises(BackboneError, match="images of 72 × 72 do not divide into places of 16"):
        adapted(backbone, "harma")
    adapted(load_backbone(config), "lora")


def test_blocks_of_other_kinds_are_refused():
    with pytest.raises(BackboneError, match="a block of x is a Linear with the MLP NoneType"):
        block_mlp(nn.Linear(2, 2), "x")
    with pytest.raises(BackboneError, match="a block of x is a Linear with the MLP NoneType"):
        block_mlp_norm(nn.Linear(2, 2), "x")


def test_lengths_count_to_the_last_token_that_is_no_padding():
    ids = torch.tensor([[5, 1, 6, 1, 1], [1, 1, 1, 1, 1], [7, 7, 7, 7, 7]])
    assert read_lengths(ids, 1).tolist() == [3, 1, 5]
