"""What a comparison found, and the files it is written to."""

from dataclasses import dataclass

import yaml

from harma.comparison.differences import Difference, differences
from harma.comparison.final import read_record
from harma.comparison.latex import latex_cost_table, latex_table
from harma.comparison.plan import Plan
from harma.comparison.plots import make_plots, write_pngs
from harma.comparison.published import published_rows
from harma.comparison.report import write_report
from harma.comparison.rows import Result, result_of
from harma.comparison.runs import known_runs
from harma.comparison.speed import read_speeds
from harma.comparison.tables import difference_rows, result_rows, shown_split, write_csv
from harma.ground.files import write_text


@dataclass(frozen=True)
class Outcome:
    """What is known so far.

    Attributes:
        results: of every row.
        split: that the tables show: test once it was read, else val.
        differences: of every pair of rows, for each split.
    """

    results: tuple[Result, ...]
    split: str
    differences: dict[str, list[Difference]]

    @property
    def shown(self) -> list[Difference]:
        """The differences on the split that the tables show."""
        return self.differences[self.split]


def collect(plan: Plan) -> Outcome:
    """The results of every row, as far as they are there."""
    record, speeds = read_record(plan), read_speeds(plan)
    results = tuple(result_of(plan, row, record, speeds.get(row.name)) for row in plan.rows)
    split = shown_split(results)
    splits = dict.fromkeys(("val", split))
    return Outcome(results, split, {name: differences(results, name) for name in splits})


def write_plan(plan: Plan) -> None:
    """Write comparison.yaml: the comparison with everything resolved."""
    plan.output.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(plan.to_dict(), sort_keys=False, allow_unicode=True)
    write_text(
        plan.output / "comparison.yaml",
        f"# Made by harma compare; can be given to it again.\n{text}",
    )


def write_outcome(plan: Plan, outcome: Outcome) -> None:
    """Write tables, plots and report of a comparison into its directory."""
    results, split, output = outcome.results, outcome.split, plan.output
    write_csv(output / "results.csv", result_rows(results))
    write_csv(output / "runs.csv", _run_rows(plan))
    found = [difference for one in outcome.differences.values() for difference in one]
    write_csv(output / "differences.csv", difference_rows(found))
    published = published_rows(plan.published) if plan.published else []
    write_text(output / "results.tex", latex_table(results, split, published))
    write_text(output / "costs.tex", latex_cost_table(results))
    plots = make_plots(results, split, outcome.shown, plan.reference)
    write_pngs(plots, output)
    write_report(plan, results, split, outcome.differences, plots)


def _run_rows(plan: Plan) -> list[dict[str, object]]:
    """The rows of runs.csv: every run that is known to be needed."""
    rows: list[dict[str, object]] = []
    for row in plan.rows:
        for run in known_runs(plan, row):
            value, event = run.best()
            content = run.metrics() if run.state() == "finished" else {}
            rows.append(
                {
                    "name": row.name,
                    "run": run.path.name,
                    "state": run.state(),
                    "learning_rate": run.recipe.optim.lr,
                    "seed": run.recipe.train.seed,
                    "epochs": run.recipe.train.epochs,
                    "selected_by": run.recipe.train.select_by,
                    "best_validation": value if event else "",
                    "best_epoch": event.get("epoch", ""),
                    "seconds_to_best": event.get("seconds", ""),
                    **{
                        f"{split}_{key}": content.get(split, {}).get("metrics", {}).get(key, "")
                        for split in ("val", "test")
                        for key in ("mR", "dup_mR")
                    },
                    "failure": run.failure(),
                }
            )
    return rows
