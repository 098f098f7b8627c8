"""One call for a whole comparison: under its lock resume it, run it, measure, write its tables."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from harma.comparison.csv_files import Line, difference_lines, result_lines, run_lines, write_lines
from harma.comparison.differences import Difference, differences
from harma.comparison.execute import check_runs, count_runs, execute
from harma.comparison.final import check_record, read_record, read_test
from harma.comparison.folds import check_folds, fold_plans
from harma.comparison.latex import latex_cost_table, latex_table
from harma.comparison.over_folds import fold_differences, joined_result
from harma.comparison.plan import Plan, read_plan
from harma.comparison.plan_rows import PlanRow
from harma.comparison.plots import make_plots, write_pngs
from harma.comparison.published import published_rows
from harma.comparison.report import write_page
from harma.comparison.results import Result, result_of
from harma.comparison.speed import measure_speeds, read_speeds
from harma.comparison.tables import shown_split
from harma.errors import ConfigError, MissingFileError
from harma.ground.files import write_text
from harma.ground.lock import locked

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ComparisonOutcome:
    """What is known so far.

    Attributes:
        plan: what is compared.
        results: of every row, in the order of the plan.
        split: that the tables show: test once it was read, else val.
        differences: of every pair of rows, for each split; over folds twice, with intervals over
            images and runs and then over images alone.
    """

    plan: Plan
    results: tuple[Result, ...]
    split: str
    differences: dict[str, list[Difference]]

    @property
    def shown(self) -> list[Difference]:
        """The differences on the split that the tables show."""
        return self.differences[self.split]

    @property
    def failed(self) -> bool:
        """Whether a run failed."""
        return any(result.failures for result in self.results)


def compare(
    plan: Plan | str | Path,
    directory: str | Path | None = None,
    *,
    only: Sequence[str] = (),
    retry: bool = False,
    final: bool = False,
    report_only: bool = False,
    say: Callable[[str], None] = logger.info,
) -> ComparisonOutcome:
    """Run a comparison, and write its tables, plots and page.

    A finished run is never done again and an interrupted one goes on, so the call can be made any
    number of times. The test split stays unread until `final`. ::

        outcome = harma.compare("methods.yaml", "runs/methods")
        for result in outcome.results:
            print(result.row.name, result.figures[outcome.split]["mR"].mean)

    Args:
        plan: a shipped comparison by its name, a YAML file, or what `read_plan` made of one.
        directory: where everything goes, in place of the plan's output.
        only: names of the rows to run; () runs all. The tables show all.
        retry: also run what failed before.
        final: then read the test split, once for each row.
        report_only: run nothing; write the tables of what is there, also while it runs.
        say: told what happens; None of it is needed.

    Returns:
        The results of every row, as far as they are there.

    Raises:
        ConfigError: a name is unknown, a value is not usable, a run in the directory was made from
            another recipe, or a row has read the test split with another learning rate.
        BusyError: another process is comparing in the directory.
        MissingFileError: there is no such plan, or, with `report_only`, no such comparison.
        DataError: the data cannot be used, or are not those that were read.
        KeyboardInterrupt: asked to end; the call made again goes on.
    """
    if not isinstance(plan, Plan):
        plan = read_plan(plan)
    if directory is not None:
        plan = replace(plan, output=Path(directory))
    _check_options(plan, retry=retry, final=final, report_only=report_only)
    rows = plan.rows
    if only:
        rows = tuple(plan.row(name) for name in only)
    if not report_only:
        _run_all(plan, rows, retry=retry, final=final, say=say)
    elif not plan.output.is_dir():
        raise MissingFileError(
            f"there is no comparison in {plan.output}; run it first, or say where: --output DIR"
        )
    # Outside the lock: tables can be made while another process runs.
    outcome = collect(plan)
    write_outcome(outcome)
    return outcome


def _check_options(plan: Plan, *, retry: bool, final: bool, report_only: bool) -> None:
    """Check that what is asked for does not contradict itself.

    Raises:
        ConfigError: it does.
    """
    if report_only and (final or retry):
        raise ConfigError("report_only runs nothing; leave final and retry out")
    if final and plan.folds is not None:
        raise ConfigError("over folds each row is judged as soon as it is ready; leave final out")


def _run_all(
    plan: Plan,
    rows: Sequence[PlanRow],
    *,
    retry: bool,
    final: bool,
    say: Callable[[str], None],
) -> None:
    if plan.folds is None:
        _run(plan, rows, retry=retry, final=final, say=say)
    else:
        _run_folds(plan, rows, retry=retry, say=say)


def _run(
    plan: Plan,
    rows: Sequence[PlanRow],
    *,
    retry: bool,
    final: bool,
    say: Callable[[str], None],
) -> None:
    """Run what is missing, measure speeds, and with `final` read the test split."""
    with locked(plan.output, "comparing in"):
        if final:
            # Hours of training are no use to a row whose test may not be read any more.
            check_record(plan, read_record(plan))
        # Before the first run: what is there can be made again, even if all runs fail.
        write_plan(plan)
        execute(plan, rows, retry=retry)
        # After the runs, which would share the processor with what is measured.
        measure_speeds(plan, rows, say)
        if final:
            read_test(plan, rows, say)


def _run_folds(
    plan: Plan, rows: Sequence[PlanRow], *, retry: bool, say: Callable[[str], None]
) -> None:
    """Run what is missing in every fold, and judge each row on the fold's test part.

    Row by row: the first rows are whole over all folds while later ones still wait.
    """
    plans = fold_plans(plan)
    with locked(plan.output, "comparing in"):
        check_folds(plans)
        for of_fold in plans:
            check_record(of_fold, read_record(of_fold))
            check_runs(of_fold, of_fold.rows)
        write_plan(plan)
        for row in rows:
            for of_fold in plans:
                of_row = [of_fold.row(row.name)]
                ended, total = count_runs(of_fold, of_row)
                if retry or ended < total:
                    say(f"{row.name}, {of_fold.output.name} of {len(plans)}")
                    execute(of_fold, of_row, retry=retry)
                read_test(of_fold, of_row, say)
        measure_speeds(plans[0], [plans[0].row(row.name) for row in rows], say)


def write_plan(plan: Plan) -> None:
    """Write comparison.yaml: the comparison with everything resolved."""
    plan.output.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(plan.to_dict(), sort_keys=False, allow_unicode=True)
    write_text(
        plan.output / "comparison.yaml",
        f"# Made by harma compare; can be given to it again.\n{text}",
    )


def collect(plan: Plan) -> ComparisonOutcome:
    """The results of every row, as far as they are there.

    Raises:
        ConfigError: a record of the comparison is damaged.
        DataError: figures are gone, or of other data than those of other rows.
    """
    if plan.folds is not None:
        return _collect_folds(plan)
    results = _results(plan)
    # Validation has its own table beside test.
    split = shown_split(results)
    of_splits = {name: differences(results, name) for name in dict.fromkeys(("val", split))}
    return ComparisonOutcome(plan, results, split, of_splits)


def _results(plan: Plan) -> tuple[Result, ...]:
    record = read_record(plan)
    speeds = read_speeds(plan)
    return tuple(result_of(plan, row, record, speeds.get(row.name)) for row in plan.rows)


def _collect_folds(plan: Plan) -> ComparisonOutcome:
    """The results of every row over all folds."""
    # For each fold its rows; turned round, for each row its folds.
    by_row = zip(*[_results(of_fold) for of_fold in fold_plans(plan)], strict=True)
    results = tuple(joined_result(row, folds) for row, folds in zip(plan.rows, by_row, strict=True))
    split = shown_split(results)
    of_splits = {name: fold_differences(results, name) for name in dict.fromkeys(("val", split))}
    return ComparisonOutcome(plan, results, split, of_splits)


def all_run_lines(plan: Plan) -> list[Line]:
    """The lines of runs.csv, over folds with the fold of each run."""
    if plan.folds is None:
        return run_lines(plan)
    lines = []
    for number, of_fold in enumerate(fold_plans(plan), 1):
        lines += [{"fold": number, **line} for line in run_lines(of_fold)]
    return lines


def write_outcome(outcome: ComparisonOutcome) -> None:
    """Write tables, plots and page of a comparison into its directory."""
    plan = outcome.plan
    results = outcome.results
    split = outcome.split
    output = plan.output
    pairs: list[Difference] = []
    for of_split in outcome.differences.values():
        pairs += of_split
    write_lines(output / "results.csv", result_lines(results))
    write_lines(output / "runs.csv", all_run_lines(plan))
    write_lines(output / "differences.csv", difference_lines(pairs))
    published = published_rows(plan.published)
    write_text(output / "results.tex", latex_table(results, split, published))
    write_text(output / "costs.tex", latex_cost_table(results))
    plots = make_plots(results, split, outcome.shown, plan.reference)
    write_pngs(plots, output)
    write_page(plan, results, split, outcome.differences, plots)
