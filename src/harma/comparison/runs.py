"""The runs of a comparison: their directories and states, the rate chosen, which come next."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from harma.comparison.plan import Plan
from harma.comparison.plan_rows import PlanRow
from harma.errors import ConfigError
from harma.ground.json_text import parse_json
from harma.ground.reading import read_events, read_yaml
from harma.training.recipe import Recipe
from harma.training.recipe_files import recipe_from_dict

State = Literal["finished", "failed", "begun", "missing"]
# The first epoch of a probe also warms up, so the second one is what is timed.
PROBE_EPOCHS = 2
# States in which a run takes no further process.
ENDED_STATES = ("finished", "failed")


@dataclass(frozen=True)
class BestEpoch:
    """The best validation of a run.

    Attributes:
        value: its figure by `train.select_by`.
        epoch: when.
        seconds: of training until then.
    """

    value: float
    epoch: int
    seconds: float


@dataclass(frozen=True)
class Run:
    """One training run of a row.

    Attributes:
        row: whose it is.
        path: its directory; the files beside have its name.
        recipe: what it is made from.
    """

    row: PlanRow
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
        if (self.path / "recipe.yaml").is_file():
            return "begun"
        return "missing"

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do: it is finished, or failed."""
        return self.state() in ENDED_STATES

    def failure(self) -> str:
        """Why it failed, in a line; "" where it did not."""
        if self.state() != "failed":
            return ""
        # Somebody may have written it by hand, to leave a run out.
        content = read_yaml(self.failure_file, "the failure")
        if not isinstance(content, dict):
            return "unknown"
        return str(content.get("reason", "unknown"))

    def metrics(self) -> dict[str, Any]:
        """What metrics.json holds."""
        file = self.metrics_file
        content: dict[str, Any] = parse_json(file.read_bytes(), source=str(file))
        return content

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind in its log, first to last."""
        return [event for event in read_events(self.path / "log.jsonl") if event["event"] == kind]

    def best(self) -> "BestEpoch | None":
        """The first of its best validations by `train.select_by`; None where there is none."""
        # Not `max`: a figure that is no number is never the best.
        best = None
        highest = -math.inf
        for event in self.events("validation"):
            value = float(event[self.recipe.train.select_by])
            if value > highest:
                highest = value
                best = BestEpoch(value, int(event["epoch"]), float(event["seconds"]))
        return best

    def check(self) -> None:
        """Make sure that what is on disk was made from this recipe.

        Raises:
            ConfigError: it was not; the message says which values differ.
        """
        path = self.path / "recipe.yaml"
        if not path.is_file():
            return
        try:
            # Through a recipe, so that values which a newer version added have their defaults.
            there = _flat(recipe_from_dict(read_yaml(path, "the recipe")).to_dict())
        except (ConfigError, TypeError, ValueError) as error:
            raise ConfigError(
                f"{path} is no recipe of this version ({error}); delete {self.path}"
            ) from error
        here = _flat(self.recipe.to_dict())
        differing = []
        for key in dict.fromkeys([*here, *there]):
            if key != "output" and there.get(key) != here.get(key):
                differing.append(f"{key} is {there.get(key)!r} there and {here.get(key)!r} here")
        if differing:
            raise ConfigError(
                f"{self.path} holds a run of another recipe: {'; '.join(differing)}. Delete it to"
                " run it anew, or give another --output"
            )


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values by dotted names."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


# -- which runs a row has -------------------------------------------------------------------------


def probe_run(plan: Plan, row: PlanRow) -> Run:
    """The short run that tells how long an epoch takes."""
    return _run(plan, row, "probe", row.rates[0], row.seeds[0], PROBE_EPOCHS)


def rated_run(plan: Plan, row: PlanRow, rate: float, seed: int, epochs: int) -> Run:
    """The run of a rate and a seed."""
    if not row.trains:
        return _run(plan, row, "bare", rate, seed, row.recipe.train.epochs)
    return _run(plan, row, f"lr{rate:g}-seed{seed}", rate, seed, epochs)


def _run(plan: Plan, row: PlanRow, name: str, rate: float, seed: int, epochs: int) -> Run:
    path = plan.output / "runs" / row.folder / name
    recipe = replace(
        row.recipe,
        optim=replace(row.recipe.optim, lr=rate),
        train=replace(row.recipe.train, seed=seed, epochs=epochs),
        output=str(path),
    )
    return Run(row, path, recipe)


def epochs_of(plan: Plan, row: PlanRow) -> int | None:
    """How many epochs the runs of a row have; None while that is not known."""
    if plan.minutes is None or not row.trains:
        return row.recipe.train.epochs
    probe = probe_run(plan, row)
    # Until then nobody knows how long an epoch takes.
    if probe.state() != "finished":
        return None
    times = [float(event["seconds"]) for event in probe.events("epoch")]
    # Never 0, on a clock that is too coarse for a tiny epoch.
    seconds = max(times[-1] - times[-2], 1e-9)
    return max(1, int(plan.minutes * 60 / seconds))


@dataclass(frozen=True)
class Choice:
    """A row's learning rate.

    Attributes:
        rate: the best one on validation.
        figures: of each rate with the first seed; None where it failed.
        note: "" or what to know: the best rate is an end of the grid, some failed.
    """

    rate: float
    figures: dict[float, float | None]
    note: str


def rate_runs(plan: Plan, row: PlanRow) -> list[Run]:
    """The runs that choose a row's rate: each rate with the first seed.

    [] while the epochs are not known.
    """
    epochs = epochs_of(plan, row)
    if epochs is None:
        return []
    return [rated_run(plan, row, rate, row.seeds[0], epochs) for rate in row.rates]


def choose(plan: Plan, row: PlanRow) -> Choice | None:
    """A row's rate, once all rates were tried; of equal ones the lowest.

    None before, and where no rate worked.
    """
    runs = rate_runs(plan, row)
    if not runs or not all(run.ended for run in runs):
        return None
    by_rate = dict(zip(row.rates, runs, strict=True))
    figures = {rate: _figure(by_rate[rate]) for rate in sorted(by_rate)}
    working = {rate: figure for rate, figure in figures.items() if figure is not None}
    if not working:
        return None
    # The first of equal ones, and they are in ascending order.
    rate = max(working, key=lambda key: working[key])
    return Choice(rate, figures, "; ".join(_notes(rate, figures)))


def _figure(run: Run) -> float | None:
    """What a rate is chosen by: the best validation of its run; None where the run failed."""
    if run.state() == "failed":
        return None
    if not run.row.trains:
        return 0.0  # the bare backbone has one run, and nothing to choose
    best = run.best()
    return best.value if best else -math.inf


def _notes(chosen: float, figures: dict[float, float | None]) -> Iterator[str]:
    """What to know of a choice."""
    # Beyond the end of the grid may lie a better rate, which nobody tried.
    if len(figures) > 1 and chosen == min(figures):
        yield "the best rate is the lowest of the grid; a lower one may serve it better"
    if len(figures) > 1 and chosen == max(figures):
        yield "the best rate is the highest of the grid; a higher one may serve it better"
    if failed := [f"{rate:g}" for rate, figure in figures.items() if figure is None]:
        yield f"rate {', '.join(failed)} failed"


def seed_runs(plan: Plan, row: PlanRow) -> list[Run]:
    """The runs that a row's figures are of: its chosen rate with each seed.

    [] while it is not chosen.
    """
    choice = choose(plan, row)
    epochs = epochs_of(plan, row)
    if choice is None or epochs is None:
        return []
    return [rated_run(plan, row, choice.rate, seed, epochs) for seed in row.seeds]


def finished_runs(plan: Plan, row: PlanRow) -> list[Run]:
    """The runs that a row's figures are of, as far as they are finished."""
    return [run for run in seed_runs(plan, row) if run.state() == "finished"]


def known_runs(plan: Plan, row: PlanRow) -> Iterator[Run]:
    """Every run of a row that is known to be needed, first to last, each once."""
    if plan.minutes is not None and row.trains:
        yield probe_run(plan, row)
    yield from rate_runs(plan, row)
    # The first seed is that of the rates, whose runs are named already.
    yield from [run for run in seed_runs(plan, row) if run.recipe.train.seed != row.seeds[0]]


def num_runs(plan: Plan, row: PlanRow) -> int:
    """How many runs a row has when it is complete."""
    probes = int(plan.minutes is not None and row.trains)
    return probes + len(row.rates) + len(row.seeds) - 1
