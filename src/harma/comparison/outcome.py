"""What a comparison found, and the files it is written to."""

from collections.abc import Sequence

import yaml

from harma.comparison.plan import Plan
from harma.comparison.rows import Result, result_of
from harma.comparison.runs import known_runs
from harma.comparison.tables import result_rows, write_csv
from harma.files import write_text


def collect(plan: Plan) -> list[Result]:
    """The results of every row, as far as they are there."""
    return [result_of(plan, row) for row in plan.rows]


def write_plan(plan: Plan) -> None:
    """Write comparison.yaml: the comparison with everything resolved."""
    plan.output.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(plan.to_dict(), sort_keys=False, allow_unicode=True)
    write_text(plan.output / "comparison.yaml", f"# Made by harma compare; can be given to it again.\n{text}")


def write_outcome(plan: Plan, results: Sequence[Result]) -> None:
    """Write the tables of a comparison into its directory."""
    write_csv(plan.output / "results.csv", result_rows(results))
    write_csv(plan.output / "runs.csv", _run_rows(plan))


def _run_rows(plan: Plan) -> list[dict[str, object]]:
    """The rows of runs.csv: every run that is known to be needed."""
    rows: list[dict[str, object]] = []
    for row in plan.rows:
        for run in known_runs(plan, row):
            value, event = run.best()
            done = run.state() == "finished"
            metrics = run.metrics()["val"]["metrics"] if done else {}
            rows.append({
                "name": row.name, "run": run.path.name, "state": run.state(), "learning_rate": run.recipe.optim.lr,
                "seed": run.recipe.train.seed, "epochs": run.recipe.train.epochs,
                "selected_by": run.recipe.train.select_by, "best_validation": value if event else "",
                "best_epoch": event.get("epoch", ""), "seconds_to_best": event.get("seconds", ""),
                "val_mR": metrics.get("mR", ""), "val_dup_mR": metrics.get("dup_mR", ""), "failure": run.failure(),
            })  # fmt: skip
    return rows
