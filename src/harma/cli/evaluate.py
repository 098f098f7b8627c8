"""Evaluate a run, adapter, model directory or preset on a split: the table with and without adapters.

A run knows its data; for anything else name it with --data and --root. With a directory,
metrics.json is written beside the model unless --output says where.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harma.cli.argument_types import count, positive
from harma.cli.device import add_device_argument, load_on_device

if TYPE_CHECKING:
    from harma.evaluation import Evaluation
    from harma.training.recipe import DataConfig

EPILOG = """examples:
  harma evaluate runs/a
  harma evaluate runs/a/best --data rsicd --root data/rsicd --split val
  harma evaluate adapters/rsitmd_geo --data my_data.yaml --backbone weights/RS5M_ViT-B-32_RET-2.pt
  harma evaluate openai --data ucm --root data/ucm --output results/openai"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "what",
        metavar="RUN_OR_ADAPTER",
        help="run, adapter or model directory, preset, open_clip name",
    )
    parser.add_argument(
        "--data", help="data set (rsitmd, rsicd, ucm) or the path of its description"
    )
    parser.add_argument("--root", help="the folder its files are in")
    parser.add_argument(
        "--split", choices=("train", "val", "test"), default="test", help="default: test"
    )
    parser.add_argument(
        "--backbone", help="where the backbone is now, if not where the directory says"
    )
    parser.add_argument("--batch-size", type=positive, default=128, help="images at once (128)")
    parser.add_argument("--num-workers", type=count, default=0, help="processes that decode (0)")
    add_device_argument(parser)
    parser.add_argument("--output", metavar="DIR", help="where metrics.json and report.html go")
    parser.add_argument("--report", action="store_true", help="also write report.html")
    parser.add_argument(
        "--umap",
        action="store_true",
        help="with a UMAP of the embeddings (umap-learn; takes a minute or two)",
    )


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the table, write the figures."""
    from rich.console import Console

    from harma.data.description import load_description
    from harma.evaluation import evaluate, metrics_table, save_evaluation
    from harma.evaluation.report import write_report
    from harma.evaluation.storage import check_place
    from harma.methods.harma.config import AdapterConfig
    from harma.training.build import load_splits

    data = _data(args)
    split = load_splits(data, args.split)[args.split]
    output = Path(args.output or (args.what if Path(args.what).is_dir() else "."))
    writes = bool(args.output) or Path(args.what).is_dir()
    if writes:
        check_place(output, split.name, split.fingerprint())
    model = load_on_device(args.what, args.backbone, args.device)
    evaluation = evaluate(
        model, split, batch_size=args.batch_size, num_workers=args.num_workers, progress=True
    )
    if writes and evaluation.without_adapters is None:
        evaluation = _with_kept_baseline(evaluation, output)
    baseline = (
        "without adapters" if isinstance(model.adapters, AdapterConfig) else "before training"
    )
    Console().print(metrics_table(evaluation, baseline=baseline))
    if writes:
        print(f"figures written to {save_evaluation(evaluation, output)}")
    if args.report or args.umap:
        info = {**_facts(Path(args.what), data.name), "note": load_description(data.name).note}
        page = write_report(
            output,
            evaluation=evaluation,
            split=split,
            baseline=baseline,
            info=info,
            model=model,
            umap=args.umap,
        )
        print(f"report written to {page}")
    return 0


def _facts(what: Path, data: str) -> dict[str, Any]:
    """What a run knows of its model, for the page: above all which split chose it."""
    from harma.ground.reading import read_yaml

    for directory in (what, what.parent) if what.is_dir() else ():
        if (directory / "recipe.yaml").is_file() and (directory / "metrics.json").is_file():
            kept = read_yaml(directory / "metrics.json", "the figures")
            of_model = ("method", "trained_parameters", "total_parameters")
            # Which split chose it says something of figures on that data only.
            keys = (*of_model, "select_on", "select_by") if kept.get("data") == data else of_model
            return {key: kept[key] for key in keys if key in kept}
    return {}


def _with_kept_baseline(evaluation: "Evaluation", output: Path) -> "Evaluation":
    """A model without adapters, beside what it was trained from, if the directory knows that."""
    from harma.errors import MissingFileError
    from harma.evaluation import load_evaluation
    from harma.evaluation.retrieval import with_baseline

    try:
        kept = load_evaluation(output, evaluation.split).without_adapters
    except MissingFileError:
        return evaluation
    return evaluation if kept is None else with_baseline(evaluation, kept)


def _data(args: argparse.Namespace) -> "DataConfig":
    """The data to evaluate on: as named, or the run's own."""
    from dataclasses import replace

    from harma.errors import ConfigError
    from harma.training.recipe import DataConfig
    from harma.training.recipe_files import recipe_from_dict
    from harma.training.run import RunDirectory

    if args.data is not None:
        return DataConfig(name=args.data, root=args.root)
    for directory in (Path(args.what), Path(args.what).parent):
        if (directory / "recipe.yaml").is_file():
            data = recipe_from_dict(RunDirectory(directory).read_recipe()).data
            return replace(data, root=args.root or data.root)
    raise ConfigError(f"{args.what} is no run that knows its data; name it: --data NAME --root DIR")
