"""What a person sees of a running training."""

from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from harma.errors import MissingDependencyError


def event_writer(run: Path, step: int) -> Any:
    """A writer of TensorBoard events in a run's directory.

    Args:
        run: the directory.
        step: the next one; what a run that was interrupted wrote from there on is not shown.

    Raises:
        MissingDependencyError: tensorboard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingDependencyError(
            "train.tensorboard needs tensorboard, which is not installed: pip install"
            " 'harma[tensorboard]'"
        ) from error
    writer: Any = SummaryWriter(str(run / "tensorboard"), purge_step=step)
    return writer


class Display:
    """A bar with the time left on a terminal; a line per epoch elsewhere.

    Args:
        num_steps: steps of the whole run.
        num_epochs: epochs of the whole run.
        enabled: False shows nothing (all processes but the first).
    """

    def __init__(self, num_steps: int, num_epochs: int, *, enabled: bool = True) -> None:
        self.num_epochs = num_epochs
        self.console = Console(stderr=True, quiet=not enabled)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("steps"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self.console,
            disable=not enabled or not self.console.is_terminal,
        )
        self.task = self.bar.add_task("training", total=num_steps, note="")

    def __enter__(self) -> "Display":
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def resumed(self, step: int) -> None:
        """Show a run that continues at a step."""
        if step:
            self.console.print(f"resumed after step {step}")
            self.bar.update(self.task, completed=step)

    def step(self, epoch: int, step: int, loss: float, lr: float) -> None:
        """Show a step."""
        self.bar.update(
            self.task,
            completed=step,
            description=f"epoch {epoch}/{self.num_epochs}",
            note=f"loss {loss:.4f}  lr {lr:.2e}",
        )

    def epoch(self, epoch: int, loss: float, seconds: float) -> None:
        """Show the end of an epoch."""
        line = f"epoch {epoch}/{self.num_epochs}  loss {loss:.4f}  {seconds:.0f} s"
        self.console.print(line, highlight=False)

    def validation(self, epoch: int, key: str, value: float, *, best: bool) -> None:
        """Show a validation."""
        self.console.print(
            f"  validation {key} {value:.2f}{'  (best so far)' if best else ''}", highlight=False
        )
