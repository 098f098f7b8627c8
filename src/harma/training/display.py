"""What a person sees of a running training: a progress bar, a line per epoch."""

from types import TracebackType

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from harma.ground.progress import make_bars


class TrainingDisplay:
    """A bar with the time left on a terminal; a line per epoch elsewhere.

    Args:
        num_steps: steps of the whole run.
        num_epochs: epochs of the whole run.
        enabled: False shows nothing (all processes but the first).
    """

    def __init__(self, num_steps: int, num_epochs: int, *, enabled: bool = True) -> None:
        self.num_epochs = num_epochs
        self.bar = make_bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("steps"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            enabled=enabled,
        )
        # Not standard output, which holds the figures.
        self.console = self.bar.console
        self.task = self.bar.add_task("training", total=num_steps, note="")

    def __enter__(self) -> "TrainingDisplay":
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
        # A run that begins is none that continues.
        if step:
            self.console.print(f"resumed after step {step}")
            self.bar.update(self.task, completed=step)

    def step(self, epoch: int, step: int, loss: float, rate: float) -> None:
        """Show a step and its learning rate."""
        self.bar.update(
            self.task,
            completed=step,
            description=f"epoch {epoch}/{self.num_epochs}",
            note=f"loss {loss:.4f}  lr {rate:.2e}",
        )

    def epoch(self, epoch: int, loss: float, seconds: float) -> None:
        """Show the end of an epoch."""
        line = f"epoch {epoch}/{self.num_epochs}  loss {loss:.4f}  {seconds:.0f} s"
        self.console.print(line, highlight=False)

    def validation(self, epoch: int, key: str, value: float, *, best: bool) -> None:
        """Show a validation."""
        mark = "  (best so far)" if best else ""
        self.console.print(f"  validation {key} {value:.2f}{mark}", highlight=False)
