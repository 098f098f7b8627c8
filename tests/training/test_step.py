"""Gradients over chunks and over processes are those of the whole batch; which chunks are tried."""

import warnings
from types import SimpleNamespace

import pytest
import torch
from lightning_fabric import Fabric

from harma.backbones import load_backbone
from harma.errors import TrainingError
from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA
from harma.training.objective import Objective
from harma.training.step import (
    IMAGES_OFF_GPU,
    Batch,
    compute_gradients,
    first_chunk_size,
    gathered,
    smaller_chunk,
)

TERMS = {"contrastive": 1.0, "weighted_triplet": 0.5, "affiliation": 0.3}
SEVERAL = {
    "duplicate_contrastive": 1.0,
    "weighted_triplet": {"exclude_duplicates": True},
    "intra_modal_triplet": 0.7,
}
ALL = {**TERMS, **SEVERAL}


def make_model(config):
    torch.manual_seed(0)
    model = HarMA(
        load_backbone(config, dtype=torch.float64),
        AdapterConfig(
            bottleneck_dim=16, num_heads=2, shared_towers=("image", "text"), text_attention="causal"
        ),
    ).double()
    generator = torch.Generator().manual_seed(1)
    for parameter in model.trained_parameters().values():
        parameter.data.add_(
            0.2 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        )
    return model


def make_batch(model, size=8, captions=1):
    generator = torch.Generator().manual_seed(2)
    texts = torch.arange(size * captions) % 7
    return Batch(
        torch.randn(size, 3, 32, 32, generator=generator, dtype=torch.float64),
        model.tokenize([f"place {i} with {'houses ' * (i % 3)}" for i in texts.tolist()]).view(
            size, captions, -1
        ),
        torch.arange(size) // 2,
        torch.arange(size) % 3,
        texts.view(size, captions),
    )


def gradients(fabric, model, batch, chunk_size=None, terms=TERMS):
    wrapped = fabric.setup_module(model)
    model.zero_grad(set_to_none=True)
    # Dropout would draw other numbers for other chunks.
    options = {"chunk_size": chunk_size, "view_dropout": 0.0}
    result = compute_gradients(fabric, wrapped, Objective(terms), batch, **options)
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


def test_several_captions_of_an_image_are_so_many_pairs(tiny_config):
    fabric = Fabric(accelerator="cpu", devices=1, precision="64-true")
    model = make_model(tiny_config)
    batch = make_batch(model, size=4, captions=3)
    as_pairs = Batch(
        batch.pixels.repeat_interleave(3, dim=0),
        batch.token_ids.view(12, 1, -1),
        batch.image_index.repeat_interleave(3),
        batch.labels.repeat_interleave(3),
        batch.caption_index.view(12, 1),
    )
    loss, got = gradients(fabric, model, batch, terms=SEVERAL)
    expected_loss, expected = gradients(fabric, model, as_pairs, terms=SEVERAL)
    assert torch.allclose(loss, expected_loss)
    assert_same(got, expected)


@pytest.mark.parametrize("chunk_size", [1, 3])
def test_gradient_caching_of_several_captions_and_second_views(tiny_config, chunk_size):
    fabric = Fabric(accelerator="cpu", devices=1, precision="64-true")
    model = make_model(tiny_config)
    batch = make_batch(model, size=4, captions=3)
    loss, expected = gradients(fabric, model, batch, terms=SEVERAL)
    again, got = gradients(fabric, model, batch, chunk_size, SEVERAL)
    assert torch.allclose(loss, again)
    assert_same(got, expected)


def test_second_views_lose_values_of_tokens_and_the_first_do_not(tiny_config):
    model = make_model(tiny_config)
    batch = make_batch(model)
    pixels, token_ids = batch.pixels, batch.token_ids.flatten(0, 1)
    plain = model(pixels, token_ids)
    I, T, _, I2, T2 = model(pixels, token_ids, view_dropout=0.5)
    assert torch.equal(I, plain[0])
    assert torch.equal(T, plain[1])
    assert (I2 - I).abs().max() > 1e-3
    assert (T2 - T).abs().max() > 1e-3
    assert all(torch.equal(a, b) for a, b in zip(model(pixels, token_ids), plain, strict=True)), (
        "no hook is left"
    )


