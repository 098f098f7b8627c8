"""What is compared: a YAML file, read and checked whole before the first run begins."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from harma.comparison.published import published_sets
from harma.comparison.values import check_known, read_budget, read_list, read_rate, read_seed
from harma.errors import ConfigError, MissingFileError
from harma.ground.reading import read_yaml
from harma.methods.table import METHODS, make_config
from harma.training.objective import Objective
from harma.training.recipe import Recipe
from harma.training.recipe_checks import WITHOUT_METHOD
from harma.training.recipe_files import recipe_from_dict, recipe_values, recipe_with_overrides

KEYS = (
    "recipe",
    "methods",
    "seeds",
    "learning_rates",
    "budget",
    "reference",
    "published",
    "jobs",
    "output",
)
RECIPE_METHODS = (*METHODS, *WITHOUT_METHOD)
# A row's mapping is merged into these; anything else it gives stands for itself.
SECTIONS = ("adapter", "data", "loss", "optim", "schedule", "train")
# Two rows are ranked on the same images and captions only if these agree.
SAME_DATA = ("name", "root", "images", "val", "test", "empty_captions", "max_words")


@dataclass(frozen=True)
class Row:
    """A method, or a variant of one.

    Attributes:
        name: as the tables show it.
        folder: its name on disk.
        recipe: its recipe; learning rate, seed, epochs and output are set by each run.
        rates: learning rates to choose from; one where nothing is chosen.
        seeds: of its runs, the first one of which chooses the rate.
    """

    name: str
    folder: str
    recipe: Recipe
    rates: tuple[float, ...]
    seeds: tuple[int, ...]

    @property
    def trains(self) -> bool:
        """Whether anything is trained: the bare backbone has one run, without seeds or rates."""
        return self.recipe.method != "none"


@dataclass(frozen=True)
class Plan:
    """A comparison.

    Attributes:
        name: its title.
        base: the recipe that every row starts from.
        rows: what is compared.
        changes: what each row changes in the base, as given.
        minutes: of training for each run, turned into epochs by a probe; None where the recipe's
            epochs stand.
        reference: the row that differences are taken to.
        published: a data set whose published figures stand beside, or None.
        jobs: runs at once.
        output: where everything goes.
    """

    name: str
    base: Recipe
    rows: tuple[Row, ...]
    changes: dict[str, Any] = field(repr=False)
    minutes: float | None
    reference: str
    published: str | None
    jobs: int
    output: Path

    def row(self, name: str) -> Row:
        """The row of a name.

        Raises:
            ConfigError: there is none.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise ConfigError(
            f"there is no row {name!r}; the rows are {', '.join(row.name for row in self.rows)}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The comparison as a file that can be given again."""
        seeds = next((row.seeds for row in self.rows if row.trains), (self.base.train.seed,))
        methods = {row.name: {**(self.changes[row.name] or {})} for row in self.rows}
        for row in self.rows:
            if row.trains and "method" not in methods[row.name]:
                methods[row.name]["method"] = row.recipe.method
            if row.trains and len(row.rates) > 1:
                methods[row.name]["learning_rates"] = list(row.rates)
        budget = (
            {"minutes": self.minutes}
            if self.minutes is not None
            else {"epochs": self.base.train.epochs}
        )
        base = {key: value for key, value in self.base.to_dict().items() if key != "output"}
        return {
            "recipe": base,
            "methods": methods,
            "seeds": list(seeds),
            "budget": budget,
            "reference": self.reference,
            **({"published": self.published} if self.published else {}),
            "jobs": self.jobs,
            "output": str(self.output),
        }


@dataclass(frozen=True)
class Overrides:
    """What the command line changes in a comparison.

    Attributes:
        recipe: a recipe in place of the file's.
        flags: values of the base recipe, such as `["--data.root", "DIR"]`.
        seeds: in place of the file's.
        rates: learning rates in place of the file's.
        jobs: in place of the file's.
        output: in place of the file's.
    """

    recipe: str | None = None
    flags: Sequence[str] = ()
    seeds: Sequence[int] | None = None
    rates: Sequence[float] | None = None
    jobs: int | None = None
    output: str | None = None


def shipped_comparisons() -> dict[str, Path]:
    """Name → file of every comparison in the package."""
    folder = Path(str(files("harma.comparison"))) / "shipped"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def read_plan(name: str | Path, overrides: Overrides | None = None) -> Plan:
    """Read a comparison and check everything in it.

    Args:
        name: a shipped comparison, or a YAML file.
        overrides: of the command line.

    Raises:
        MissingFileError: there is no such comparison, or no such recipe.
        ConfigError: a name is unknown or a value not usable; the message says which.
    """
    shipped = shipped_comparisons()
    path = shipped.get(str(name), Path(name))
    if not path.is_file():
        raise MissingFileError(
            f"there is no comparison {str(name)!r}; shipped are {', '.join(shipped)}, or give the"
            " path of a YAML file"
        )
    values = read_yaml(path, "the comparison")
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path} holds {type(values).__name__}; a comparison is a mapping of names to values"
        )
    overrides = overrides or Overrides()
    changed = {
        "seeds": overrides.seeds,
        "learning_rates": overrides.rates,
        "jobs": overrides.jobs,
        "output": overrides.output,
        "recipe": overrides.recipe,
    }
    given = {
        key: list(v) if isinstance(v, tuple) else v for key, v in changed.items() if v is not None
    }
    folder = Path() if overrides.recipe else path.parent
    return make_plan({**values, **given}, name=path.stem, folder=folder, flags=overrides.flags)


