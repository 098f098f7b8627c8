"""The runs of a comparison: where they are, what state they are in, which are wanted next."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from harma.comparison.plan import Plan, Row
from harma.errors import ConfigError
from harma.ground.reading import read_events, read_yaml
from harma.training.recipe import Recipe
from harma.training.recipe_files import recipe_from_dict

State = Literal["finished", "failed", "begun", "missing"]
# The first epoch of a probe also warms up, so the second one is what is timed.
PROBE_EPOCHS = 2


@dataclass(frozen=True)
class Run:
    """One training run of a row.

    Attributes:
        row: whose it is.
        path: its directory; the files beside have its name.
        recipe: what it is made from.
    """

    row: Row
    path: Path
    recipe: Recipe

    @property
    def title(self) -> str:
        """The run in a line for people."""
        if not self.row.trains:
            return self.row.name
        if self.path.name == "probe":
            return f"{self.row.name}, probe of the time an epoch takes"
        return f"{self.row.name}, lr {self.recipe.optim.lr:g}, seed {self.recipe.train.seed}"

    @property
    def log(self) -> Path:
        """What its process prints."""
        return self.path.with_name(f"{self.path.name}.log")

    @property
    def recipe_file(self) -> Path:
        """The recipe its process is given."""
        return self.path.with_name(f"{self.path.name}.yaml")

    @property
    def failure_file(self) -> Path:
        """Where a failure is written down."""
        return self.path.with_name(f"{self.path.name}.failed.json")

    @property
    def metrics_file(self) -> Path:
        """Its figures; it is finished when they are there."""
        return self.path / "metrics.json"

    def state(self) -> State:
        """How far it is."""
        if self.metrics_file.is_file():
            return "finished"
        if self.failure_file.is_file():
            return "failed"
        return "begun" if (self.path / "recipe.yaml").is_file() else "missing"

    def failure(self) -> str:
        """Why it failed, in a line; "" where it did not."""
        if self.state() != "failed":
            return ""
        content = read_yaml(self.failure_file, "the failure")
        return (
            str(content["reason"])
            if isinstance(content, dict) and "reason" in content
            else "unknown"
        )

    def metrics(self) -> dict[str, Any]:
        """What metrics.json holds."""
        content: dict[str, Any] = json.loads(self.metrics_file.read_text(encoding="utf-8"))
        return content

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind in its log, first to last."""
        return [event for event in read_events(self.path / "log.jsonl") if event["event"] == kind]

    def best(self) -> tuple[float, dict[str, Any]]:
        """The best validation figure by `train.select_by`, and its event; -inf and {} where there is none."""
        key, best, found = self.recipe.train.select_by, -math.inf, {}
        for event in self.events("validation"):
            if event[key] > best:
                best, found = float(event[key]), event
        return best, found

    def check(self) -> None:
        """Make sure that what is on disk was made from this recipe.

        Raises:
            ConfigError: it was not; the message says which values differ.
        """
        path = self.path / "recipe.yaml"
        if not path.is_file():
            return
        try:
            there = _flat(recipe_from_dict(read_yaml(path, "the recipe")).to_dict())
        except (ConfigError, TypeError, ValueError) as error:
            raise ConfigError(
                f"{path} is no recipe of this version ({error}); delete {self.path}"
            ) from error
        wanted = _flat(self.recipe.to_dict())
        differing = [
            f"{key} is {there.get(key)!r} there and {wanted.get(key)!r} here"
            for key in [*wanted, *(key for key in there if key not in wanted)]
            if key != "output" and there.get(key) != wanted.get(key)
        ]
        if differing:
            raise ConfigError(
                f"{self.path} holds a run of another recipe: {'; '.join(differing)}. Delete it to"
                " run it anew, or give another --output"
            )


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return flat


def probe_run(plan: Plan, row: Row) -> Run:
    """The short run that tells how long an epoch takes."""
    return _run(plan, row, "probe", row.rates[0], row.seeds[0], PROBE_EPOCHS)


