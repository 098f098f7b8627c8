"""LoRA in attention, against plain attention with the updates added by hand."""

import builtins

import pytest
import torch
from torch import nn

from harma.backbones import load_backbone
from harma.errors import BackboneError, MissingDependencyError
from harma.methods.lora import LoraConfig, attach_lora


@pytest.fixture
def backbone(tiny_config):
    return load_backbone(tiny_config)


@torch.no_grad()
def test_every_map_gets_its_update_exactly_once(backbone):
    block = backbone.blocks("image")[1]
    plain = {name: p.clone() for name, p in block.named_parameters()}
    state = attach_lora(backbone, LoraConfig(rank=4, alpha=8)).state()
    for tensor in state.values():
        nn.init.normal_(tensor, std=0.3)
    reference = backbone.__class__.blocks(load_backbone(backbone.config), "image")[1]
    updated = {
        "attn.in_proj_weight": "attn",
        "attn.out_proj.weight": "attn.out_proj",
        "mlp.c_fc.weight": "mlp.c_fc",
        "mlp.c_proj.weight": "mlp.c_proj",
    }
    for name, parameter in reference.named_parameters():
        parameter.copy_(plain[name])
        if name in updated:
            layer = f"image.1.{updated[name]}"
            parameter += 2 * state[f"{layer}.lora_B.weight"] @ state[f"{layer}.lora_A.weight"]
    x = torch.randn(2, 5, 32)
    for training in (True, False):
        torch.testing.assert_close(
            block.train(training)(x), reference.train(training)(x), rtol=1e-4, atol=1e-5
        )


def test_frozen_weights_do_not_drift(backbone):
    before = {name: tensor.clone() for name, tensor in backbone.weights().items()}
    for tensor in attach_lora(backbone, LoraConfig()).state().values():
        nn.init.normal_(tensor)
    for _ in range(3):
        backbone.encode_image(torch.randn(2, 3, 32, 32)).sum().backward()
    assert all(torch.equal(tensor, before[name]) for name, tensor in backbone.weights().items())


def test_names_on_disk_say_nothing_of_peft(backbone):
    names = attach_lora(backbone, LoraConfig()).state().keys()
    assert "text.0.attn.out_proj.lora_A.weight" in names
    assert len(names) == 4 * 4 * 2


def test_gradient_checkpointing_gives_the_same_gradients(backbone):
    pixels, gradients = torch.randn(2, 3, 32, 32), []
    state = attach_lora(backbone, LoraConfig()).state()
    for tensor in state.values():
        nn.init.normal_(tensor, std=0.1)
    for checkpointed in (False, True):
        backbone.set_gradient_checkpointing(checkpointed)
        backbone.train()
        backbone.zero_grad()
        backbone.encode_image(pixels.requires_grad_()).square().sum().backward()
        gradients.append([t.grad.clone() for name, t in state.items() if name.startswith("image")])
    for plain, again in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, again)


def test_other_attention_is_refused(tiny_config):
    backbone = load_backbone(tiny_config)
    backbone.blocks("text")[0].attn = nn.Identity()
    with pytest.raises(
        BackboneError, match="has no nn.MultiheadAttention, which method lora needs"
    ):
        attach_lora(backbone, LoraConfig())


def test_without_peft_it_says_what_to_install(backbone, monkeypatch):
    real = builtins.__import__

    def no_peft(name, *args, **kwargs):
        if name == "peft":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_peft)
    with pytest.raises(MissingDependencyError, match=r"pip install 'harma\[compare\]'"):
        attach_lora(backbone, LoraConfig())