def make_plan(
    values: Mapping[str, Any], *, name: str, folder: Path | None = None, flags: Sequence[str] = ()
) -> Plan:
    """A plan from plain values.

    Args:
        values: what the file holds.
        name: of the comparison.
        folder: that a recipe file is named from.
        flags: values of the base recipe from the command line.

    Raises:
        MissingFileError: there is no such recipe.
        ConfigError: a name is unknown or a value not usable; the message says which.
    """
    check_known(values, KEYS, "the comparison")
    for needed in ("recipe", "methods"):
        if needed not in values:
            raise ConfigError(f"the comparison has no {needed}; it needs recipe and methods")
    epochs, minutes = read_budget(values.get("budget"))
    base = recipe_with_overrides(_base_values(values["recipe"], folder or Path()), flags)
    if epochs is not None:
        base = replace(base, train=replace(base.train, epochs=epochs))
    seeds = tuple(read_list(values.get("seeds", [base.train.seed]), "seeds", read_seed))
    grid = tuple(read_list(values.get("learning_rates", []), "learning_rates", read_rate))
    if grid and any(flag.split("=")[0] == "--optim.lr" for flag in flags):
        raise ConfigError(
            "--optim.lr and learning_rates are both given; change learning_rates (--learning-rates)"
        )
    methods = values["methods"]
    if not isinstance(methods, dict) or not methods:
        raise ConfigError(
            f"methods is {methods!r}; it must be a mapping of row names to what they change"
        )
    rows = tuple(_row(str(key), changes, base, grid, seeds) for key, changes in methods.items())
    _check_rows(rows)
    reference = str(values.get("reference") or rows[0].name)
    if reference not in [row.name for row in rows]:
        raise ConfigError(
            f"reference is {reference!r}; the rows are {', '.join(row.name for row in rows)}"
        )
    published = values.get("published")
    if published is not None and published not in published_sets():
        raise ConfigError(f"published is {published!r}; allowed are {', '.join(published_sets())}")
    jobs = values.get("jobs", 1)
    if not isinstance(jobs, int) or isinstance(jobs, bool) or jobs < 1:
        raise ConfigError(f"jobs is {jobs!r}; it must be a whole number from 1")
    return Plan(
        name=name,
        base=base,
        rows=rows,
        changes={str(key): value for key, value in methods.items()},
        minutes=minutes,
        reference=reference,
        published=published,
        jobs=jobs,
        output=Path(str(values.get("output") or f"runs/{name}")),
    )


def _base_values(recipe: Any, folder: Path) -> dict[str, Any]:
    if isinstance(recipe, dict):
        return recipe
    if not isinstance(recipe, str):
        raise ConfigError(f"recipe is {recipe!r}; give a shipped recipe, a file or a mapping")
    beside = folder / recipe
    return recipe_values(beside if beside.is_file() else recipe)


