"""Gradients that processes agree on are those of one process; out of memory in one is so in all."""

import pytest
import torch
from lightning_fabric import Fabric
from tests.training.test_step import ALL, assert_same, gradients, make_batch, make_model

from harma.training import agreed
from harma.training.agreed import agreed_gradients
from harma.training.objective import Objective
from harma.training.step import Batch


def _in_two_processes(fabric, config, directory):
    model = make_model(config)
    batch = make_batch(model, captions=2)
    rank = fabric.global_rank
    half = Batch(*(tensor[4 * rank : 4 * rank + 4] for tensor in batch))
    wrapped = fabric.setup_module(model)
    results = {}

    def attempt(chunk_size):
        model.zero_grad(set_to_none=True)
        options = {"chunk_size": chunk_size, "view_dropout": 0.0}
        loss = agreed_gradients(fabric, wrapped, Objective(ALL), half, **options).loss
        return loss, {name: p.grad.clone() for name, p in model.trained_parameters().items()}

    for chunk_size in (None, 3, 1):
        results[chunk_size] = attempt(chunk_size)
    # In the second process alone memory runs out: as it embeds, in the loss, on the way back.
    for name in ("embed", "total_loss", "with_gradients"):
        with pytest.MonkeyPatch.context() as patched:
            if rank == 1:
                patched.setattr(agreed, name, _without_memory)
            try:
                attempt(2)
            except torch.cuda.OutOfMemoryError as error:
                results[name] = str(error)
        results["again", name] = attempt(2)
    torch.save(results, f"{directory}/{rank}.pt")


def _without_memory(*_, **__):
    raise torch.cuda.OutOfMemoryError("CUDA out of memory")


@pytest.mark.slow
def test_two_processes_agree(tiny_config, tmp_path):
    fabric = Fabric(accelerator="cpu", devices=2, strategy="ddp_spawn", precision="64-true")
    fabric.launch(_in_two_processes, tiny_config, str(tmp_path))
    both = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    model = make_model(tiny_config)
    expected_loss, expected = gradients(
        Fabric(accelerator="cpu", devices=1, precision="64-true"),
        model,
        make_batch(model, captions=2),
        terms=ALL,
    )
    for results in both:
        for key in (None, 3, 1, *(("again", n) for n in ("embed", "total_loss", "with_gradients"))):
            loss, got = results[key]
            assert torch.allclose(loss, expected_loss)
            assert_same(got, expected)
    for name in ("embed", "total_loss", "with_gradients"):
        assert both[0][name] == "the memory of another process ran out"
        assert both[1][name] == "CUDA out of memory"
