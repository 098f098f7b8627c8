"""The page of a comparison: one file with tables and plots, without any request to elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
from matplotlib.figure import Figure

from harma.comparison.differences import Difference, between
from harma.comparison.plan import Plan
from harma.comparison.plots import as_svg, metrics_shown
from harma.comparison.published import published_note, published_rows
from harma.comparison.rows import FIGURES, Result
from harma.comparison.tables import COST, SETTING, SPLITS, missing_figures
from harma.ground.files import write_text
from harma.metrics import RECALL_KEYS

CAPTIONS = {
    "parameters": "Against what trains. Bars are standard deviations over seeds.",
    "time": (
        "Against the training time until the best validation, without validation itself; mean over"
        " seeds."
    ),
    "curves_epochs": "Validation against epochs, as far as all seeds of a row went.",
    "curves_time": "Validation against training time, as far as all seeds of a row went.",
    "differences": "Rows minus the reference, 95 % intervals; a diamond where 0 is inside.",
}


def write_report(
    plan: Plan,
    results: Sequence[Result],
    split: str,
    differences: Mapping[str, Sequence[Difference]],
    plots: Mapping[str, Figure],
) -> None:
    """Write report.html into the comparison's directory.

    Args:
        plan: the comparison.
        results: its rows.
        split: that is shown first.
        differences: of every pair, for each split.
        plots: by name.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harma.comparison"), autoescape=True
    )
    page = environment.get_template("compare.html.jinja").render(
        title=plan.name,
        plan=plan,
        split=split,
        splits=SPLITS,
        facts=_facts(plan, results),
        tables=[_figures(results, name) for name in dict.fromkeys((split, "val"))],
        recall_keys=RECALL_KEYS,
        setting=_cells(results, SETTING),
        cost=_cells(results, COST),
        matrices=[
            _matrix(results, differences[split], split, key)
            for key in metrics_shown(results, split)
        ],
        rates=_rates(results),
        failures=[failure for result in results for failure in result.failures],
        single=any(len(result.directories(split)) == 1 for result in results if result.row.trains),
        notes=[(result.row.name, note) for result in results for note in result.notes],
        plots={
            name: (as_svg(figure, CAPTIONS[name]), CAPTIONS[name]) for name, figure in plots.items()
        },
        published=published_rows(plan.published) if plan.published else [],
        published_note=published_note(),
    )
    write_text(plan.output / "report.html", page)


def _facts(plan: Plan, results: Sequence[Result]) -> dict[str, str]:
    """What all rows have in common."""
    data = plan.base.data
    seeds = next((row.seeds for row in plan.rows if row.trains), ())
    budget = f"{plan.minutes:g} minutes of training each" if plan.minutes is not None else ""
    epochs = sorted(
        {run.recipe.train.epochs for result in results if result.row.trains for run in result.runs}
    )
    return {
        "data": data.name,
        "seeds": ", ".join(str(seed) for seed in seeds),
        "budget": (
            ", ".join(
                filter(None, [budget, f"{' to '.join(str(e) for e in _ends(epochs))} epochs"])
            )
            if epochs or budget
            else ""
        ),
        "model chosen by": f"{plan.base.train.select_by} on validation",
        "runs": f"{sum(r.ended for r in results)} of {sum(r.planned for r in results)} ended",
    }


def _ends(values: Sequence[int]) -> Sequence[int]:
    return values if len(values) < 2 else [values[0], values[-1]]


def _figures(results: Sequence[Result], split: str) -> dict[str, Any]:
    """A split's figures of every row, the best mean of each column marked."""
    shown = [result for result in results if split in result.figures]
    best = {
        key: max((round(r.figures[split][key].mean, 2) for r in shown), default=None)
        for key in FIGURES
    }
    rows = []
    for result in results:
        found = result.figures.get(split)
        cells = {
            key: {"value": value, "best": len(shown) > 1 and round(value.mean, 2) == best[key]}
            for key, value in (found or {}).items()
        }
        rows.append(
            {"name": result.row.name, "cells": cells, "missing": missing_figures(result, split)}
        )
    return {"split": split, "rows": rows}


def _cells(results: Sequence[Result], columns: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "columns": list(columns),
        "rows": [
            (result.row.name, [cell(result) for cell in columns.values()]) for result in results
        ],
    }


def _matrix(
    results: Sequence[Result], found: Sequence[Difference], split: str, metric: str
) -> dict[str, Any]:
    """Row minus column of every pair."""
    names = [result.row.name for result in results if split in result.figures]
    return {
        "metric": metric,
        "names": names,
        "rows": [
            (a, [None if a == b else between(found, metric, a, b) for b in names]) for a in names
        ],
    }


def _rates(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Validation by learning rate, of rows that chose one."""
    return [
        {
            "name": result.row.name,
            "key": result.row.recipe.train.select_by,
            "chosen": result.rate,
            "found": result.choice.found,
        }
        for result in results
        if result.choice and len(result.choice.found) > 1
    ]
