"""Evaluating a saved run, adapter or model on a data set by its name: `harma.evaluate`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from harma.data.description import load_description
from harma.data.split import Split
from harma.errors import ConfigError, MissingFileError
from harma.evaluation import Evaluation, load_evaluation, save_evaluation
from harma.evaluation.embedding_map import check_umap
from harma.evaluation.retrieval import evaluate_split, with_baseline
from harma.evaluation.storage import METRICS_FILE, check_place
from harma.ground.device import best_device
from harma.ground.messages import about_file
from harma.ground.outputs import check_output_directory
from harma.ground.reading import read_yaml
from harma.methods.harma.config import AdapterConfig
from harma.model.embedding import Embedder
from harma.model.saved import load
from harma.training.build import load_splits
from harma.training.recipe import DataConfig
from harma.training.recipe_files import recipe_from_dict
from harma.training.run import RunDirectory

RECIPE_FILE = "recipe.yaml"
# What a run's metrics.json says of its model.
MODEL_FACTS = ("method", "trained_parameters", "total_parameters")
# What it says of how the model was chosen, which matters on the data it was chosen on.
CHOICE_FACTS = ("select_on", "select_by")


def evaluate(
    model: str | Path | Embedder,
    data: str | Path | None = None,
    *,
    root: str | Path | None = None,
    split: str = "test",
    backbone: str | Path | None = None,
    device: str = "auto",
    batch_size: int = 128,
    num_workers: int = 0,
    output: str | Path | None = None,
    report: str | Path | None = None,
    umap: bool = False,
    progress: bool = False,
) -> Evaluation:
    """Evaluate a model on a split of a data set, with its adapters and without.

    ::

        harma.evaluate("runs/a").metrics["mR"]                # a run knows its data
        harma.evaluate("openai", "ucm", root="data/ucm")
        harma.evaluate(model, "my_data.yaml", split="val")    # what `harma.load` gave

    Args:
        model: a run, adapter or model directory, a preset or an open_clip name, as `harma.load`
            takes them; or a model that embeds.
        data: a shipped data set (rsitmd, rsicd, ucm) or the path of its description (YAML); None
            takes that of the run.
        root: the folder its files are in; None takes that of the run, or of the description.
        split: "train", "val" or "test".
        backbone: where the backbone is now, if not where the directory says.
        device: "auto", "cpu", "cuda", "mps"; a model that is given stays where it is.
        batch_size: images at once.
        num_workers: processes that decode.
        output: a directory for metrics.json and the hits of each query; None writes none.
        report: a directory for report.html; None writes none.
        umap: the report has a UMAP of the embeddings too, which takes a minute or two.
        progress: show bars.

    Returns:
        The figures, with those of the bare backbone, or of the model before training, beside them
        where they are known.

    Raises:
        ConfigError: there is no such data set, split or device, or the model knows no data.
        MissingFileError: the data or the model are not where they are said to be.
        DataError: the data cannot be used, or `output` has figures of other data for this split.
        MissingDependencyError: `umap` is asked for and umap-learn is not installed.
    """
    # Before anything is read: what could not be written is not worth the wait.
    for place, what in ((output, "output"), (report, "report")):
        if place is not None:
            check_output_directory(place, what)
    source = None
    if isinstance(model, str | Path):
        source = Path(model)
    config = _data_config(source, data, root)
    images = load_splits(config, split)[split]
    # Before the model is opened: what could not be written is not worth the wait.
    if output is not None:
        check_place(output, images.name, images.fingerprint())
    if report is not None and umap:
        check_umap()
    opened = _open(model, backbone, device)
    evaluation = evaluate_split(
        opened, images, batch_size=batch_size, num_workers=num_workers, progress=progress
    )
    evaluation = replace(evaluation, baseline=_baseline(opened))
    if output is not None:
        # Before saving, which would write the figures without it over it.
        evaluation = _with_kept_baseline(evaluation, output)
        save_evaluation(evaluation, output)
    if report is not None:
        _write_report(report, evaluation, images, opened, _info(source, config), umap=umap)
    return evaluation


def _data_config(
    source: Path | None, data: str | Path | None, root: str | Path | None
) -> DataConfig:
    """The data to evaluate on: as named, or the run's own."""
    asked = str(root) if root is not None else None
    if data is not None:
        return DataConfig(name=str(data), root=asked)
    for directory in _run_directories(source):
        if (directory / RECIPE_FILE).is_file():
            # With all that the recipe says of it: files in place of the description's, words kept.
            with about_file(directory / RECIPE_FILE):
                of_run = recipe_from_dict(RunDirectory(directory).read_recipe()).data
            return replace(of_run, root=asked or of_run.root)
    named = source if source is not None else "a model"
    raise ConfigError(f"{named} is no run that knows its data; name it: --data NAME --root DIR")


def _run_directories(source: Path | None) -> tuple[Path, ...]:
    """Where the recipe of a run may lie: in it, or beside its `best/`."""
    if source is None:
        return ()
    return source, source.parent


def _open(model: str | Path | Embedder, backbone: str | Path | None, device: str) -> Embedder:
    if isinstance(model, str | Path):
        return load(model, backbone=backbone).to(best_device(device))
    if backbone is not None:
        raise ConfigError("backbone belongs to a model that is opened here; this one is open")
    return model


def _baseline(model: Embedder) -> str:
    """What stands beside the model: HarMA's adapters are taken off, others change the backbone."""
    if isinstance(getattr(model, "adapters", None), AdapterConfig):
        return "without adapters"
    return "before training"


def _with_kept_baseline(evaluation: Evaluation, output: str | Path) -> Evaluation:
    """A whole model beside what it was trained from, if the directory has those figures.

    They cannot be made again: the model that was trained has no adapters to take off.
    """
    if evaluation.without_adapters is not None:
        return evaluation
    try:
        baseline = load_evaluation(output, evaluation.split).without_adapters
    except MissingFileError:
        return evaluation
    if baseline is None:
        return evaluation
    return with_baseline(evaluation, baseline, evaluation.baseline)


def _write_report(
    directory: str | Path,
    evaluation: Evaluation,
    split: Split,
    model: Embedder,
    info: dict[str, Any],
    *,
    umap: bool,
) -> None:
    from harma.evaluation.report import write_report  # matplotlib is slow to import

    write_report(directory, evaluation=evaluation, split=split, info=info, model=model, umap=umap)


def _info(source: Path | None, data: DataConfig) -> dict[str, Any]:
    """What the page states: facts of the model, what readers of figures on the data must know."""
    return {**_facts(source, data.name), "note": load_description(data.name).note}


def _facts(source: Path | None, data: str) -> dict[str, Any]:
    """What a run knows of its model: above all which split chose it."""
    if source is None or not source.is_dir():
        return {}
    for directory in _run_directories(source):
        metrics = directory / METRICS_FILE
        if not (directory / RECIPE_FILE).is_file() or not metrics.is_file():
            continue
        # Figures beside a recipe are those of that run; elsewhere they may be of anything.
        known = read_yaml(metrics, "the figures")
        # Which split chose it says something of figures on that data only.
        same_data = known.get("data") == data
        keys = (*MODEL_FACTS, *CHOICE_FACTS) if same_data else MODEL_FACTS
        return {key: known[key] for key in keys if key in known}
    return {}