def _row(
    name: str, changes: Any, base: Recipe, grid: tuple[float, ...], seeds: tuple[int, ...]
) -> Row:
    """One row, its recipe built and checked.

    Raises:
        ConfigError: it cannot be used; the message names the row.
    """
    changes = {} if changes is None else changes
    if not isinstance(changes, dict):
        raise ConfigError(
            f"methods: {name} is {changes!r}; it must be a mapping of what it changes in the recipe"
        )
    own_grid = changes.get("learning_rates")
    values = {key: value for key, value in changes.items() if key != "learning_rates"}
    if "method" not in values and name in RECIPE_METHODS:
        values["method"] = name
    try:
        _check_changes(name, values, base)
        recipe = recipe_from_dict(_merged(base.to_dict(), values))
        if recipe.method not in ("harma", *WITHOUT_METHOD):
            make_config(recipe.method, recipe.options)
        Objective(recipe.loss.terms)
        if recipe.train.select_on != "val":
            raise ConfigError(
                f"train.select_on is {recipe.train.select_on}; models are compared by validation"
                " (val)"
            )
        rates = (
            tuple(read_list(own_grid, "learning_rates", read_rate))
            if own_grid is not None
            else grid
        )
        if rates and "lr" in (values.get("optim") or {}):
            raise ConfigError(
                "optim.lr and learning_rates are both given; give the row learning_rates of its own"
            )
    except ConfigError as error:
        raise ConfigError(f"methods: {name}: {error}") from error
    recipe = replace(recipe, train=replace(recipe.train, evaluate_on="val", report=False))
    folder = re.sub(r"[^A-Za-z0-9._+=-]+", "-", name).strip("-.")
    if recipe.method == "none":
        return Row(name, folder, recipe, (recipe.optim.lr,), seeds[:1])
    return Row(name, folder, recipe, rates or (recipe.optim.lr,), seeds)


def _check_changes(name: str, values: Mapping[str, Any], base: Recipe) -> None:
    """Whether a row means what it says.

    Raises:
        ConfigError: a key is unknown, belongs to the comparison, or contradicts the row's name.
    """
    allowed = ("learning_rates", *(key for key in base.to_dict() if key != "output"))
    check_known(values, allowed, "the row")
    method = values.get("method", base.method)
    if name in RECIPE_METHODS and method != name:
        raise ConfigError(
            f"its method is {method}; a row with the name of a method must be that method."
            " Rename it"
        )
    if "adapter" in values and method != "harma":
        raise ConfigError(
            f"adapter has options of HarMA, and its method is {method}; use options, or rename"
            " the row"
        )
    if "seed" in (values.get("train") or {}):
        raise ConfigError("train.seed is set by the comparison; give seeds")


def _merged(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe with a row's changes: sections are merged one level deep, anything else is replaced."""
    merged = dict(base)
    if changes.get("method", base["method"]) != base["method"]:
        merged["options"] = {}  # those of another method
    for key, value in changes.items():
        mergeable = key in SECTIONS or key == "options"
        merged[key] = {**merged[key], **value} if mergeable and isinstance(value, dict) else value
    return merged


def _check_rows(rows: Sequence[Row]) -> None:
    """Whether rows can stand in one table.

    Raises:
        ConfigError: two have the same folder, a name has no letters, or they are measured on other
            data.
    """
    folders: dict[str, str] = {}
    for row in rows:
        if not row.folder:
            raise ConfigError(f"methods: {row.name!r} has no letters or digits; rename it")
        if (other := folders.setdefault(row.folder.casefold(), row.name)) != row.name:
            raise ConfigError(
                f"methods: {other!r} and {row.name!r} have one name on disk ({row.folder});"
                " rename one"
            )
        for key in SAME_DATA:
            ours, first = getattr(row.recipe.data, key), getattr(rows[0].recipe.data, key)
            if ours != first:
                raise ConfigError(
                    f"methods: {row.name}: data.{key} is {ours}, that of {rows[0].name} is {first};"
                    " all rows are measured on the same images and captions"
                )
