"""The training loop."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor

from harma.backbones import load_backbone
from harma.data.cache import ImageCache
from harma.data.split import Split
from harma.errors import ConfigError, TrainingError
from harma.evaluation.user_metrics import find_metrics
from harma.ground.lock import locked
from harma.metrics import SELECTION_KEYS
from harma.model.model import HarMA
from harma.training.averages import AveragedWeights
from harma.training.batches import EpochBatches
from harma.training.build import (
    build_model,
    load_splits,
    make_backbone,
    make_cache,
    make_fabric,
    make_loader,
)
from harma.training.checkpoints import checkpoint, restore
from harma.training.chunks import first_chunk_size, smaller_chunk
from harma.training.display import Display, event_writer
from harma.training.objective import Objective
from harma.training.optim import make_optimizer, make_schedule
from harma.training.recipe import Recipe
from harma.training.results import finish, save_best, validate
from harma.training.run import Progress, RunDirectory
from harma.training.step import StepResult, compute_gradients


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
    if fabric.is_global_zero and not resume:
        run.check_free()
    with locked(run.path, "training in") if fabric.is_global_zero else nullcontext():
        _train(fabric, recipe, run, resume=resume)
    fabric.barrier()
    return run.path


def _train(fabric: Fabric, recipe: Recipe, run: RunDirectory, *, resume: bool) -> None:
    """Build everything, then begin: a recipe that cannot be used leaves no run behind."""
    trains = recipe.method != "none"
    evaluated = recipe.train.evaluate_on
    needed = ["train", recipe.train.select_on, evaluated] if trains else [evaluated]
    splits = load_splits(recipe.data, *dict.fromkeys(needed))
    fabric.seed_everything(recipe.train.seed, verbose=False)
    backbone = make_backbone(recipe)
    if resume and run.backbone.is_dir():
        # Before the method is attached, which may keep what weights were; opening draws random
        # numbers of its own.
        with torch.random.fork_rng():
            backbone.load_weights(
                load_backbone(f"local-dir:{run.backbone}").weights(), str(run.backbone)
            )
    model = build_model(recipe, backbone)
    cache = make_cache(recipe.data)
    keeps_backbone = backbone.is_random and model.adapters is not None and not run.backbone.is_dir()
    if keeps_backbone and fabric.is_global_zero:
        # Nothing else could bring these weights back.
        backbone.save(run.backbone)
    trainer = Trainer(fabric, recipe, run, model, splits, cache) if trains else None
    if fabric.is_global_zero and not resume:
        run.begin(recipe.to_dict())
    fabric.barrier()
    if trainer is not None:
        trainer.fit(resume=resume)
    else:
        fabric.to_device(model)
    if fabric.is_global_zero:
        finish(recipe, run, model, splits, cache)


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
        self,
        fabric: Fabric,
        recipe: Recipe,
        run: RunDirectory,
        model: HarMA,
        splits: dict[str, Split],
        cache: ImageCache,
    ) -> None:
        self.fabric, self.recipe, self.run, self.model, self.cache = (
            fabric,
            recipe,
            run,
            model,
            cache,
        )
        self.selection = splits[recipe.train.select_on]
        self.objective = Objective(recipe.loss.terms)
        self._check_selection()
        if not self.objective.needs_temperature:
            # It would get no gradient, which several processes wait for, and only decay.
            model.temperature.requires_grad_(False)
        # What a checkpoint belongs to; a resumed run must find the same.
        self.made_from = {
            "backbone": self._frozen_hash(),
            "train": splits["train"].fingerprint(),
            recipe.train.select_on: self.selection.fingerprint(),
        }
        if self.objective.needs_views and recipe.train.gradient_checkpointing:
            # A block that is computed again in the backward pass would not lose the values it lost
            # before.
            raise ConfigError(
                "a loss of this recipe takes second views, which train.gradient_checkpointing"
                " cannot serve; train.chunk_size saves memory too"
            )
        if splits["train"].labels is None:
            without = [f"--loss.terms.{name} 0" for name in self.objective.taking_labels]
            without += ["--data.spread_labels false"] if recipe.data.spread_labels else []
            if without:
                raise ConfigError(
                    "the training annotations have no labels, which this recipe needs; without:"
                    f" {' '.join(without)}"
                )
        num_items = (
            splits["train"].num_captions
            if recipe.data.sampling == "captions"
            else splits["train"].num_images
        )
        self.batches = EpochBatches(
            num_items,
            recipe.data.batch_size,
            rank=fabric.global_rank,
            world_size=fabric.world_size,
            seed=recipe.train.seed,
            labels=self._labels_of_items(splits["train"]),
        )
        self.pairs, loader = make_loader(recipe, splits["train"], model, cache, self.batches)
        self.loader = fabric.setup_dataloaders(loader, use_distributed_sampler=False)
        optim = recipe.optim
        optimizer = make_optimizer(
            model.trained_parameters().values(),
            optim.name,
            lr=optim.lr,
            weight_decay=optim.weight_decay,
            betas=optim.betas,
            eps=optim.eps,
            decay_scalars=optim.decay_scalars,
            options=optim.options,
        )
        self.factor = make_schedule(
            recipe.schedule.name, self._scheduled_steps(num_items), recipe.schedule.warmup
        )
        module: Any = torch.compile(model) if recipe.train.compile else model
        self.wrapped, self.optimizer = fabric.setup(module, optimizer)
        decay = recipe.train.average_decay
        self.averages = (
            None if decay is None else AveragedWeights(model.trained_parameters(), decay)
        )
        self.progress = Progress(chunk_size=first_chunk_size(recipe.train.chunk_size, fabric))
        self.events: Any = None
        self._unread: list[Tensor] = []

    @property
    def num_steps(self) -> int:
        """Steps of the whole run."""
        return self.recipe.train.epochs * self.batches.batches_per_epoch

    def _labels_of_items(self, train: Split) -> NDArray[np.int64] | None:
        """Label of each item, where batches are to spread them."""
        if not self.recipe.data.spread_labels or train.labels is None:
            return None
        return (
            train.labels[train.caption_to_image]
            if self.recipe.data.sampling == "captions"
            else train.labels
        )

    def _frozen_hash(self) -> str:
        """Hash of the backbone's weights, where a saved model needs them beside it."""
        with self.model.without_adapters():
            return self.model.backbone.weights_hash() if self.model.adapters is not None else ""

    def _scheduled_steps(self, num_items: int) -> int:
        if self.recipe.schedule.exact_steps:
            return self.num_steps
        # The original counts the incomplete batch that it drops, so its learning rate ends above 0.
        return self.recipe.train.epochs * math.ceil(
            num_items / (self.batches.batch_size * self.batches.world_size)
        )

    def _check_selection(self) -> None:
        """Whether the metric that chooses the model is one, as far as that can be known before it is computed."""
        key, own = self.recipe.train.select_by, find_metrics(self.recipe.train.metrics)
        if key not in SELECTION_KEYS and not own:
            raise ConfigError(
                f"train.select_by is {key!r}; allowed are {', '.join(SELECTION_KEYS)}"
            )

    def fit(self, *, resume: bool = False) -> None:
        """Train until the last epoch, or until patience runs out."""
        if resume:
            self._restore()
        if self.recipe.train.tensorboard and self.fabric.is_global_zero:
            self.events = event_writer(self.run.path, self.progress.step + 1)
        with Display(
            self.num_steps, self.recipe.train.epochs, enabled=self.fabric.is_global_zero
        ) as display:
            display.resumed(self.progress.step)
            while self.progress.epoch <= self.recipe.train.epochs and not self._out_of_patience:
                with self._timed():
                    self._run_epoch(display)
                self._end_epoch(display)
        if self.events is not None:
            self.events.close()

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
        result = self._gradients(batch)
        if self.recipe.optim.clip_norm is not None:
            # Gradients that overflow are the loss scaler's affair in fp16, and `_read_losses`'s
            # elsewhere.
            self.fabric.clip_gradients(
                self.wrapped,
                self.optimizer,
                max_norm=self.recipe.optim.clip_norm,
                error_if_nonfinite=False,
            )
        self.optimizer.step()
        if self.recipe.loss.min_temperature is not None:
            self.model.temperature.data.clamp_(min=self.recipe.loss.min_temperature)
        if self.averages is not None:
            self.averages.update()
        self._unread.append(result.loss)

    def _gradients(self, batch: Any) -> StepResult:
        """Gradients of a batch, in smaller chunks where a GPU's memory runs out and the recipe lets us choose."""
        p, asked = self.progress, self.recipe.train.chunk_size
        while True:
            # Seeding each step makes what is drawn in it the same in a resumed run.
            torch.manual_seed(
                self.recipe.train.seed
                + 7919 * (p.step * self.fabric.world_size + self.fabric.global_rank)
            )
            self.optimizer.zero_grad(set_to_none=True)
            try:
                return compute_gradients(
                    self.fabric,
                    self.wrapped,
                    self.objective,
                    batch,
                    chunk_size=p.chunk_size,
                    view_dropout=self.recipe.loss.view_dropout,
                )
            except torch.cuda.OutOfMemoryError as error:
                p.chunk_size = smaller_chunk(
                    asked, p.chunk_size, len(batch.pixels), self.fabric, error
                )
                self._log("chunks", epoch=p.epoch, step=p.step + 1, images=p.chunk_size)
            # Only here, since the error held on to the attempt's tensors.
            torch.cuda.empty_cache()

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
        with self.averages.applied() if self.averages is not None else nullcontext():
            self._choose(display)

    def _choose(self, display: Display) -> None:
        """Validate the model as it is now, and keep it if it is the best so far."""
        p = self.progress
        metrics = validate(self.fabric, self.recipe, self.model, self.selection, self.cache)
        key = self.recipe.train.select_by
        if key not in metrics:
            raise ConfigError(f"train.select_by is {key!r}; allowed are {', '.join(metrics)}")
        if not math.isfinite(metrics[key]):
            raise TrainingError(
                f"{key}, which chooses the model, is {metrics[key]} in epoch {p.epoch}; it must be"
                " a number"
            )
        better = metrics[key] > p.best
        p.best, p.best_epoch, p.stale = (
            (metrics[key], p.epoch, 0) if better else (p.best, p.best_epoch, p.stale + 1)
        )
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
            kept = (
                f" The last checkpoint is untouched: {self.run.state}"
                if self.run.state.exists()
                else ""
            )
            raise TrainingError(
                f"the loss is not a finite number in epoch {self.progress.epoch}, step"
                f" {self.progress.step}; try a lower --optim.lr (now {self.recipe.optim.lr:g}),"
                f" --optim.clip_norm 1, or float32 precision.{kept}"
            )
        temperature = float(self.model.temperature.detach())
        if temperature <= 0:
            raise TrainingError(
                f"the temperature became {temperature:g} in epoch {self.progress.epoch}, step"
                f" {self.progress.step}; it must stay above 0. Try a lower --optim.lr (now"
                f" {self.recipe.optim.lr:g}) or --loss.train_temperature false"
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
                checkpoint(self.model, self.optimizer, self.fabric, self.made_from, self.averages),
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
        restore(
            self.run.state,
            state,
            self.model,
            self.optimizer,
            self.fabric,
            self.made_from,
            self.averages,
        )
