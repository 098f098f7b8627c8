"""The training loop."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from harma.backbones import load_backbone
from harma.data.cache import ImageCache
from harma.data.split import Split
from harma.errors import ConfigError, TrainingError
from harma.model import HarMA
from harma.training.batches import EpochBatches
from harma.training.build import build_model, load_splits, make_backbone, make_cache, make_fabric, make_loader
from harma.training.display import Display, event_writer
from harma.training.objective import Objective
from harma.training.optim import make_optimizer, make_schedule
from harma.training.recipe import Recipe
from harma.training.results import finish, save_best, validate
from harma.training.run import Progress, RunDirectory
from harma.training.step import compute_gradients


def train(recipe: Recipe, *, resume: bool = False) -> Path:
    """Run a recipe from data to report.

    Args:
        recipe: what to run.
        resume: continue the run in `recipe.output`; it ends as if it had not been interrupted.

    Returns:
        The run's directory.

    Raises:
        HarmaError: recipe, data or backbone are not usable, or the loss stopped being a number.
    """
    fabric = make_fabric(recipe)
    fabric.launch()
    run = RunDirectory(recipe.output)
    trains = recipe.method != "none"
    splits = load_splits(recipe.data, *(["train"] if trains else []), *dict.fromkeys([recipe.train.select_on, "test"]))
    fabric.seed_everything(recipe.train.seed, verbose=False)
    model = build_model(recipe, make_backbone(recipe))
    if fabric.is_global_zero and not resume:
        run.begin(recipe.to_dict())
        if model.backbone.is_random and recipe.method == "harma":
            # Nothing else could bring these weights back.
            model.backbone.save(run.backbone)
    fabric.barrier()
    if resume and run.backbone.is_dir():
        model.backbone.load_weights(load_backbone(f"local-dir:{run.backbone}").weights(), str(run.backbone))
    cache = make_cache(recipe.data)
    if trains:
        Trainer(fabric, recipe, run, model, splits, cache).fit(resume=resume)
    if fabric.is_global_zero:
        finish(recipe, run, model, splits, cache)
    fabric.barrier()
    return run.path


class Trainer:
    """One run's training: the parts a step needs, and how far it has come.

    Args:
        fabric: launched.
        recipe: what to run.
        run: where to write.
        model: on the CPU; trained in place.
        splits: the train split, and the one that selects the model.
        cache: decoded images.

    Raises:
        ConfigError: the recipe does not fit the data.
    """

    def __init__(
        self, fabric: Fabric, recipe: Recipe, run: RunDirectory, model: HarMA, splits: dict[str, Split],
        cache: ImageCache,
    ) -> None:  # fmt: skip
        self.fabric, self.recipe, self.run, self.model, self.cache = fabric, recipe, run, model, cache
        self.selection = splits[recipe.train.select_on]
        self.objective = Objective(recipe.loss.terms)
        if self.objective.needs_labels and splits["train"].labels is None:
            raise ConfigError("a loss of this recipe needs labels, and the training annotations have none")
        num_items = splits["train"].num_captions if recipe.data.sampling == "captions" else splits["train"].num_images
        self.batches = EpochBatches(
            num_items, recipe.data.batch_size, rank=fabric.global_rank, world_size=fabric.world_size,
            seed=recipe.train.seed,
        )  # fmt: skip
        self.pairs, loader = make_loader(recipe, splits["train"], model, cache, self.batches)
        self.loader = fabric.setup_dataloaders(loader, use_distributed_sampler=False)
        optim = recipe.optim
        optimizer = make_optimizer(
            model.trained_parameters().values(), optim.name, lr=optim.lr, weight_decay=optim.weight_decay,
            betas=optim.betas, eps=optim.eps, decay_scalars=optim.decay_scalars, options=optim.options,
        )  # fmt: skip
        self.factor = make_schedule(recipe.schedule.name, self._scheduled_steps(num_items), recipe.schedule.warmup)
        module: Any = torch.compile(model) if recipe.train.compile else model
        self.wrapped, self.optimizer = fabric.setup(module, optimizer)
        self.progress = Progress()
        self.events = event_writer(run.path) if recipe.train.tensorboard and fabric.is_global_zero else None
        self._unread: list[Tensor] = []

    @property
    def num_steps(self) -> int:
        """Steps of the whole run."""
        return self.recipe.train.epochs * self.batches.batches_per_epoch

    def _scheduled_steps(self, num_items: int) -> int:
        if self.recipe.schedule.exact_steps:
            return self.num_steps
        # The original counts the incomplete batch that it drops, so its learning rate ends above 0.
        return self.recipe.train.epochs * math.ceil(num_items / (self.batches.batch_size * self.batches.world_size))

    def fit(self, *, resume: bool = False) -> None:
        """Train until the last epoch, or until patience runs out."""
        if resume:
            self._restore()
        with Display(self.num_steps, self.recipe.train.epochs, enabled=self.fabric.is_global_zero) as display:
            display.resumed(self.progress.step)
            while self.progress.epoch <= self.recipe.train.epochs and not self._out_of_patience:
                with self._timed():
                    self._run_epoch(display)
                self._end_epoch(display)

    def _run_epoch(self, display: Display) -> None:
        """Train from the batch the progress names to the end of its epoch."""
        p, train = self.progress, self.recipe.train
        self.batches.start(p.epoch, p.batch)
        self.pairs.set_epoch(p.epoch)
        self.model.train()
        for batch in self.loader:
            self._step(batch)
            p.batch, p.step = p.batch + 1, p.step + 1
            if p.step % train.log_every == 0 or p.batch == self.batches.batches_per_epoch:
                loss = self._read_losses()
                self._log("step", epoch=p.epoch, step=p.step, loss=loss, lr=self._lr())
                display.step(p.epoch, p.step, loss, self._lr())
            if train.checkpoint_every and p.step % train.checkpoint_every == 0:
                self._checkpoint()

    def _step(self, batch: Any) -> None:
        """One step of the optimiser."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.optim.lr * self.factor(self.progress.step)
        # Seeding each step makes what is drawn in it the same in a resumed run.
        torch.manual_seed(
            self.recipe.train.seed + 7919 * (self.progress.step * self.fabric.world_size + self.fabric.global_rank)
        )
        self.optimizer.zero_grad(set_to_none=True)
        result = compute_gradients(
            self.fabric, self.wrapped, self.objective, batch, chunk_size=self.recipe.train.chunk_size
        )
        if self.recipe.optim.clip_norm is not None:
            self.fabric.clip_gradients(self.wrapped, self.optimizer, max_norm=self.recipe.optim.clip_norm)
        self.optimizer.step()
        self._unread.append(result.loss)

    def _end_epoch(self, display: Display) -> None:
        """Log, validate, keep the best model, checkpoint."""
        p = self.progress
        mean = p.epoch_loss / max(1, self.batches.batches_per_epoch)
        self._log("epoch", epoch=p.epoch, loss=mean, seconds=p.seconds)
        display.epoch(p.epoch, mean, p.seconds)
        if p.epoch % self.recipe.train.validate_every == 0 or p.epoch == self.recipe.train.epochs:
            self._validate(display)
        p.epoch, p.batch, p.epoch_loss = p.epoch + 1, 0, 0.0
        self._checkpoint()

    def _validate(self, display: Display) -> None:
        p = self.progress
        metrics = validate(self.fabric, self.recipe, self.model, self.selection, self.cache)
        key = self.recipe.train.select_by
        if key not in metrics:
            raise ConfigError(f"train.select_by is {key!r}; allowed are {', '.join(metrics)}")
        better = metrics[key] > p.best
        p.best, p.best_epoch, p.stale = (metrics[key], p.epoch, 0) if better else (p.best, p.best_epoch, p.stale + 1)
        self._log("validation", epoch=p.epoch, seconds=p.seconds, **metrics)
        display.validation(p.epoch, key, metrics[key], best=better)
        if better and self.fabric.is_global_zero:
            save_best(self.recipe, self.run, self.model, metrics, p, self.pairs.split)

    @property
    def _out_of_patience(self) -> bool:
        patience = self.recipe.train.patience
        return patience is not None and self.progress.stale >= patience

    @contextmanager
    def _timed(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.progress.seconds += time.perf_counter() - start

    def _lr(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def _read_losses(self) -> float:
        """Mean loss since the last look; read rarely, because a look waits for the device.

        Raises:
            TrainingError: a loss is not a finite number.
        """
        losses = torch.stack(self._unread).double().cpu()
        self._unread.clear()
        if not torch.isfinite(losses).all():
            raise TrainingError(
                f"the loss is not a finite number in epoch {self.progress.epoch}, step {self.progress.step}; "
                f"try a lower --optim.lr (now {self.recipe.optim.lr:g}), --optim.clip_norm 1, or float32 precision. "
                f"The last checkpoint is untouched: {self.run.state}"
            )
        self.progress.epoch_loss += float(losses.sum())
        return float(losses.mean())

    def _log(self, event: str, **values: float) -> None:
        if self.fabric.is_global_zero:
            self.run.write_log(event, **values)
        if self.events is not None:
            for name, value in values.items():
                self.events.add_scalar(f"{event}/{name}", value, self.progress.step)
            self.events.flush()

    def _checkpoint(self) -> None:
        """Write what `_restore` reads."""
        if self._unread:
            self._read_losses()
        if self.fabric.is_global_zero:
            self.run.save_state(
                {
                    "model": _training_state(self.model),
                    "optimizer": self.optimizer.state_dict(),
                    "precision": self.fabric.strategy.precision.state_dict(),
                    "world_size": self.fabric.world_size,
                },
                self.progress,
            )
        self.fabric.barrier()

    def _restore(self) -> None:
        """Continue where the checkpoint was written, if there is one."""
        loaded = self.run.load_state() if self.fabric.is_global_zero else None
        loaded = self.fabric.broadcast(loaded)
        if loaded is None:
            return
        state, self.progress = loaded
        if state["world_size"] != self.fabric.world_size:
            raise TrainingError(
                f"the run was begun with {state['world_size']} processes and is resumed with {self.fabric.world_size}; "
                "batches would differ. Resume it with as many as before"
            )
        # Strict on what training changes: a name that is missing or too many is an error.
        self.model.load_state_dict({**self.model.state_dict(), **state["model"]})
        self.optimizer.load_state_dict(state["optimizer"])
        self.fabric.strategy.precision.load_state_dict(state["precision"])


def _training_state(model: HarMA) -> dict[str, Tensor]:
    """What training changes: weights that train, and buffers."""
    changing = model.trained_parameters().keys() | dict(model.named_buffers()).keys()
    return {name: tensor for name, tensor in model.state_dict().items() if name in changing}
