"""LoRA in attention, against plain attention with the updates added by hand."""

import builtins

import pytest
import torch
from torch import nn

from harma.backbones import load_backbone
from harma.errors import BackboneError, ConfigError, MissingDependencyError
from harma.methods.lora import LoraConfig, attach_lora


@torch.no_grad()
def test_every_map_gets_its_update_exactly_once(backbone):
    block = backbone.blocks("image")[1]
    plain = {name: p.clone() for name, p in block.named_parameters()}
    state = attach_lora(backbone, LoraConfig(rank=4, alpha=6)).state()
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
            parameter += 6 / 4 * state[f"{layer}.lora_B.weight"] @ state[f"{layer}.lora_A.weight"]
    x = torch.randn(2, 5, 32)
    for training in (True, False):
        torch.testing.assert_close(
            block.train(training)(x), reference.train(training)(x), rtol=1e-4, atol=1e-5
        )


@torch.no_grad()
def test_attention_made_of_linear_maps_gets_the_same_updates(tiny_dual):
    torch.manual_seed(0)
    backbone = load_backbone(tiny_dual)
    ids = backbone.tokenize(["a red roof", "green"])
    plain = {name: tensor.clone() for name, tensor in backbone.weights().items()}
    attachment = attach_lora(backbone, LoraConfig(rank=3, alpha=5))
    state = attachment.state()
    for tensor in state.values():
        nn.init.normal_(tensor, std=0.1)
    # Of the text tower's blocks: four maps of attention and two of the MLP, two updates each.
    layers = {name.rpartition(".lora_")[0] for name in state if name.startswith("text.")}
    assert len(layers) == 2 * (4 + 2)
    for layer in layers:
        index, _, name = layer.removeprefix("text.").partition(".")
        weight = plain[f"text.encoder.encoder.layer.{index}.{name}.weight"]
        weight += 5 / 3 * state[f"{layer}.lora_B.weight"] @ state[f"{layer}.lora_A.weight"]
    reference = load_backbone(tiny_dual, weights=plain)
    torch.testing.assert_close(backbone.encode_text(ids), reference.encode_text(ids))


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


def test_other_attention_is_refused(backbone):
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


@pytest.mark.parametrize("option", ["rank", "alpha"])
def test_options_outside_their_range_are_refused(option):
    with pytest.raises(ConfigError, match=f"{option} is 0; it must be a whole number from 1"):
        LoraConfig(**{option: 0})
