"""HarMA against full training on real images, from one small CLIP: three learning rates, then three seeds.

    python benchmarks/ucm/run.py --rsicd DIR --ucm DIR --output DIR

trains the CLIP on RSICD images, adapts it to UCM-Captions with both methods and the same epochs, chooses each method's
learning rate on validation with the first seed, and compares them on the test split over all seeds. A finished run is
not done again and an interrupted one goes on, so the command can be given any number of times.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from harma.evaluation import Evaluation, difference_interval, load_evaluation
from harma.training.loop import train
from harma.training.recipe_files import recipe_from_dict, recipe_values
from harma.training.run import RunDirectory

HERE = Path(__file__).parent
SEEDS = (1, 2, 3)
# One grid for both methods: its ends suit full training and adapters.
RATES = (6e-4, 2e-3, 6e-3)
METHODS = ("harma", "full")


def run(recipe: str, root: Path, output: Path, **changes) -> Path:
    """Train, or go on, or leave it as it is."""
    values = {**recipe_values(HERE / recipe), "output": str(output)}
    values["data"] = {**values["data"], "root": str(root)}
    for key, value in changes.items():
        values[key] = {**values.get(key, {}), **value} if isinstance(value, dict) else value
    directory = RunDirectory(output)
    if directory.metrics.is_file():
        return output
    return train(recipe_from_dict(values), resume=directory.recipe.is_file())


def adapt(method: str, lr: float, seed: int, backbone: Path, root: Path, output: Path) -> Path:
    return run(
        "ucm.yaml", root, output / f"{method}_{lr:g}_{seed}",
        method=method, backbone=f"local-dir:{backbone / 'best'}", optim={"lr": lr}, train={"seed": seed},
    )  # fmt: skip


def best_validation(directory: Path) -> float:
    return max(line["dup_mR"] for line in RunDirectory(directory).read_log() if line["event"] == "validation")


def mean_interval(pairs: list[tuple[Evaluation, Evaluation]], key: str) -> tuple[float, float, float]:
    """The difference of the means over seeds: one draw of images for all seeds."""
    return difference_interval(_mean([a for a, _ in pairs]), _mean([b for _, b in pairs]), key)


def _mean(evaluations: list[Evaluation]) -> Evaluation:
    """An evaluation whose hits are the mean over seeds."""
    first = evaluations[0]
    names = ("i2t", "t2i", "dup_i2t", "dup_t2i")
    hits = {name: np.mean([getattr(e.hits, name) for e in evaluations], axis=0) for name in names}
    return Evaluation(**{**first.__dict__, "hits": type(first.hits)(**{**first.hits.__dict__, **hits})})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rsicd", type=Path, required=True)
    parser.add_argument("--ucm", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    clip = run("rsicd_clip.yaml", args.rsicd, args.output / "rsicd_clip")
    chosen: dict[str, float] = {}
    for method in METHODS:
        found = {lr: best_validation(adapt(method, lr, SEEDS[0], clip, args.ucm, args.output)) for lr in RATES}
        print(method, "best validation dup_mR by learning rate:", {f"{lr:g}": round(v, 2) for lr, v in found.items()})
        chosen[method] = max(found, key=found.__getitem__)
    runs = {m: [adapt(m, lr, seed, clip, args.ucm, args.output) for seed in SEEDS] for m, lr in chosen.items()}
    show(runs, chosen)


def show(runs: dict[str, list[Path]], chosen: dict[str, float]) -> None:
    evaluations = {method: [load_evaluation(path) for path in paths] for method, paths in runs.items()}
    bare = evaluations["harma"][0].without_adapters
    table = Table(title=f"UCM-Captions test, {len(SEEDS)} seeds")
    for column in ("", "lr", "trained", "of the model", "mR by seed", "mR", "dup_mR"):
        table.add_column(column)
    table.add_row("un-adapted", "", "0", "", "", f"{bare.metrics['mR']:.2f}", f"{bare.metrics['dup_mR']:.2f}")
    for method, found in evaluations.items():
        facts = json.loads((runs[method][0] / "metrics.json").read_text())
        share = 100 * facts["trained_parameters"] / facts["total_parameters"]
        by_seed = [e.metrics["mR"] for e in found]
        table.add_row(
            method, f"{chosen[method]:g}", f"{facts['trained_parameters']:,}", f"{share:.2f} %",
            " ".join(f"{value:.2f}" for value in by_seed), f"{np.mean(by_seed):.2f}",
            f"{np.mean([e.metrics['dup_mR'] for e in found]):.2f}",
        )  # fmt: skip
    console = Console(width=120)
    console.print(table)
    for key in ("mR", "dup_mR"):
        for name, other in (("un-adapted", [bare] * len(SEEDS)), ("full", evaluations["full"])):
            pairs = list(zip(evaluations["harma"], other, strict=True))
            point, low, high = mean_interval(pairs, key)
            console.print(
                f"{key}: HarMA - {name}: {point:+.2f} [{low:+.2f}, {high:+.2f}] (95 %, paired bootstrap over images)"
            )


if __name__ == "__main__":
    main()
