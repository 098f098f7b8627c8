"""The test split: read once for each row, and written down that it was."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from harma.comparison.models import open_run
from harma.comparison.plan import Plan, Row
from harma.comparison.runs import Run, choose, known_runs, seed_runs
from harma.data.split import Split
from harma.errors import ConfigError, DataError
from harma.evaluation import evaluate, save_evaluation
from harma.evaluation.user_metrics import find_metrics
from harma.ground.files import write_json
from harma.ground.reading import read_yaml
from harma.training.build import load_splits, make_cache, num_workers

FILE = "final.json"


def read_record(plan: Plan) -> dict[str, Any]:
    """What final.json says of each row whose test split was read: when, which runs, of which data.

    Raises:
        ConfigError: the file is damaged.
    """
    path = plan.output / FILE
    if not path.is_file():
        return {}
    content = read_yaml(path, "the record of the test split")
    if not isinstance(content, dict) or not isinstance(content.get("rows"), dict):
        raise ConfigError(
            f"{path} is damaged; it says which rows have read the test split. Bring it back"
        )
    rows: dict[str, Any] = content["rows"]
    return rows


def read_test(plan: Plan, rows: Sequence[Row], say: Callable[[str], None] = lambda _: None) -> None:
    """Evaluate the runs of each row's chosen rate on the test split, and record it.

    A row that is recorded is not read again. One that was interrupted goes on with the runs that
    are left.

    Args:
        plan: the comparison.
        rows: those to read.
        say: told what happens.

    Raises:
        ConfigError: a row was read with another learning rate than is chosen now.
        DataError: the test split is another than the recorded rows were read on.
    """
    record = read_record(plan)
    check_record(plan, record)
    ready = [
        row for row in rows if not record.get(row.name, {}).get("read") and _complete(plan, row)
    ]
    for row in rows:
        if row not in ready and not record.get(row.name, {}).get("read"):
            say(f"{row.name}: test is not read, its runs are not all there")
    if not ready:
        return
    data = ready[0].recipe.data
    split = load_splits(data, "test")["test"]
    fingerprint = split.fingerprint()
    if other := [name for name, kept in record.items() if kept["fingerprint"] != fingerprint]:
        raise DataError(
            f"the test split is not the one that {', '.join(other)} were read on; bring that back"
        )
    cache = make_cache(data)
    for row in ready:
        runs = _finished(plan, row)
        entry = {
            "learning_rate": runs[0].recipe.optim.lr if row.trains else None,
            "runs": [str(run.path.relative_to(plan.output)) for run in runs],
            "fingerprint": fingerprint,
            "began": _now(),
            "read": None,
        }
        _write(plan, record, row, entry)
        for run in runs:
            say(f"{run.title}: test {_evaluate(run, split, cache)}")
        _write(plan, record, row, {**entry, "read": _now()})


def check_record(plan: Plan, record: dict[str, Any]) -> None:
    """Make sure that rows that have read test are still what was read.

    Raises:
        ConfigError: another learning rate is chosen now; the message names row and rates.
    """
    for row in plan.rows:
        kept, choice = record.get(row.name), choose(plan, row)
        if kept and choice and row.trains and kept["learning_rate"] != choice.rate:
            raise ConfigError(
                f"{row.name} has read the test split with the learning rate"
                f" {kept['learning_rate']:g}, and {choice.rate:g} is chosen now; test is read once"
                " for each row. Take the new rates out, or give the row another name"
            )


def test_run_paths(record: dict[str, Any], row: Row) -> list[str]:
    """The runs that a row's test figures are of, seen from the comparison's directory; [] before they are read."""
    kept = record.get(row.name, {})
    return list(kept["runs"]) if kept.get("read") else []


def _complete(plan: Plan, row: Row) -> bool:
    """Whether every run of a row has ended and some finished."""
    over = all(run.state() in ("finished", "failed") for run in known_runs(plan, row))
    return over and bool(_finished(plan, row))


def _finished(plan: Plan, row: Row) -> list[Run]:
    return [run for run in seed_runs(plan, row) if run.state() == "finished"]


def _evaluate(run: Run, split: Split, cache: Any) -> str:
    """Evaluate a run on the split unless it was; its mR for people."""
    content = run.metrics()
    if "test" not in content:
        recipe = run.recipe
        evaluation = evaluate(
            open_run(run),
            split,
            batch_size=recipe.data.eval_batch_size,
            num_workers=num_workers(recipe.data),
            cache=cache,
            compare=False,
            metrics=find_metrics(recipe.train.metrics),
        )
        save_evaluation(evaluation, run.path)
        content = run.metrics()
    elif content["test"]["fingerprint"] != split.fingerprint():
        raise DataError(f"{run.path} was evaluated on another test split; bring that back")
    return f"mR {content['test']['metrics']['mR']:.2f}"


def _write(plan: Plan, record: dict[str, Any], row: Row, entry: dict[str, Any]) -> None:
    record[row.name] = entry
    write_json(plan.output / FILE, {"about": "rows whose test split was read", "rows": record})


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
