"""Recorded steps: what is recorded when, and the gradients of what is played.

Without a GPU a stand-in plays: it computes again, from the tensors of the recording.
"""

from contextlib import contextmanager, nullcontext

import pytest
import torch
from lightning_fabric import Fabric
from tests.training.test_step import TERMS, make_batch, make_model

from harma.training import graphs
from harma.training.graphs import GraphedGradients
from harma.training.objective import Objective
from harma.training.step import compute_gradients


@pytest.fixture
def on_cpu(tiny_config, monkeypatch):
    """`Ways` of a small model on a CPU, with a stand-in for CUDA graphs."""

    fabric = Fabric(accelerator="cpu", devices=1, precision="64-true")
    ways = Ways(fabric, make_model(tiny_config), TERMS)

    class Graph:
        def pool(self):
            return "memory"

        def replay(self):
            of_this = next(r for r in ways.graphed._recordings.values() if r.graph is self)
            ways.played.append(len(of_this.batch.pixels))
            loss, gradients = ways.plain(of_this.batch)
            of_this.result.loss.copy_(loss)
            names = {parameter: name for name, parameter in ways.model.named_parameters()}
            for parameter, gradient in of_this.gradients:
                gradient.copy_(gradients[names[parameter]])

    @contextmanager
    def graph(made, pool):
        assert pool in (None, "memory")
        yield

    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(graphs, "_another_stream", nullcontext)
    return ways


class Ways:
    """Loss and gradients of a batch, as ever and by recordings."""

    def __init__(self, fabric, model, terms):
        self.fabric = fabric
        self.model = model
        self.objective = Objective(terms)
        self.wrapped = fabric.setup_module(model)
        self.graphed = GraphedGradients()
        self.played = []

    def plain(self, batch, **options):
        return self._of(compute_gradients, batch, options)

    def recorded(self, batch, **options):
        return self._of(self.graphed, batch, options)

    def _of(self, compute, batch, options):
        self.model.zero_grad(set_to_none=True)
        options = {"chunk_size": None, "view_dropout": 0.0, **options}
        loss = compute(self.fabric, self.wrapped, self.objective, batch, **options).loss
        trained = self.model.trained_parameters()
        return loss, {name: parameter.grad.clone() for name, parameter in trained.items()}


def moved(batch, number):
    """Another batch of the same shape."""
    return batch._replace(pixels=batch.pixels + 0.1 * number)


def assert_equal(got, expected):
    torch.testing.assert_close(got, expected, rtol=0, atol=0)


def on_gpu(batch):
    batch = batch._replace(pixels=batch.pixels.float())
    return type(batch)(*(tensor.cuda() for tensor in batch))


def test_steps_are_played_from_the_third_of_a_shape_on(on_cpu):
    large, small = make_batch(on_cpu.model), make_batch(on_cpu.model, size=4)
    for number in range(5):
        for batch in (moved(large, number), moved(small, number)):
            assert_equal(on_cpu.recorded(batch), on_cpu.plain(batch))
    assert on_cpu.played == [8, 4] * 3


def test_the_loss_of_a_step_stays_when_the_next_one_is_played(on_cpu):
    batches = [moved(make_batch(on_cpu.model), number) for number in range(4)]
    losses = [on_cpu.recorded(batch)[0] for batch in batches]
    assert_equal(losses, [on_cpu.plain(batch)[0] for batch in batches])
    assert len(set(map(float, losses))) == 4


def test_what_cannot_be_recorded_is_computed_as_ever_and_said_once(on_cpu, monkeypatch, caplog):
    @contextmanager
    def graph(made, pool):
        yield
        raise RuntimeError("CUDA error: operation not permitted\nwhen stream is capturing")

    monkeypatch.setattr(torch.cuda, "graph", graph)
    batch = make_batch(on_cpu.model)
    for number in range(5):
        assert_equal(on_cpu.recorded(moved(batch, number)), on_cpu.plain(moved(batch, number)))
    said = [record for record in caplog.records if "cannot be recorded" in record.message]
    assert len(said) == 1
    assert "operation not permitted" in said[0].message
    assert "--train.cuda_graphs false" in said[0].message


def test_chunks_are_not_recorded_and_recordings_are_let_go(on_cpu):
    batch = make_batch(on_cpu.model)
    for _ in range(3):
        on_cpu.recorded(batch)
    assert on_cpu.graphed._recordings
    for _ in range(4):
        assert_equal(on_cpu.recorded(batch, chunk_size=2), on_cpu.plain(batch, chunk_size=2))
    assert not on_cpu.graphed._recordings
    assert on_cpu.played == [8]


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@needs_gpu
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_played_gradients_are_equal_on_a_gpu(tiny_config, precision, caplog):
    fabric = Fabric(accelerator="cuda", devices=1, precision=precision)
    model = make_model(tiny_config).float().cuda()
    ways = Ways(fabric, model, {"contrastive": 1.0, "weighted_triplet": 1.0})
    for number in range(5):
        for size in (8, 4):
            batch = on_gpu(moved(make_batch(model, size=size), number))
            assert_equal(ways.recorded(batch), ways.plain(batch))
    assert len(ways.graphed._recordings) == 2
    assert "cannot be recorded" not in caplog.text


@needs_gpu
def test_a_loss_that_looks_at_its_values_is_computed_as_ever_on_a_gpu(tiny_config, caplog):
    fabric = Fabric(accelerator="cuda", devices=1, precision="32-true")
    model = make_model(tiny_config).float().cuda()
    # The second looks whether there are labels.
    ways = Ways(fabric, model, {"contrastive": 1.0, "affiliation": 1.0})
    batch = on_gpu(make_batch(model))
    for _ in range(5):
        assert_equal(ways.recorded(batch), ways.plain(batch))
    assert not ways.graphed._recordings
    assert "cannot be recorded" in caplog.text
