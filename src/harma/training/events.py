"""The events of a run: a line each in log.jsonl, and TensorBoard's files where asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from harma.errors import MissingDependencyError
from harma.training.run import RunDirectory


class ScalarWriter(Protocol):
    """What we use of TensorBoard's `SummaryWriter`."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None:
        """Write a figure of a step."""

    def flush(self) -> None:
        """Write what is waiting."""

    def close(self) -> None:
        """Write what is waiting, and end."""


class EventLog:
    """Writes what happens in a run, in the one process that writes.

    Args:
        run: where to.
        enabled: False writes nothing (all processes but the first).
        tensorboard: also write TensorBoard's events.
    """

    def __init__(self, run: RunDirectory, *, enabled: bool, tensorboard: bool) -> None:
        self.run = run
        self.enabled = enabled
        self.tensorboard = tensorboard
        self._scalars: ScalarWriter | None = None

    def open(self, step: int) -> None:
        """Begin with a step; what an interrupted run wrote from there on is no longer shown.

        Raises:
            MissingDependencyError: tensorboard is asked for and not installed.
        """
        if self.enabled and self.tensorboard:
            self._scalars = _summary_writer(self.run.path / "tensorboard", step)

    def write(self, event: str, step: int, values: Mapping[str, float]) -> None:
        """Write an event that follows a step.

        Args:
            event: its kind, such as "validation".
            step: steps of the run that are done.
            values: its figures by name.
        """
        if not self.enabled:
            return
        self.run.write_log(event, **values)
        if self._scalars is not None:
            for name, value in values.items():
                self._scalars.add_scalar(f"{event}/{name}", value, step)
            # Else TensorBoard would show a running training minutes late.
            self._scalars.flush()

    def close(self) -> None:
        """End; nothing is written after it."""
        if self._scalars is not None:
            self._scalars.close()


def _summary_writer(directory: Path, step: int) -> ScalarWriter:
    try:
        from torch.utils.tensorboard import SummaryWriter  # an extra
    except ImportError as error:
        raise MissingDependencyError(
            "train.tensorboard needs tensorboard, which is not installed: pip install"
            " 'harma[tensorboard]'"
        ) from error
    writer: ScalarWriter = SummaryWriter(str(directory), purge_step=step)
    return writer
