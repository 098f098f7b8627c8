"""Which of open_clip's architectures take LoRA, and with them how many published weights."""

import pytest
import torch
from tests.backbones.small import small_config, small_parts  # noqa: F401
from torch import nn

from harma.backbones import load_backbone
from harma.backbones.architecture import architecture_names, weight_tags
from harma.errors import BackboneError
from harma.methods.lora import LoraConfig, attach_lora

# What takes none: towers of convolutions alone, and mT5's, for which nothing is published.
REFUSED = ("RN", "MobileCLIP-S", "MobileCLIP2-S", "mt5-", "vit_relpos_")


def embedded(backbone):
    generator = torch.Generator().manual_seed(2)
    pixels = torch.randn(1, 3, *backbone.preprocess.size, generator=generator)
    token_ids = torch.randint(3, 300, (1, backbone.context_length), generator=generator)
    with torch.no_grad():
        return backbone.encode_image(pixels), backbone.encode_text(token_ids)


@pytest.mark.slow
@pytest.mark.usefixtures("small_parts")
def test_at_least_170_of_196_weight_tags_take_lora():
    taken = refused = 0
    for name in architecture_names():
        torch.manual_seed(0)
        backbone = load_backbone(small_config(name))
        tags = len(weight_tags(name))
        if name.startswith(REFUSED):
            refused += tags
            with pytest.raises(BackboneError, match="adapters go into"):
                attach_lora(backbone, LoraConfig(rank=2))
            continue
        # ConvNeXt's blocks begin at a millionth of themselves.
        for key, parameter in backbone.named_parameters():
            if key.endswith("gamma"):
                parameter.data.fill_(1)
        before = embedded(backbone)
        state = attach_lora(backbone, LoraConfig(rank=2)).state()
        at_first = embedded(backbone)
        for tensor in state.values():
            nn.init.normal_(tensor, std=0.2)
        after = embedded(backbone)
        for tower, plain, start, moved in zip(
            ("image", "text"), before, at_first, after, strict=True
        ):
            drift = float((start - plain).abs().max())
            assert drift < 1e-4, f"{name}: {tower} is another before training"
            change = float((moved - plain).abs().max())
            assert change > max(10 * drift, 1e-7), f"{name}: {tower} is not updated"
        taken += tags
    assert (taken, refused) == (174, 22)
    assert taken >= 170


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(
    "name",
    [
        "ViT-B-16-SigLIP2",
        "PE-Core-B-16",
        "EVA02-B-16",
        "EVA02-E-14",
        "ViTamin-S",
        "convnext_base",
        "MobileCLIP-B",
        "xlm-roberta-base-ViT-B-32",
        "nllb-clip-base",
    ],
)
def test_every_update_of_every_layer_is_seen(name):
    """Alone each has a gradient: none is attached to a weight that is read past it."""
    torch.manual_seed(0)
    backbone = load_backbone(small_config(name)).requires_grad_(False)
    state = attach_lora(backbone, LoraConfig(rank=2)).state()
    for tensor in state.values():
        nn.init.normal_(tensor, std=0.2)
    pixels = torch.randn(2, 3, *backbone.preprocess.size)
    token_ids = torch.randint(3, 300, (2, backbone.context_length))
    total = backbone.encode_image(pixels).square().sum()
    total = total + backbone.encode_text(token_ids).square().sum()
    total.backward()
    assert [key for key, tensor in state.items() if not tensor.grad.abs().sum()] == []
