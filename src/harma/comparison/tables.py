"""The tables of a comparison on the terminal, and the cells that page and LaTeX share."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from harma.comparison.differences import COMPARED_METRICS, Difference, between
from harma.comparison.over_folds import IMAGES, IMAGES_AND_RUNS, chosen_rates
from harma.comparison.results import Result, Spread
from harma.metrics import RECALL_KEYS

INTERVAL_TITLES = {
    IMAGES: "paired bootstrap over images, seeds averaged",
    IMAGES_AND_RUNS: "Student's t over the folds: images and runs",
}
SPLIT_TITLES = {"val": "Validation split", "test": "Test split"}


def shown_split(results: Sequence[Result]) -> str:
    """The split the tables show: test once it was read, else val."""
    if any("test" in result.figures for result in results):
        return "test"
    return "val"


# -- cells ----------------------------------------------------------------------------------------


def plus_minus(value: Spread) -> str:
    """Mean ± standard deviation; the mean alone of one seed."""
    if value.deviation is None:
        return f"{value.mean:.2f}"
    return f"{value.mean:.2f} ± {value.deviation:.2f}"


def three_digits(value: float | None) -> str:
    """A number for people; "" for None."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def megabytes(count: int | None) -> str:
    """Bytes in MB; "" for None."""
    if count is None:
        return ""
    return three_digits(count / 1e6)


def missing_figures(result: Result, split: str) -> str:
    """Why a row has no figures on a split."""
    if result.status in ("failed", "waiting"):
        return result.status
    # A row that is done on validation waits for --final.
    return "not read" if split == "test" else "waiting"


def setting_cells(result: Result) -> dict[str, str]:
    """How a row was trained and what trains in it, by the column's name."""
    cells = {"lr": "", "seeds": "", "trained": "", "share %": ""}
    if result.rate is not None:
        cells["lr"] = f"{result.rate:g}"
    if result.folds:
        cells["lr"] = ", ".join(
            f"{rate:g} ({count})" for rate, count in chosen_rates(result).items()
        )
    if result.row.trains:
        cells["seeds"] = f"{len(result.runs)}/{result.wanted_runs}"
    if result.cost is not None:
        cells["trained"] = f"{result.cost.trained:,}"
        cells["share %"] = f"{result.cost.percent:.2f}"
    return cells


COST_COLUMNS = (
    "s per epoch",
    "s to best",
    "peak MB",
    "saved MB",
    "images per s",
    "images of bare",
    "texts per s",
    "texts of bare",
)
SETTING_COLUMNS = ("lr", "seeds", "trained", "share %")


def cost_cells(result: Result) -> dict[str, str]:
    """What a row takes, by the column's name."""
    cells = dict.fromkeys(COST_COLUMNS, "")
    cost = result.cost
    speed = result.speed
    if cost is not None:
        cells["s per epoch"] = three_digits(cost.epoch_seconds)
        cells["s to best"] = three_digits(cost.best_seconds)
        cells["peak MB"] = megabytes(cost.peak_bytes)
        cells["saved MB"] = megabytes(cost.saved_bytes)
    if speed is not None:
        cells["images per s"] = three_digits(speed.images)
        cells["images of bare"] = f"{speed.image_ratio:.2f}"
        cells["texts per s"] = three_digits(speed.texts)
        cells["texts of bare"] = f"{speed.text_ratio:.2f}"
    return cells


def interval(difference: Difference | None) -> str:
    """A difference and its interval; "" for None."""
    if difference is None:
        return ""
    return f"{difference.point:+.2f} [{difference.low:+.2f}, {difference.high:+.2f}]"


# -- tables ---------------------------------------------------------------------------------------


def main_table(results: Sequence[Result], split: str) -> Table:
    """Mean recalls of every row, with what it trains and how."""
    over = "folds" if any(result.folds for result in results) else "seeds"
    table = _table(f"{SPLIT_TITLES[split]}, percent, mean ± standard deviation over {over}")
    _add_columns(table, [*COMPARED_METRICS, *SETTING_COLUMNS])
    for result in results:
        figures = result.figures.get(split)
        if figures is None:
            # In the first column; a row that failed is not left out.
            means = [missing_figures(result, split), ""]
        else:
            means = [plus_minus(figures[key]) for key in COMPARED_METRICS]
        table.add_row(escape(result.row.name), *means, *setting_cells(result).values())
    return table


def recalls_table(results: Sequence[Result], split: str) -> Table:
    """The six recalls of every row, means over seeds."""
    table = _table(f"{SPLIT_TITLES[split]}, recalls in percent")
    _add_columns(table, RECALL_KEYS)
    for result in results:
        if split in result.figures:
            recalls = [result.figures[split][key].mean for key in RECALL_KEYS]
            table.add_row(escape(result.row.name), *(f"{recall:.2f}" for recall in recalls))
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
    _add_columns(table, COST_COLUMNS, wrap=True)
    for result in results:
        if result.cost:
            table.add_row(escape(result.row.name), *cost_cells(result).values())
    return table


def differences_table(pairs: Sequence[Difference], reference: str, names: Sequence[str]) -> Table:
    """Each row minus the reference, with intervals that are over the same."""
    how = INTERVAL_TITLES[pairs[0].over]
    table = _table(f"Minus {escape(reference)}, 95 % interval ({how})")
    _add_columns(table, COMPARED_METRICS)
    for name in names:
        row = [between(pairs, key, name, reference) for key in COMPARED_METRICS]
        if any(row):
            # Brackets would be markup to rich.
            table.add_row(escape(name), *(escape(interval(difference)) for difference in row))
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)


def _add_columns(table: Table, names: Iterable[str], *, wrap: bool = False) -> None:
    table.add_column("", overflow="fold", min_width=12)
    for name in names:
        table.add_column(name, justify="right", no_wrap=not wrap)
