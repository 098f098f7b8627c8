"""The HTML page of a comparison: one file with tables and plots, no request to elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import jinja2
from matplotlib.figure import Figure

from harma.comparison.differences import Difference, between
from harma.comparison.plan import Plan
from harma.comparison.plots import as_svg, metrics_shown
from harma.comparison.published import published_note, published_rows
from harma.comparison.results import FIGURES, Result, Spread
from harma.comparison.tables import (
    COST_COLUMNS,
    SETTING_COLUMNS,
    SPLIT_TITLES,
    cost_cells,
    missing_figures,
    setting_cells,
)
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


@dataclass(frozen=True)
class _Cell:
    """A figure, and whether it is the best of its column."""

    value: Spread
    best: bool


@dataclass(frozen=True)
class _FigureRow:
    """A row's figures by metric; without any, why."""

    name: str
    cells: dict[str, _Cell]
    missing: str


@dataclass(frozen=True)
class _FigureTable:
    """The figures of a split."""

    split: str
    rows: list[_FigureRow]


@dataclass(frozen=True)
class _TextTable:
    """A table of words: its columns, and each row's name and cells."""

    columns: tuple[str, ...]
    rows: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class _Matrix:
    """Row minus column of every pair; None on the diagonal."""

    title: str
    names: list[str]
    rows: list[tuple[str, list[Difference | None]]]


@dataclass(frozen=True)
class _Rates:
    """Validation by learning rate of a row that chose one."""

    name: str
    key: str
    chosen: float | None
    figures: dict[float, float | None]


def write_page(
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
    # Escaped: names of rows are a person's own words.
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harma.comparison"), autoescape=True
    )
    # Where no caption repeats both recalls are the same, and one matrix is enough.
    metrics = metrics_shown(results, split)
    page = environment.get_template("compare.html.jinja").render(
        title=plan.name,
        plan=plan,
        split=split,
        splits=SPLIT_TITLES,
        facts=_facts(plan, results),
        # Validation stands beside the split that is shown, once where it is that split.
        tables=[_figures(results, name) for name in dict.fromkeys((split, "val"))],
        recall_keys=RECALL_KEYS,
        setting=_cells(results, SETTING_COLUMNS, setting_cells),
        cost=_cells(results, COST_COLUMNS, cost_cells),
        matrices=_matrices(results, differences[split], split, metrics),
        folds=plan.folds is not None,
        rates=_rates(results),
        failures=_failures(results),
        single=_has_single_seed(results, split),
        notes=_notes(results),
        plots=_shown_plots(plots),
        published=published_rows(plan.published),
        published_note=published_note(),
    )
    write_text(plan.output / "report.html", page)


def _facts(plan: Plan, results: Sequence[Result]) -> dict[str, str]:
    """What all rows have in common; the page leaves out what is empty."""
    ended = sum(result.ended for result in results)
    planned = sum(result.planned for result in results)
    seeds = next((row.seeds for row in plan.rows if row.trains), ())
    data = plan.base.data.name if plan.folds is None else str(plan.folds)
    return {
        "data": data,
        "seeds": ", ".join(str(seed) for seed in seeds),
        "budget": _budget(plan, results),
        "model chosen by": f"{plan.base.train.select_by} on validation",
        "runs": f"{ended} of {planned} ended",
    }


def _budget(plan: Plan, results: Sequence[Result]) -> str:
    """Minutes and epochs of the runs, as far as they are known."""
    epochs = set()
    for result in results:
        if result.row.trains:
            epochs |= {run.recipe.train.epochs for run in result.runs}
    parts = []
    if plan.minutes is not None:
        parts.append(f"{plan.minutes:g} minutes of training each")
    if epochs:
        # The smallest and the largest, once where they are one.
        ends = sorted({min(epochs), max(epochs)})
        parts.append(f"{' to '.join(str(end) for end in ends)} epochs")
    return ", ".join(parts)


def _failures(results: Sequence[Result]) -> list[tuple[str, str]]:
    failures: list[tuple[str, str]] = []
    for result in results:
        failures += result.failures
    return failures


def _notes(results: Sequence[Result]) -> list[tuple[str, str]]:
    notes: list[tuple[str, str]] = []
    for result in results:
        notes += [(result.row.name, note) for note in result.notes]
    return notes


def _has_single_seed(results: Sequence[Result], split: str) -> bool:
    """Whether a row that trains has one run, whose figures may be that seed's luck."""
    trained = [result for result in results if result.row.trains]
    return any(len(result.directories(split)) == 1 for result in trained)


def _shown_plots(plots: Mapping[str, Figure]) -> dict[str, tuple[str, str]]:
    return {
        name: (as_svg(figure, CAPTIONS[name]), CAPTIONS[name]) for name, figure in plots.items()
    }


def _figures(results: Sequence[Result], split: str) -> _FigureTable:
    """A split's figures of every row, the best mean of each column marked."""
    shown = [result.figures[split] for result in results if split in result.figures]
    best = {}
    # The best of one row says nothing.
    if len(shown) > 1:
        for key in FIGURES:
            # As they are printed, so that what looks the same is marked the same.
            best[key] = max(round(figures[key].mean, 2) for figures in shown)
    rows = []
    for result in results:
        cells = {}
        for key, value in result.figures.get(split, {}).items():
            cells[key] = _Cell(value, best=round(value.mean, 2) == best.get(key))
        rows.append(_FigureRow(result.row.name, cells, missing_figures(result, split)))
    return _FigureTable(split, rows)


def _cells(
    results: Sequence[Result],
    columns: tuple[str, ...],
    cells_of: Callable[[Result], dict[str, str]],
) -> _TextTable:
    return _TextTable(
        columns, [(result.row.name, list(cells_of(result).values())) for result in results]
    )


def _matrices(
    results: Sequence[Result], pairs: Sequence[Difference], split: str, metrics: Sequence[str]
) -> list[_Matrix]:
    """A matrix of each metric, over folds one for each kind of interval."""
    kinds = list(dict.fromkeys(pair.over for pair in pairs))
    matrices = []
    for metric in metrics:
        for over in kinds:
            of_kind = [pair for pair in pairs if pair.over == over]
            title = metric if len(kinds) == 1 else f"{metric}, intervals over {over}"
            matrices.append(_matrix(results, of_kind, split, metric, title))
    return matrices


def _matrix(
    results: Sequence[Result],
    pairs: Sequence[Difference],
    split: str,
    metric: str,
    title: str,
) -> _Matrix:
    names = [result.row.name for result in results if split in result.figures]
    # A row is in no pair with itself, so the diagonal stays empty.
    rows = []
    for name in names:
        rows.append((name, [between(pairs, metric, name, other) for other in names]))
    return _Matrix(title, names, rows)


def _rates(results: Sequence[Result]) -> list[_Rates]:
    """Validation by learning rate, of rows that chose one."""
    rates = []
    for result in results:
        choice = result.choice
        if choice and len(choice.figures) > 1:
            key = result.row.recipe.train.select_by
            rates.append(_Rates(result.row.name, key, choice.rate, choice.figures))
    return rates
