"""The training loop: epochs of steps, validation that keeps the best model, checkpoints.

With `step` this is all of a training; what is used here was made from a recipe by `cut`.
"""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from lightning_fabric import Fabric
from torch import Tensor

from harma.errors import ConfigError, TrainingError
from harma.training.agreed import agreed_gradients
from harma.training.checkpoints import TrainingState
from harma.training.display import TrainingDisplay
from harma.training.events import EventLog
from harma.training.graphs import GraphedGradients
from harma.training.parts import TrainingParts
from harma.training.results import save_best, validate
from harma.training.run import Progress, RunDirectory
from harma.training.step import (
    Batch,
    StepResult,
    compute_gradients,
    first_chunk_size,
    smaller_chunk,
)

# Keeps the seeds of neighbouring steps apart.
SEED_STRIDE = 7919


class Trainer:
    """One run's training: its parts, and how far it has come.

    Args:
        fabric: launched.
        run: where to write.
        parts: what is used.
    """

    def __init__(self, fabric: Fabric, run: RunDirectory, parts: TrainingParts) -> None:
        self.fabric = fabric
        self.run = run
        self.parts = parts
        self.progress = Progress(
            chunk_size=first_chunk_size(parts.gradients.chunk_size, fabric),
            step_precision=parts.gradients.step_precision,
            # What is computed before the first epoch would else be part of each.
            seconds=parts.feed.seconds,
        )
        self.state = TrainingState(
            parts.model, parts.updates.optimizer, fabric, parts.made_from, parts.averages
        )
        self.events = EventLog(run, enabled=fabric.is_global_zero, tensorboard=parts.tensorboard)
        self._graphed = GraphedGradients() if parts.gradients.cuda_graphs else None
        self._unread: list[Tensor] = []

    def fit(self, *, resume: bool = False) -> Progress:
        """Train until the last epoch, or until patience runs out.

        Args:
            resume: go on where the run's checkpoint was written; the end is the same.

        Returns:
            How far the run has come, with its best figure.
        """
        try:
            self._fit(resume=resume)
        finally:
            # Whatever ended it: workers read on as long as nobody stops them.
            self.parts.feed.reader.end()
        return self.progress

    def _fit(self, *, resume: bool) -> None:
        epochs = self.parts.timetable.epochs
        num_steps = epochs * self.parts.feed.batches.batches_per_epoch
        if resume:
            self._restore()
        self.parts.model.step_precision = self.progress.step_precision
        self.events.open(self.progress.step + 1)
        with TrainingDisplay(num_steps, epochs, enabled=self.fabric.is_global_zero) as display:
            display.resumed(self.progress.step)
            while self.progress.epoch <= epochs and not self._out_of_patience:
                start = time.perf_counter()
                self._run_epoch(display)
                # Without validation: methods are compared by the time that training takes.
                self.progress.seconds += time.perf_counter() - start
                self._end_epoch(display)
        self.events.close()

    # -- an epoch ---------------------------------------------------------------------------------

    def _run_epoch(self, display: TrainingDisplay) -> None:
        """Train from the batch the progress names to the end of its epoch."""
        progress = self.progress
        feed = self.parts.feed
        timetable = self.parts.timetable
        # Validation left it in evaluation mode.
        self.parts.model.train()
        # A resumed epoch goes on with its first batch that is not done.
        for batch in feed.rest_of(progress.epoch, progress.batch):
            self._step(batch)
            progress.batch += 1
            progress.step += 1
            is_last = progress.batch == feed.batches.batches_per_epoch
            if progress.step % timetable.log_every == 0 or is_last:
                loss = self._read_losses()
                # Groups differ in weight decay alone, so that the first has the rate of all.
                rate = float(self.parts.updates.optimizer.param_groups[0]["lr"])
                self._log("step", epoch=progress.epoch, step=progress.step, loss=loss, lr=rate)
                display.step(progress.epoch, progress.step, loss, rate)
            if timetable.checkpoint_every and progress.step % timetable.checkpoint_every == 0:
                self._checkpoint()

    def _end_epoch(self, display: TrainingDisplay) -> None:
        """Log, validate, keep the best model, checkpoint."""
        progress = self.progress
        timetable = self.parts.timetable
        mean = progress.epoch_loss / max(1, self.parts.feed.batches.batches_per_epoch)
        self._log("epoch", epoch=progress.epoch, loss=mean, seconds=progress.seconds)
        display.epoch(progress.epoch, mean, progress.seconds)
        is_last = progress.epoch == timetable.epochs
        if progress.epoch % timetable.validate_every == 0 or is_last:
            with self._averaged():
                self._choose(display)
        # A checkpoint here is one of the next epoch, before its first batch.
        progress.epoch += 1
        progress.batch = 0
        progress.epoch_loss = 0.0
        self._checkpoint()

    def _averaged(self) -> AbstractContextManager[None]:
        """Within this context the model has its averaged weights, if the run keeps them."""
        if self.parts.averages is None:
            return nullcontext()
        return self.parts.averages.applied()

    def _choose(self, display: TrainingDisplay) -> None:
        """Validate the model as it is now, and keep it if it is the best so far."""
        progress = self.progress
        key = self.parts.selection.key
        metrics = validate(self.fabric, self.parts.model, self.parts.selection)
        if key not in metrics:
            raise ConfigError(f"train.select_by is {key!r}; allowed are {', '.join(metrics)}")
        figure = metrics[key]
        if not math.isfinite(figure):
            raise TrainingError(
                f"{key}, which chooses the model, is {figure} in epoch {progress.epoch}; it must"
                " be a number"
            )
        # Of equal ones the first: it took the least training.
        is_better = figure > progress.best
        if is_better:
            progress.best = figure
            progress.best_epoch = progress.epoch
            progress.stale = 0
        else:
            progress.stale += 1
        self._log("validation", epoch=progress.epoch, seconds=progress.seconds, **metrics)
        display.validation(progress.epoch, key, figure, best=is_better)
        if is_better and self.fabric.is_global_zero:
            save_best(
                self.run,
                self.parts.model,
                self.parts.subject,
                self.parts.feed.pairs.split,
                epoch=progress.epoch,
                metrics=metrics,
            )

    @property
    def _out_of_patience(self) -> bool:
        patience = self.parts.timetable.patience
        return patience is not None and self.progress.stale >= patience

    # -- a step -----------------------------------------------------------------------------------

    def _step(self, batch: Batch) -> None:
        """One step: the learning rate, gradients, the update, and what follows the weights."""
        updates = self.parts.updates
        rate = updates.peak_rate * updates.schedule(self.progress.step)
        for group in updates.optimizer.param_groups:
            group["lr"] = rate
        result = self._gradients(batch)
        if updates.clip_norm is not None:
            # Gradients that overflow are the loss scaler's affair in fp16, and `_read_losses`'s
            # elsewhere.
            self.fabric.clip_gradients(
                self.parts.wrapped,
                updates.optimizer,
                max_norm=updates.clip_norm,
                error_if_nonfinite=False,
            )
        updates.optimizer.step()
        if updates.min_temperature is not None:
            self.parts.model.temperature.data.clamp_(min=updates.min_temperature)
        if self.parts.averages is not None:
            # Last, so that the average is of temperatures that were used.
            self.parts.averages.update()
        # Not read here: that would wait for the device in every step.
        self._unread.append(result.loss)

    def _gradients(self, batch: Batch) -> StepResult:
        """Gradients of a batch, in smaller chunks where a GPU's memory runs out."""
        progress = self.progress
        options = self.parts.gradients
        compute: Callable[..., StepResult] = self._graphed or compute_gradients
        # Several processes halve together.
        if options.chunk_size == "auto" and self.fabric.world_size > 1:
            compute = agreed_gradients
        # Seeding each step makes what is drawn in it the same in a resumed run.
        number = progress.step * self.fabric.world_size + self.fabric.global_rank
        while True:
            torch.manual_seed(options.seed + SEED_STRIDE * number)
            self.parts.updates.optimizer.zero_grad(set_to_none=True)
            try:
                with self._compiled():
                    return compute(
                        self.fabric,
                        self.parts.wrapped,
                        options.objective,
                        batch,
                        chunk_size=progress.chunk_size,
                        view_dropout=options.view_dropout,
                    )
            except torch.cuda.OutOfMemoryError as error:
                progress.chunk_size = smaller_chunk(
                    options.chunk_size, progress.chunk_size, len(batch.pixels), error
                )
                step = progress.step + 1
                self._log("chunks", epoch=progress.epoch, step=step, images=progress.chunk_size)
            # Only here, since the error held on to the attempt's tensors.
            torch.cuda.empty_cache()

    def _compiled(self) -> AbstractContextManager[None]:
        """Within this context blocks are compiled, if the run compiles them."""
        if self.parts.compiled is None:
            return nullcontext()
        return self.parts.compiled.used()

    def _read_losses(self) -> float:
        """Mean loss since the last look; read rarely, because a look waits for the device.

        Raises:
            TrainingError: a loss is not a finite number, or the temperature is none to divide by.
        """
        losses = torch.stack(self._unread).double().cpu()
        self._unread.clear()
        temperature = float(self.parts.model.temperature.detach())
        if not torch.isfinite(losses).all():
            raise TrainingError(f"{self._no_number()}{self._last_checkpoint()}")
        if temperature <= 0:
            raise TrainingError(
                f"the temperature became {temperature:g} in epoch {self.progress.epoch}, step"
                f" {self.progress.step}; it must stay above 0. Try a lower --optim.lr (now"
                f" {self.parts.updates.peak_rate:g}) or --loss.train_temperature false"
            )
        self.progress.epoch_loss += float(losses.sum())
        return float(losses.mean())

    def _no_number(self) -> str:
        return (
            f"the loss is not a finite number in epoch {self.progress.epoch}, step"
            f" {self.progress.step}; try a lower --optim.lr (now"
            f" {self.parts.updates.peak_rate:g}), --optim.clip_norm 1, or float32 precision."
        )

    def _last_checkpoint(self) -> str:
        if not self.run.state.exists():
            return ""
        return f" The last checkpoint is untouched: {self.run.state}"

    # -- what is written --------------------------------------------------------------------------

    def _log(self, event: str, **values: float) -> None:
        self.events.write(event, self.progress.step, values)

    def _checkpoint(self) -> None:
        """Write what `_restore` reads."""
        # A checkpoint must not hold a broken model.
        if self._unread:
            self._read_losses()
        if self.fabric.is_global_zero:
            self.run.save_state(self.state.checkpoint(), self.progress)
        # A process that went ahead could be killed with steps that the checkpoint does not have.
        self.fabric.barrier()

    def _restore(self) -> None:
        """Continue where the checkpoint was written, if there is one."""
        loaded = None
        if self.fabric.is_global_zero:
            loaded = self.run.load_state()
        loaded = self.fabric.broadcast(loaded)
        # Killed before its first checkpoint: it begins again.
        if loaded is None:
            return
        state, self.progress = loaded
        self.state.restore(self.run.state, state)