def _in_two_processes(fabric, config, chunk_size, directory):
    model = make_model(config)
    batch = make_batch(model, captions=2)
    half = slice(4 * fabric.global_rank, 4 * fabric.global_rank + 4)
    loss, got = gradients(
        fabric, model, Batch(*(tensor[half] for tensor in batch)), chunk_size, ALL
    )
    rank = fabric.global_rank
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parts = gathered(fabric, torch.full((2, 1), rank)).flatten().tolist()
    if fabric.is_global_zero:
        torch.save((loss, got, parts), f"{directory}/gradients.pt")


@pytest.mark.slow
@pytest.mark.parametrize("chunk_size", [None, 2])
def test_two_processes_give_the_gradients_of_one(tiny_config, tmp_path, chunk_size):
    fabric = Fabric(accelerator="cpu", devices=2, strategy="ddp_spawn", precision="64-true")
    fabric.launch(_in_two_processes, tiny_config, chunk_size, str(tmp_path))
    loss, got, parts = torch.load(tmp_path / "gradients.pt")
    assert parts == [0, 0, 1, 1], "in the order of the ranks, without a word of torch's"
    model = make_model(tiny_config)
    expected_loss, expected = gradients(
        Fabric(accelerator="cpu", devices=1, precision="64-true"),
        model,
        make_batch(model, captions=2),
        terms=ALL,
    )
    assert torch.allclose(loss, expected_loss)
    assert_same(got, expected)


# -- chunks ---------------------------------------------------------------------------------------

ERROR = torch.cuda.OutOfMemoryError("CUDA out of memory.\nSee the documentation.")


def machine(device="cuda"):
    return SimpleNamespace(device=torch.device(device))


def test_a_gpu_is_tried_with_the_whole_batch():
    assert first_chunk_size("auto", machine()) is None
    assert first_chunk_size("auto", machine("cpu")) == IMAGES_OFF_GPU == 64
    assert first_chunk_size(5, machine()) == 5
    assert first_chunk_size(None, machine("cpu")) is None


@pytest.mark.parametrize(("used", "expected"), [(None, 15), (64, 15), (8, 4), (3, 1)])
def test_half_of_what_was_tried(used, expected):
    assert smaller_chunk("auto", used, 31, ERROR) == expected


@pytest.mark.parametrize(
    ("asked", "used", "images", "half"),
    [(16, 16, 16, 8), (None, None, 31, 15), ("auto", 1, 1, 1)],
)
def test_what_cannot_be_chosen_here_ends_the_run(asked, used, images, half):
    message = (
        rf"does not hold {images} images at once \(CUDA out of memory\.\); try"
        rf" --train\.chunk_size {half},"
    )
    with pytest.raises(TrainingError, match=message):
        smaller_chunk(asked, used, 31, ERROR)


def test_a_batch_comes_in_pieces(tiny_config):
    batch = Batch(*(torch.arange(7) + 10 * i for i in range(5)))
    pieces = list(batch.chunks(3))
    assert [len(piece.pixels) for piece in pieces] == [3, 3, 1]
    assert pieces[1].labels.tolist() == [33, 34, 35]


def test_dropout_is_drawn_alike_in_both_passes_of_gradient_caching(tiny_config):
    """Else gradients would belong to other embeddings than those they are sent back through."""
    fabric = Fabric(accelerator="cpu", devices=1, precision="64-true")
    model = make_model(tiny_config)
    batch = make_batch(model)
    wrapped = fabric.setup_module(model)
    passes = []
    handle = model.register_forward_hook(lambda module, inputs, output: passes.append(output))
    objective = Objective({"contrastive": 1.0, "intra_modal_triplet": 1.0})
    torch.manual_seed(3)
    compute_gradients(fabric, wrapped, objective, batch, chunk_size=4, view_dropout=0.5)
    handle.remove()
    assert len(passes) == 4
    for first, second in zip(passes[:2], passes[2:], strict=True):
        for one, other in zip(first, second, strict=True):
            assert torch.allclose(one, other, atol=1e-12)
    # The two chunks draw numbers of their own.
    assert not torch.equal(passes[0][3] - passes[0][0], passes[1][3] - passes[1][0])
