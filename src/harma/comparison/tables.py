"""The tables of a comparison: on the terminal and as CSV."""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from harma.comparison.differences import Difference, between
from harma.comparison.rows import FIGURES, Result, Spread
from harma.ground.files import replacing
from harma.metrics import RECALL_KEYS


def shown_split(results: Sequence[Result]) -> str:
    """The split the tables show: test once it was read, else val."""
    return "test" if any("test" in result.figures for result in results) else "val"


def plus_minus(value: Spread) -> str:
    """Mean ± standard deviation; the mean alone of one seed."""
    return f"{value.mean:.2f}" + (
        f" ± {value.deviation:.2f}" if value.deviation is not None else ""
    )


def three_digits(value: float | None) -> str:
    """A number for people; "" for None."""
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def megabytes(count: int | None) -> str:
    """Bytes in MB."""
    return "" if count is None else three_digits(count / 1e6)


Cell = Callable[[Result], str]
SETTING: dict[str, Cell] = {
    "lr": lambda r: "" if r.rate is None else f"{r.rate:g}",
    "seeds": lambda r: f"{len(r.runs)}/{len(r.row.seeds)}" if r.row.trains else "",
    "trained": lambda r: f"{r.cost.trained:,}" if r.cost else "",
    "share %": lambda r: f"{100 * r.cost.trained / r.cost.total:.2f}" if r.cost else "",
}
COST: dict[str, Cell] = {
    "s per epoch": lambda r: three_digits(r.cost.epoch_seconds) if r.cost else "",
    "s to best": lambda r: three_digits(r.cost.best_seconds) if r.cost else "",
    "peak MB": lambda r: megabytes(r.cost.peak_bytes) if r.cost else "",
    "saved MB": lambda r: megabytes(r.cost.saved_bytes) if r.cost else "",
    "images per s": lambda r: three_digits(r.speed.images) if r.speed else "",
    "images of bare": lambda r: f"{r.speed.image_ratio:.2f}" if r.speed else "",
    "texts per s": lambda r: three_digits(r.speed.texts) if r.speed else "",
    "texts of bare": lambda r: f"{r.speed.text_ratio:.2f}" if r.speed else "",
}
MEANS = ("mR", "dup_mR")


def main_table(results: Sequence[Result], split: str) -> Table:
    """Mean recalls of every row, with what it trains and how."""
    table = Table(
        title=f"{SPLITS[split]}, percent, mean ± standard deviation over seeds",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    _columns(table, [*MEANS, *SETTING])
    for result in results:
        found = result.figures.get(split)
        means = (
            [plus_minus(found[key]) for key in MEANS]
            if found
            else [missing_figures(result, split), ""]
        )
        table.add_row(escape(result.row.name), *means, *(cell(result) for cell in SETTING.values()))
    return table


def recalls_table(results: Sequence[Result], split: str) -> Table:
    """The six recalls of every row, means over seeds."""
    table = Table(
        title=f"{SPLITS[split]}, recalls in percent",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    _columns(table, RECALL_KEYS)
    for result in results:
        if found := result.figures.get(split):
            table.add_row(
                escape(result.row.name), *(f"{found[key].mean:.2f}" for key in RECALL_KEYS)
            )
    return table


def cost_table(results: Sequence[Result]) -> Table:
    """What each row takes."""
    table = Table(
        title="Cost",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 0, 0, 1),
        show_edge=False,
    )
    # Short numbers under headings of several words, which break between them.
    _columns(table, COST, wrap=True)
    for result in results:
        if result.cost:
            table.add_row(escape(result.row.name), *(cell(result) for cell in COST.values()))
    return table


def differences_table(found: Sequence[Difference], reference: str, names: Sequence[str]) -> Table:
    """Each row minus the reference, with intervals."""
    table = Table(
        title=(
            f"Minus {escape(reference)}, 95 % interval (paired bootstrap over images, seeds"
            " averaged)"
        ),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    _columns(table, MEANS)
    for name in names:
        pair = [between(found, key, name, reference) for key in MEANS]
        if any(pair):
            table.add_row(escape(name), *(escape(interval(one)) for one in pair))
    return table


def interval(difference: Difference | None) -> str:
    """A difference and its interval."""
    if difference is None:
        return ""
    return f"{difference.point:+.2f} [{difference.low:+.2f}, {difference.high:+.2f}]"


def _columns(table: Table, names: Iterable[str], *, wrap: bool = False) -> None:
    table.add_column("", overflow="fold", min_width=12)
    for name in names:
        table.add_column(name, justify="right", no_wrap=not wrap)


SPLITS = {"val": "Validation split", "test": "Test split"}


def missing_figures(result: Result, split: str) -> str:
    """Why a row has no figures on a split."""
    if result.status in ("failed", "waiting"):
        return result.status
    return "not read" if split == "test" else "waiting"


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
            rows.append(
                {
                    "name": result.row.name,
                    "method": result.row.recipe.method,
                    "split": split,
                    "status": result.status,
                    "learning_rate": result.rate,
                    "epochs": result.runs[0].recipe.train.epochs if result.runs else "",
                    "seeds": len(found["mR"].values) if found else 0,
                    **{
                        f"{key}{end}": value
                        for key in FIGURES
                        for end, value in _pair(found.get(key))
                    },
                    "trained_parameters": cost.trained if cost else "",
                    "total_parameters": cost.total if cost else "",
                    "trained_percent": 100 * cost.trained / cost.total if cost else "",
                    "seconds_per_epoch": cost.epoch_seconds if cost else "",
                    "seconds_to_best": cost.best_seconds if cost else "",
                    "peak_memory_bytes": cost.peak_bytes if cost else "",
                    "saved_bytes": cost.saved_bytes if cost else "",
                    **{f"embedding_{name}": value for name, value in _speed(result).items()},
                    "notes": "; ".join(
                        [*result.notes, *(f"{title}: {why}" for title, why in result.failures)]
                    ),
                }
            )
    return rows


def _speed(result: Result) -> dict[str, Any]:
    if result.speed is None:
        return {}
    speed = result.speed
    return {
        "images_per_second": speed.images,
        "images_of_bare": speed.image_ratio,
        "texts_per_second": speed.texts,
        "texts_of_bare": speed.text_ratio,
        "device": speed.device,
        "threads": speed.threads,
    }


def difference_rows(found: Sequence[Difference]) -> list[dict[str, Any]]:
    """The rows of differences.csv: every pair, a − b in points."""
    return [
        {
            "split": d.split,
            "metric": d.metric,
            "a": d.a,
            "b": d.b,
            "difference": d.point,
            "low": d.low,
            "high": d.high,
        }
        for d in found
    ]


def _pair(value: Spread | None) -> list[tuple[str, Any]]:
    return [
        ("_mean", value.mean if value else ""),
        ("_sd", "" if value is None else value.deviation),
    ]
