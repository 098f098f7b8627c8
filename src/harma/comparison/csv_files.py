"""The CSV files of a comparison: a line for each row and split, each run, each difference."""

import csv
from collections.abc import Sequence
from pathlib import Path

from harma.comparison.differences import COMPARED_METRICS, Difference
from harma.comparison.plan import Plan
from harma.comparison.results import FIGURES, Result
from harma.comparison.runs import Run, known_runs
from harma.ground.files import replacing

Line = dict[str, object]


def write_lines(path: Path, lines: Sequence[Line]) -> None:
    """Write lines as CSV, whole or not at all; columns are those of all lines, in order."""
    # A dict keeps the order of what comes first; speeds are columns of some rows only.
    names: dict[str, None] = {}
    for line in lines:
        names |= dict.fromkeys(line)
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(names), restval="")
        writer.writeheader()
        writer.writerows(lines)


def result_lines(results: Sequence[Result]) -> list[Line]:
    """The lines of results.csv: one for each row and split."""
    lines = []
    for result in results:
        # A row without figures has a line too, which says why.
        for split in result.figures or ("val",):
            lines.append(_result_line(result, split))
    return lines


def _result_line(result: Result, split: str) -> Line:
    figures = result.figures.get(split, {})
    failures = [f"{title}: {why}" for title, why in result.failures]
    line: Line = {
        "name": result.row.name,
        "method": result.row.recipe.method,
        "split": split,
        "status": result.status,
        "learning_rate": result.rate,
        "epochs": result.runs[0].recipe.train.epochs if result.runs else "",
        "seeds": _num_runs(result, split),
    }
    if result.folds:
        line["folds"] = len(figures["mR"].values) if figures else 0
    for key in FIGURES:
        spread = figures.get(key)
        line[f"{key}_mean"] = spread.mean if spread else ""
        line[f"{key}_sd"] = spread.deviation if spread else ""
    line |= _cost_columns(result)
    line |= _speed_columns(result)
    line["notes"] = "; ".join([*result.notes, *failures])
    return line


def _num_runs(result: Result, split: str) -> int:
    """How many runs the figures of a split are of."""
    return len(result.directories(split)) if split in result.figures else 0


def _cost_columns(result: Result) -> Line:
    names = (
        "trained_parameters",
        "total_parameters",
        "trained_percent",
        "seconds_per_epoch",
        "seconds_to_best",
        "peak_memory_bytes",
        "saved_bytes",
    )
    # The columns are there for a row without figures too, so that the head is always the same.
    cost = result.cost
    if cost is None:
        return dict.fromkeys(names, "")
    values = (
        cost.trained,
        cost.total,
        cost.percent,
        cost.epoch_seconds,
        cost.best_seconds,
        cost.peak_bytes,
        cost.saved_bytes,
    )
    return dict(zip(names, values, strict=True))


def _speed_columns(result: Result) -> Line:
    """Embedding speed; no columns where it was not measured."""
    speed = result.speed
    if speed is None:
        return {}
    return {
        "embedding_images_per_second": speed.images,
        "embedding_images_of_bare": speed.image_ratio,
        "embedding_texts_per_second": speed.texts,
        "embedding_texts_of_bare": speed.text_ratio,
        "embedding_device": speed.device,
        "embedding_threads": speed.threads,
    }


def run_lines(plan: Plan) -> list[Line]:
    """The lines of runs.csv: every run that is known to be needed."""
    lines = []
    for row in plan.rows:
        lines += [_run_line(run) for run in known_runs(plan, row)]
    return lines


def _run_line(run: Run) -> Line:
    best = run.best()
    # Figures of test are there once it was read; until then the columns are empty.
    content = run.metrics() if run.state() == "finished" else {}
    line: Line = {
        "name": run.row.name,
        "run": run.path.name,
        "state": run.state(),
        "learning_rate": run.recipe.optim.lr,
        "seed": run.recipe.train.seed,
        "epochs": run.recipe.train.epochs,
        "selected_by": run.recipe.train.select_by,
        "best_validation": best.value if best else "",
        "best_epoch": best.epoch if best else "",
        "seconds_to_best": best.seconds if best else "",
    }
    for split in ("val", "test"):
        metrics = content.get(split, {}).get("metrics", {})
        for key in COMPARED_METRICS:
            line[f"{split}_{key}"] = metrics.get(key, "")
    line["failure"] = run.failure()
    return line


def difference_lines(pairs: Sequence[Difference]) -> list[Line]:
    """The lines of differences.csv: every pair, a − b in points."""
    return [
        {
            "split": pair.split,
            "metric": pair.metric,
            "a": pair.a,
            "b": pair.b,
            "difference": pair.point,
            "low": pair.low,
            "high": pair.high,
            "over": pair.over,
        }
        for pair in pairs
    ]
