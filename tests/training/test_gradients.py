"""Gradients over chunks and over processes are those of the whole batch."""

import pytest
import torch
from lightning_fabric import Fabric

from harma.adapters import AdapterConfig
from harma.backbones import load_backbone
from harma.model import HarMA
from harma.training.objective import Objective
from harma.training.step import Batch, compute_gradients

TERMS = {"contrastive": 1.0, "weighted_triplet": 0.5, "affiliation": 0.3}


def make_model(config):
    torch.manual_seed(0)
    model = HarMA(
        load_backbone(config, dtype=torch.float64),
        AdapterConfig(bottleneck_dim=16, num_heads=2, shared_towers=("image", "text"), text_attention="causal"),
    ).double()
    generator = torch.Generator().manual_seed(1)
    for parameter in model.trained_parameters().values():
        parameter.data.add_(0.2 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return model


def make_batch(model, size=8):
    generator = torch.Generator().manual_seed(2)
    return Batch(
        torch.randn(size, 3, 32, 32, generator=generator, dtype=torch.float64),
        model.tokenize([f"place {i} with {'houses ' * (i % 3)}" for i in range(size)]),
        torch.arange(size) // 2,
        torch.arange(size) % 3,
    )


def gradients(fabric, model, batch, chunk_size=None):
    wrapped = fabric.setup_module(model)
    model.zero_grad(set_to_none=True)
    result = compute_gradients(fabric, wrapped, Objective(TERMS), batch, chunk_size=chunk_size)
    return result.loss, {name: p.grad.clone() for name, p in model.trained_parameters().items()}


def assert_same(got, expected, tolerance=1e-6):
    assert got.keys() == expected.keys()
    for name, reference in expected.items():
        assert reference.abs().max() > 0, name
        assert (got[name] - reference).abs().max() <= tolerance * reference.abs().max(), name


@pytest.mark.parametrize("chunk_size", [1, 3, 4, 8])
def test_gradient_caching_gives_the_gradients_of_the_whole_batch(tiny_config, chunk_size):
    fabric = Fabric(accelerator="cpu", devices=1, precision="64-true")
    model = make_model(tiny_config)
    batch = make_batch(model)
    loss, expected = gradients(fabric, model, batch)
    again, got = gradients(fabric, model, batch, chunk_size)
    assert torch.allclose(loss, again)
    assert_same(got, expected)


def _in_two_processes(fabric, config, chunk_size, directory):
    model = make_model(config)
    batch = make_batch(model)
    half = slice(4 * fabric.global_rank, 4 * fabric.global_rank + 4)
    loss, got = gradients(fabric, model, Batch(*(tensor[half] for tensor in batch)), chunk_size)
    if fabric.is_global_zero:
        torch.save((loss, got), f"{directory}/gradients.pt")


@pytest.mark.slow
@pytest.mark.parametrize("chunk_size", [None, 2])
def test_two_processes_give_the_gradients_of_one(tiny_config, tmp_path, chunk_size):
    fabric = Fabric(accelerator="cpu", devices=2, strategy="ddp_spawn", precision="64-true")
    fabric.launch(_in_two_processes, tiny_config, chunk_size, str(tmp_path))
    loss, got = torch.load(tmp_path / "gradients.pt")
    model = make_model(tiny_config)
    expected_loss, expected = gradients(
        Fabric(accelerator="cpu", devices=1, precision="64-true"), model, make_batch(model)
    )
    assert torch.allclose(loss, expected_loss)
    assert_same(got, expected)
