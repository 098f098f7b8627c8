"""The gradients of a step as a CUDA graph: its kernels are recorded once, then started all at once.

A step has some thousand small kernels. To start them one by one takes a processor longer than they
take a recent GPU, which waits.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule
from torch import Tensor, nn

from harma.ground.messages import first_line
from harma.training.objective import Objective
from harma.training.step import Batch, StepResult, compute_gradients

log = logging.getLogger(__name__)

# Steps of a shape before it is recorded: in these, algorithms are chosen and kernels compiled.
STEPS_BEFORE = 2

_Compute = Callable[[Batch], StepResult]
_Shape = tuple[torch.Size, ...]


class _Recording(NamedTuple):
    """A graph, with the tensors that it reads and writes."""

    graph: torch.cuda.CUDAGraph
    batch: Batch
    result: StepResult
    gradients: list[tuple[nn.Parameter, Tensor]]

    def of(self, batch: Batch) -> StepResult:
        """Set the gradients of a batch of the recorded shape."""
        for read, given in zip(self.batch, batch, strict=True):
            read.copy_(given, non_blocking=True)
        self.graph.replay()
        for parameter, gradient in self.gradients:
            parameter.grad = gradient
        # Copies, since the next batch is written to the same memory.
        parts = {name: part.clone() for name, part in self.result.parts.items()}
        return StepResult(self.result.loss.clone(), parts)


class GraphedGradients:
    """`compute_gradients`, from a recording where a batch is computed whole.

    There is a recording for each shape of batch that comes a third time. What cannot be recorded (a
    loss that looks at its values, too little memory) is computed as ever. What Python does in a
    step, it does in the recorded one alone: see `records_steps`.
    """

    def __init__(self) -> None:
        self._recordings: dict[_Shape, _Recording] = {}
        self._steps: Counter[_Shape] = Counter()
        self._can_record = True

    def __call__(
        self,
        fabric: Fabric,
        model: _FabricModule,
        objective: Objective,
        batch: Batch,
        *,
        chunk_size: int | None,
        view_dropout: float,
    ) -> StepResult:
        """Set the gradients of one batch; the parameters have none yet.

        Args:
            fabric: one process on a GPU.
            model: as `compute_gradients`; the same in every call, as are the objective and the
                dropout.
            objective: the total loss.
            batch: the pairs, on the GPU.
            chunk_size: as `compute_gradients`; chunks are not recorded.
            view_dropout: as `compute_gradients`.

        Returns:
            The loss of the whole batch.
        """

        def compute(batch: Batch) -> StepResult:
            return compute_gradients(
                fabric, model, objective, batch, chunk_size=chunk_size, view_dropout=view_dropout
            )

        if chunk_size is not None and chunk_size < len(batch.pixels):
            # Memory lacks where smaller chunks are taken, and recordings hold much of it.
            self._give_up()
        shape = tuple(tensor.shape for tensor in batch)
        if self._is_due(shape):
            self._record(shape, compute, model, batch)
        if shape in self._recordings:
            return self._recordings[shape].of(batch)
        if not self._can_record:
            return compute(batch)
        self._steps[shape] += 1
        # Not on the main stream, as torch asks for of the steps before a recording.
        with _another_stream():
            return compute(batch)

    def _is_due(self, shape: _Shape) -> bool:
        is_known = shape in self._recordings
        return self._can_record and not is_known and self._steps[shape] == STEPS_BEFORE

    def _record(self, shape: _Shape, compute: _Compute, model: _FabricModule, batch: Batch) -> None:
        """Record a step, or find out that it cannot be."""
        # All in the same memory: no two are needed at once.
        pool = next((known.graph.pool() for known in self._recordings.values()), None)
        graph = torch.cuda.CUDAGraph()
        inputs = Batch(*(tensor.clone() for tensor in batch))
        try:
            with torch.cuda.graph(graph, pool=pool):
                result = compute(inputs)
        except RuntimeError as error:
            # Whatever it is: computed as ever, it is no error, or one that is raised then.
            log.warning(
                "the steps of this run cannot be recorded (%s): the GPU is given their kernels one"
                " by one; --train.cuda_graphs false does not try",
                first_line(error, length=160),
            )
            self._give_up()
            model.zero_grad(set_to_none=True)
            return
        gradients = [(p, p.grad) for p in model.parameters() if p.grad is not None]
        self._recordings[shape] = _Recording(graph, inputs, result, gradients)

    def _give_up(self) -> None:
        self._can_record = False
        self._recordings.clear()


@contextmanager
def _another_stream() -> Iterator[None]:
    """Within this context kernels are started on a stream of their own, in their turn."""
    main = torch.cuda.current_stream()
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(main)
    with torch.cuda.stream(stream):
        yield
    main.wait_stream(stream)