def rated_run(plan: Plan, row: Row, rate: float, seed: int, epochs: int) -> Run:
    """The run of a rate and a seed."""
    if not row.trains:
        return _run(plan, row, "bare", rate, seed, row.recipe.train.epochs)
    return _run(plan, row, f"lr{rate:g}-seed{seed}", rate, seed, epochs)


def _run(plan: Plan, row: Row, name: str, rate: float, seed: int, epochs: int) -> Run:
    path = plan.output / "runs" / row.folder / name
    recipe = replace(
        row.recipe,
        optim=replace(row.recipe.optim, lr=rate),
        train=replace(row.recipe.train, seed=seed, epochs=epochs),
        output=str(path),
    )
    return Run(row, path, recipe)


def epochs_of(plan: Plan, row: Row) -> int | None:
    """How many epochs the runs of a row have; None while that is not known."""
    if plan.minutes is None or not row.trains:
        return row.recipe.train.epochs
    probe = probe_run(plan, row)
    if probe.state() != "finished":
        return None
    times = [float(event["seconds"]) for event in probe.events("epoch")]
    return max(1, int(plan.minutes * 60 / max(times[-1] - times[-2], 1e-9)))


@dataclass(frozen=True)
class Choice:
    """A row's learning rate.

    Attributes:
        rate: the best one on validation.
        found: the figure of each rate with the first seed; None where it failed.
        note: "" or what to know: the best rate is an end of the grid, some failed.
    """

    rate: float
    found: dict[float, float | None]
    note: str


def rate_runs(plan: Plan, row: Row) -> list[Run]:
    """The runs that choose a row's rate: each rate with the first seed; [] while the epochs are not known."""
    epochs = epochs_of(plan, row)
    return (
        []
        if epochs is None
        else [rated_run(plan, row, rate, row.seeds[0], epochs) for rate in row.rates]
    )


def choose(plan: Plan, row: Row) -> Choice | None:
    """A row's rate, once all rates were tried; None before, and where none worked. Of equal ones the lowest."""
    runs = rate_runs(plan, row)
    if not runs or any(run.state() not in ("finished", "failed") for run in runs):
        return None
    found: dict[float, float | None] = {}
    for rate, run in sorted(zip(row.rates, runs, strict=True), key=lambda pair: pair[0]):
        found[rate] = None if run.state() == "failed" else run.best()[0] if row.trains else 0.0
    working = {rate: value for rate, value in found.items() if value is not None}
    if not working:
        return None
    rate = max(working, key=lambda key: working[key])
    notes = []
    if len(found) > 1 and rate in (min(found), max(found)):
        end, where = ("lowest", "lower") if rate == min(found) else ("highest", "higher")
        notes.append(f"the best rate is the {end} of the grid; a {where} one may serve it better")
    if failed := [f"{rate:g}" for rate, value in found.items() if value is None]:
        notes.append(f"rate {', '.join(failed)} failed")
    return Choice(rate, found, "; ".join(notes))


def seed_runs(plan: Plan, row: Row) -> list[Run]:
    """The runs that a row's figures are of: its chosen rate with each seed; [] while it is not chosen."""
    choice, epochs = choose(plan, row), epochs_of(plan, row)
    if choice is None or epochs is None:
        return []
    return [rated_run(plan, row, choice.rate, seed, epochs) for seed in row.seeds]


def known_runs(plan: Plan, row: Row) -> Iterator[Run]:
    """Every run of a row that is known to be needed, first to last, each once."""
    if plan.minutes is not None and row.trains:
        yield probe_run(plan, row)
    yield from rate_runs(plan, row)
    yield from [run for run in seed_runs(plan, row) if run.recipe.train.seed != row.seeds[0]]


def num_runs(plan: Plan, row: Row) -> int:
    """How many runs a row has when it is complete."""
    return (
        (1 if plan.minutes is not None and row.trains else 0) + len(row.rates) + len(row.seeds) - 1
    )
