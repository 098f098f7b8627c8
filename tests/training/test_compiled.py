"""Compiled blocks: used in steps alone, with the results of what is not compiled."""

from functools import partial

import pytest
import torch
from tests.training.runs import adapter_weights, trained

from harma.backbones import load_backbone
from harma.errors import BackboneError
from harma.training.compiled import CompiledBlocks

# As torch.compile, as far as it needs no compiler on the machine.
TRACED = partial(torch.compile, backend="eager")


def test_blocks_are_compiled_within_the_context_alone(tiny_config, monkeypatch):
    backbone = load_backbone(tiny_config)
    used = []

    def counting(forward):
        def compiled(*args, **options):
            used.append(forward)
            return forward(*args, **options)

        return compiled

    monkeypatch.setattr(torch, "compile", counting)
    compiled = CompiledBlocks(backbone)
    pixels = torch.zeros(1, *backbone.preprocess.shape)
    before = backbone.encode_image(pixels)
    assert not used
    with compiled.used():
        within = backbone.encode_image(pixels)
    assert len(used) == len(backbone.blocks("image"))
    with pytest.raises(ZeroDivisionError), compiled.used():
        raise ZeroDivisionError
    torch.testing.assert_close(backbone.encode_image(pixels), before)
    torch.testing.assert_close(within, before)
    assert len(used) == len(backbone.blocks("image"))


def test_a_run_that_compiles_gives_the_weights_of_one_that_does_not(make_recipe, monkeypatch):
    values = {"precision": "float64"}
    plain = adapter_weights(trained(make_recipe("plain", train=values)))
    monkeypatch.setattr(torch, "compile", TRACED)
    compiled = adapter_weights(trained(make_recipe("compiled", train={**values, "compile": True})))
    for name, tensor in plain.items():
        torch.testing.assert_close(compiled[name], tensor, rtol=1e-6, atol=1e-9)


def test_a_tower_without_blocks_is_left_and_named(monkeypatch, caplog, tiny_config):
    backbone = load_backbone(tiny_config)
    of_text = backbone.blocks("text")

    def blocks(tower):
        if tower == "image":
            raise BackboneError("it has no transformer blocks")
        return of_text

    monkeypatch.setattr(backbone, "blocks", blocks)
    CompiledBlocks(backbone)
    assert "train.compile leaves the image tower as it is: it has no" in caplog.text
