"""The tables of a comparison: on the terminal and as CSV."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from harma.comparison.rows import FIGURES, Result, Spread
from harma.files import replacing


def shown_split(results: Sequence[Result]) -> str:
    """The split the tables show: test once it was read, else val."""
    return "test" if any("test" in result.figures for result in results) else "val"


def plus_minus(value: Spread) -> str:
    """Mean ± standard deviation; the mean alone of one seed."""
    return f"{value.mean:.2f}" + (f" ± {value.deviation:.2f}" if value.deviation is not None else "")


def megabytes(count: int | None) -> str:
    """Bytes in MB, three digits."""
    return "" if count is None else f"{count / 1e6:,.0f}" if count >= 1e8 else f"{count / 1e6:.3g}"


def seconds(value: float | None) -> str:
    """Seconds, three digits."""
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


COLUMNS: dict[str, Callable[[Result], str]] = {
    "lr": lambda r: "" if r.rate is None else f"{r.rate:g}",
    "seeds": lambda r: f"{len(r.runs)}/{len(r.row.seeds)}" if r.row.trains else "",
    "trained": lambda r: f"{r.cost.trained:,}" if r.cost else "",
    "share %": lambda r: f"{100 * r.cost.trained / r.cost.total:.2f}" if r.cost else "",
    "s/epoch": lambda r: seconds(r.cost.epoch_seconds) if r.cost else "",
    "s to best": lambda r: seconds(r.cost.best_seconds) if r.cost else "",
    "peak MB": lambda r: megabytes(r.cost.peak_bytes) if r.cost else "",
    "disk MB": lambda r: megabytes(r.cost.saved_bytes) if r.cost else "",
}


def figures_table(results: Sequence[Result], split: str) -> Table:
    """Recalls, mR and dup_mR of every row on a split."""
    table = Table(title=f"{SPLITS[split]}, percent, mean ± standard deviation over seeds", title_justify="left")
    table.add_column("")
    for key in FIGURES:
        table.add_column(key, justify="right")
    for result in results:
        found = result.figures.get(split)
        if found is None:
            table.add_row(result.row.name, missing_figures(result, split), *[""] * (len(FIGURES) - 1))
        else:
            table.add_row(result.row.name, *(plus_minus(found[key]) for key in FIGURES))
    return table


SPLITS = {"val": "Validation split", "test": "Test split"}


def missing_figures(result: Result, split: str) -> str:
    """Why a row has no figures on a split."""
    if result.status in ("failed", "waiting"):
        return result.status
    return "not read" if split == "test" else "waiting"


def cost_table(results: Sequence[Result]) -> Table:
    """What each row trains and takes."""
    table = Table(title="Cost", title_justify="left")
    table.add_column("")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for result in results:
        table.add_row(result.row.name, *(cell(result) for cell in COLUMNS.values()))
    return table


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows as CSV, whole or not at all; columns are those of all rows, in order."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


def result_rows(results: Sequence[Result]) -> list[dict[str, Any]]:
    """The rows of results.csv: one for each row and split."""
    rows = []
    for result in results:
        for split in result.figures or {"val": {}}:
            found = result.figures.get(split, {})
            cost = result.cost
            rows.append({
                "name": result.row.name, "method": result.row.recipe.method, "split": split, "status": result.status,
                "learning_rate": result.rate, "epochs": result.runs[0].recipe.train.epochs if result.runs else "",
                "seeds": len(found["mR"].values) if found else 0,
                **{f"{key}{end}": value for key in FIGURES for end, value in _pair(found.get(key))},
                "trained_parameters": cost.trained if cost else "", "total_parameters": cost.total if cost else "",
                "seconds_per_epoch": cost.epoch_seconds if cost else "",
                "seconds_to_best": cost.best_seconds if cost else "",
                "peak_memory_bytes": cost.peak_bytes if cost else "",
                "saved_bytes": cost.saved_bytes if cost else "",
                "notes": "; ".join([*result.notes, *(f"{title}: {why}" for title, why in result.failures)]),
            })  # fmt: skip
    return rows


def _pair(value: Spread | None) -> list[tuple[str, Any]]:
    return [("_mean", value.mean if value else ""), ("_sd", "" if value is None else value.deviation)]
