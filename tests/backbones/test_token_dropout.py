"""Second views: values of tokens are dropped before the first block, in that call alone."""

import pytest
import torch

from harma.backbones import load_backbone
from harma.backbones.token_dropout import dropping_tokens
from harma.errors import BackboneError


@pytest.fixture
def dual(tiny_dual):
    torch.manual_seed(0)
    return load_backbone(tiny_dual)


def embedded(backbone, pixels):
    ids = backbone.tokenize(["a red roof", "green field"])
    return backbone.encode_image(pixels), backbone.encode_text(ids)


@pytest.mark.parametrize("kind", ["backbone", "dual"])
@torch.no_grad()
def test_views_differ_in_both_towers_and_leave_the_backbone_alone(request, kind, pixels):
    backbone = request.getfixturevalue(kind)
    plain = embedded(backbone, pixels)
    torch.manual_seed(0)
    view = dropping_tokens(backbone, 0.3)
    views = embedded(view, pixels)
    assert not any(torch.allclose(x, y, atol=1e-3) for x, y in zip(plain, views, strict=True))
    assert all(map(torch.equal, embedded(backbone, pixels), plain))
    assert all(map(torch.equal, embedded(dropping_tokens(backbone, 0.0), pixels), plain))


@torch.no_grad()
def test_as_many_are_dropped_as_is_said(backbone):
    seen = []
    block = backbone.blocks("image")[0]
    block.ln_1.register_forward_pre_hook(lambda norm, inputs: seen.append(inputs[0]))
    pixels = torch.randn(50, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    backbone.encode_image(pixels)
    torch.manual_seed(0)
    dropping_tokens(backbone, 0.3).encode_image(pixels)
    plain, dropped = seen
    kept = dropped != 0
    assert 0.68 < kept.double().mean().item() < 0.72
    torch.testing.assert_close(dropped[kept], plain[kept] / 0.7)


@pytest.mark.parametrize("kind", ["backbone", "dual"])
def test_what_is_run_again_in_the_backward_pass_drops_the_same(request, kind, pixels):
    backbone = request.getfixturevalue(kind)
    for module in backbone.modules():
        if isinstance(module, torch.nn.Dropout) or hasattr(module, "drop_prob"):
            module.p = module.drop_prob = 0.0
    backbone.train()
    gradients = []
    for checkpointed in (False, True):
        backbone.set_gradient_checkpointing(checkpointed)
        backbone.zero_grad()
        torch.manual_seed(3)
        sum(x.square().sum() for x in embedded(dropping_tokens(backbone, 0.4), pixels)).backward()
        gradients.append({n: p.grad for n, p in backbone.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, msg=name)


def test_a_tower_without_blocks_is_named(tiny_dual):
    image = {"timm": "resnet18", "weights": None}
    with torch.device("meta"):
        backbone = load_backbone({**tiny_dual, "image": image})
    with pytest.raises(BackboneError, match="the image tower resnet18 is a ResNet"):
        dropping_tokens(backbone, 0.2)
