"""The test split: read once for each row of a comparison, and written down that it was."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from harma.comparison.models import open_run
from harma.comparison.plan import Plan
from harma.comparison.plan_rows import PlanRow
from harma.comparison.runs import Run, choose, finished_runs, known_runs
from harma.data.cache import ImageCache
from harma.data.split import Split
from harma.errors import ConfigError, DataError
from harma.evaluation import evaluate, save_evaluation
from harma.evaluation.user_metrics import find_metrics
from harma.ground.files import write_json
from harma.ground.reading import read_yaml
from harma.scenes.model_bands import ModelBands
from harma.training.build import load_splits, make_cache, num_workers

RECORD_FILE = "final.json"


@dataclass(frozen=True)
class FinalReading:
    """What is written down of a row whose test split was read.

    Attributes:
        learning_rate: of the runs; None of the bare backbone.
        runs: those that were evaluated, seen from the comparison's directory.
        fingerprint: of the test split.
        began: when.
        read: when all of them were; None while some are left.
    """

    learning_rate: float | None
    runs: list[str]
    fingerprint: str
    began: str
    read: str | None


Record = dict[str, FinalReading]
# Bands that models read, None for pictures → images as they see them.
Caches = dict[ModelBands | None, ImageCache]


def read_record(plan: Plan) -> Record:
    """What final.json says of each row whose test split was read, by the row's name.

    Raises:
        ConfigError: the file is damaged.
    """
    path = plan.output / RECORD_FILE
    if not path.is_file():
        return {}
    content = read_yaml(path, "the record of the test split")
    try:
        return {name: _reading(entry) for name, entry in content["rows"].items()}
    except (AttributeError, LookupError, TypeError) as error:
        raise ConfigError(
            f"{path} is damaged; it says which rows have read the test split. Bring it back"
        ) from error


def _reading(entry: dict[str, Any]) -> FinalReading:
    return FinalReading(**{field.name: entry[field.name] for field in fields(FinalReading)})


def read_test(
    plan: Plan, rows: Sequence[PlanRow], say: Callable[[str], None] = lambda _: None
) -> None:
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
    ready = _ready(plan, rows, record, say)
    if not ready:
        return
    data = ready[0].recipe.data
    split = load_splits(data, "test")["test"]
    fingerprint = split.fingerprint()
    # Figures of two test splits must not stand in one table.
    others = [name for name, entry in record.items() if entry.fingerprint != fingerprint]
    if others:
        raise DataError(
            f"the test split is not the one that {', '.join(others)} were read on; bring that back"
        )
    caches: Caches = {}
    for row in ready:
        runs = finished_runs(plan, row)
        reading = FinalReading(
            learning_rate=runs[0].recipe.optim.lr if row.trains else None,
            runs=[str(run.path.relative_to(plan.output)) for run in runs],
            fingerprint=fingerprint,
            began=_now(),
            read=None,
        )
        # Before the first look: an interrupted row is one that has begun to read.
        _write(plan, record, row, reading)
        for run in runs:
            mean_recall = _evaluate(run, split, caches)
            say(f"{run.title}: test mR {mean_recall:.2f}")
        _write(plan, record, row, replace(reading, read=_now()))


def _ready(
    plan: Plan, rows: Sequence[PlanRow], record: Record, say: Callable[[str], None]
) -> list[PlanRow]:
    """The rows whose test split is to be read now: complete, and not read before."""
    ready = []
    for row in rows:
        if row.name in record and record[row.name].read:
            continue
        if _complete(plan, row):
            ready.append(row)
        else:
            say(f"{row.name}: test is not read, its runs are not all there")
    return ready


def check_record(plan: Plan, record: Record) -> None:
    """Check that rows that have read test are still what was read.

    Raises:
        ConfigError: another learning rate is chosen now; the message names row and rates.
    """
    for row in plan.rows:
        reading = record.get(row.name)
        choice = choose(plan, row)
        # Of a row that was not read, or has nothing chosen, any rate may come.
        if reading is None or choice is None or reading.learning_rate is None:
            continue
        if reading.learning_rate != choice.rate:
            raise ConfigError(
                f"{row.name} has read the test split with the learning rate"
                f" {reading.learning_rate:g}, and {choice.rate:g} is chosen now; test is read once"
                " for each row. Take the new rates out, or give the row another name"
            )


def test_run_paths(record: Record, row: PlanRow) -> list[str]:
    """The runs that a row's test figures are of, seen from the comparison's directory.

    [] before they are read.
    """
    reading = record.get(row.name)
    if reading is None or not reading.read:
        return []
    return reading.runs


def _complete(plan: Plan, row: PlanRow) -> bool:
    """Whether every run of a row has ended and some finished."""
    return all(run.ended for run in known_runs(plan, row)) and bool(finished_runs(plan, row))


def _evaluate(run: Run, split: Split, caches: Caches) -> float:
    """Evaluate a run on the split unless it was; its mR."""
    # An interrupted reading may have got as far as this run.
    content = run.metrics()
    if "test" not in content:
        recipe = run.recipe
        model = open_run(run)
        # Images are decoded once for all rows that see them alike.
        bands = model.preprocess.bands
        if bands not in caches:
            caches[bands] = make_cache(recipe.data, split, model.preprocess)
        evaluation = evaluate(
            model,
            split,
            batch_size=recipe.data.eval_batch_size,
            num_workers=num_workers(recipe.data),
            cache=caches[bands],
            # The bare backbone is a row of its own.
            compare=False,
            metrics=find_metrics(recipe.train.metrics),
        )
        save_evaluation(evaluation, run.path)
        return evaluation.metrics["mR"]
    if content["test"]["fingerprint"] != split.fingerprint():
        raise DataError(f"{run.path} was evaluated on another test split; bring that back")
    return float(content["test"]["metrics"]["mR"])


def _write(plan: Plan, record: Record, row: PlanRow, reading: FinalReading) -> None:
    record[row.name] = reading
    rows = {name: asdict(entry) for name, entry in record.items()}
    # A process that is killed here leaves the old record or the new one, never half of one.
    about = "rows whose test split was read"
    write_json(plan.output / RECORD_FILE, {"about": about, "rows": rows})


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
