"""What a run leaves: validation, the best model, its figures, the report."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from rich.console import Console

from harma.data.cache import ImageCache
from harma.data.split import Split
from harma.evaluation import Evaluation, evaluate, metrics_table, save_evaluation
from harma.evaluation.distributed import Share
from harma.evaluation.retrieval import embed_split, summarize_embedded, with_baseline
from harma.evaluation.user_metrics import OwnMetric
from harma.model.adapter_directory import read_adapter
from harma.model.model import HarMA
from harma.model.saved import backbone_name_from, load, save_adapter, save_model
from harma.training.frozen_outputs import FrozenSplit
from harma.training.kept_captions import keep_captions
from harma.training.run import RunDirectory
from harma.training.step import gathered

# What the second column of figures is, where that is not the model before training.
BASELINES = {"harma": "without adapters", "none": ""}


@dataclass(frozen=True)
class Measuring:
    """How a model is measured on a split, while it trains and at the end.

    Attributes:
        batch_size: images at once.
        num_workers: processes that decode.
        cache: decoded images.
        metrics: the user's own, by name.
    """

    batch_size: int
    num_workers: int
    cache: ImageCache
    metrics: Mapping[str, OwnMetric]


@dataclass(frozen=True)
class Selection:
    """How the best model is chosen.

    Attributes:
        split: it is validated on.
        key: the metric that chooses.
        measuring: how the split is measured.
        frozen: what frozen towers made of the split; None: it is embedded anew each time.
    """

    split: Split
    key: str
    measuring: Measuring
    frozen: FrozenSplit | None = None


@dataclass(frozen=True)
class Subject:
    """What a saved model and its figures say of their making.

    Attributes:
        method: as the recipe names it.
        data: name of the data set.
        note: what to know about the data set, for the report.
        select_on: the split that chooses the model.
        select_by: the metric that chooses.
    """

    method: str
    data: str
    note: str
    select_on: str
    select_by: str

    @property
    def trains(self) -> bool:
        """Whether anything is trained: `none` only measures the bare backbone."""
        return self.method != "none"


@dataclass(frozen=True)
class Ending:
    """What a finished run reports.

    Attributes:
        subject: what it was.
        split: whose figures it reports.
        measuring: how the split is measured.
        untrained: makes the model as it was before training, where the method changes it itself.
        report: whether report.html is written.
        captions: of training, to be kept with the best model; () keeps none.
    """

    subject: Subject
    split: Split
    measuring: Measuring
    untrained: Callable[[], HarMA] = field(repr=False)
    report: bool
    captions: tuple[str, ...] = field(default=(), repr=False)


def validate(fabric: Fabric, model: HarMA, selection: Selection) -> dict[str, float]:
    """Metrics on the split that selects the model.

    All processes embed, the first one computes, all know.
    """

    def gather(part: NDArray[np.float32]) -> NDArray[np.float32]:
        everything = gathered(fabric, torch.from_numpy(part).to(fabric.device))
        everywhere: NDArray[np.float32] = everything.cpu().numpy()
        return everywhere.reshape(fabric.world_size, *part.shape)

    measuring = selection.measuring
    with fabric.autocast():
        if selection.frozen is not None:
            # So little is left to do that each process does all of it.
            embedded = selection.frozen.embedded(model)
        else:
            embedded = embed_split(
                model,
                selection.split,
                batch_size=measuring.batch_size,
                num_workers=measuring.num_workers,
                cache=measuring.cache,
                share=Share(fabric.global_rank, fabric.world_size, gather),
            )
    metrics: dict[str, float] = {}
    if fabric.is_global_zero:
        figures = summarize_embedded(embedded, selection.split, metrics=measuring.metrics)
        metrics = figures.metrics
    # All have to choose alike: a process that stopped early would leave the others waiting for it.
    shared: dict[str, float] = fabric.broadcast(metrics)
    return shared


def save_best(
    run: RunDirectory,
    model: HarMA,
    subject: Subject,
    train: Split,
    *,
    epoch: int,
    metrics: Mapping[str, float],
) -> None:
    """Write the model of an epoch to `best/`: what its method trained, or the whole model.

    Args:
        run: where to.
        model: as it is now.
        subject: what it says of its making.
        train: what it was trained on.
        epoch: that it was trained to.
        metrics: of its validation.
    """
    about: dict[str, object] = {
        "method": subject.method,
        "data": {
            "name": subject.data,
            "train_images": train.num_images,
            "train_captions": train.num_captions,
            "fingerprint": train.fingerprint(),
        },
        "metrics": {"split": subject.select_on, "epoch": epoch, **metrics},
    }
    if model.adapters is None:
        save_model(model, run.best, about=about)
        return
    # A backbone that nothing else could bring back lies in the run itself.
    name = None
    if run.backbone.is_dir():
        name = backbone_name_from(run.best, run.backbone)
    save_adapter(model, run.best, backbone=name, about=about)


def load_best(run: RunDirectory, model: HarMA) -> HarMA:
    """The model with the adapters, or other trained weights, of its best epoch."""
    model.load_adapter_state(read_adapter(run.best).state)
    return model.eval()


def finish(run: RunDirectory, model: HarMA, ending: Ending) -> Evaluation:
    """Evaluate the chosen model once; write figures and report; show the table.

    Args:
        run: that is trained.
        model: as the last step left it.
        ending: what is reported.
    """
    subject = ending.subject
    # Before the evaluation, which takes memory of its own.
    facts = _facts(model, subject)
    best = _open_best(run, model, subject)
    kept = None
    if subject.trains:
        # Before the figures, by which a run is known to have ended.
        kept = keep_captions(run.best, best, ending.captions)
    evaluation = _evaluate_best(best, ending)
    save_evaluation(evaluation, run.path, **facts)
    run.write_log(ending.split.name, **evaluation.metrics)
    if kept is not None:
        run.write_log("captions", **kept._asdict())
    baseline = BASELINES.get(subject.method, "before training")
    if ending.report:
        from harma.evaluation.report import write_report  # matplotlib is slow to import

        write_report(
            run.path,
            evaluation=evaluation,
            split=ending.split,
            baseline=baseline,
            info={**facts, "note": subject.note},
            model=best,
        )
    # Last, so that a terminal that went away costs nothing.
    console = Console(width=None)
    console.print(metrics_table(evaluation, baseline=baseline))
    if kept is not None:
        console.print(str(kept))
    # The best of many epochs on this very split is too good to be true of other images (SPEC 5).
    if subject.trains and subject.select_on == ending.split.name == "test":
        console.print(
            "[bold]The model was chosen on the test split: these figures flatter it.[/bold]"
        )
    return evaluation


def _facts(model: HarMA, subject: Subject) -> dict[str, str | int]:
    """What metrics.json says besides the figures."""
    facts: dict[str, str | int] = {"method": subject.method, "data": subject.data}
    if subject.trains:
        facts |= {"select_on": subject.select_on, "select_by": subject.select_by}
    return facts | {
        "trained_parameters": model.num_parameters(trained=True),
        "total_parameters": model.num_parameters(),
        "peak_memory_bytes": peak_memory(model.device),
    }


def _open_best(run: RunDirectory, model: HarMA, subject: Subject) -> HarMA:
    """The model of the best epoch; where nothing trains, the model itself."""
    if not subject.trains:
        return model.eval()
    if model.adapters is not None:
        return load_best(run, model)
    return load(run.best).to(model.device)


def _evaluate_best(best: HarMA, ending: Ending) -> Evaluation:
    """The figures of the best model, beside those of the model before training."""
    if not ending.subject.trains:
        return _measure(best, ending)
    if best.adapters is not None:
        return _measure(best, ending, compare=True)
    # The whole model was trained: what it was before is made anew.
    before = ending.untrained().to(best.device)
    return with_baseline(_measure(best, ending), _measure(before, ending))


def _measure(model: HarMA, ending: Ending, *, compare: bool = False) -> Evaluation:
    measuring = ending.measuring
    return evaluate(
        model,
        ending.split,
        batch_size=measuring.batch_size,
        num_workers=measuring.num_workers,
        cache=measuring.cache,
        compare=compare,
        metrics=measuring.metrics,
    )


def peak_memory(device: torch.device) -> int:
    """The most memory that this process has held so far, in bytes.

    On a GPU that is what torch took there, elsewhere what was resident.
    """
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in units of 1024 bytes, macOS in bytes.
    if sys.platform == "darwin":
        return peak
    return peak * 1024
