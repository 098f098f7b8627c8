"""The plan of a comparison: a YAML file of rows, read and checked before the first run begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from harma.comparison.plan_rows import Defaults, PlanRow, check_rows, make_row
from harma.comparison.published import published_sets
from harma.comparison.values import check_known, read_budget, read_count, read_rates, read_seeds
from harma.errors import ConfigError
from harma.ground.messages import about_file, kind_of
from harma.ground.reading import read_yaml
from harma.ground.shipped import named_file
from harma.training.recipe import Recipe
from harma.training.recipe_files import recipe_values, recipe_with_overrides

PLAN_KEYS = (
    "recipe",
    "methods",
    "seeds",
    "learning_rates",
    "budget",
    "reference",
    "published",
    "folds",
    "jobs",
    "output",
)
# Values of a recipe that name files of one division of the data.
OF_ONE_DIVISION = ("root", "train", "val", "test")


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
        folds: the file that names the folds of the data, or None; see `harma.comparison.folds`.
    """

    name: str
    base: Recipe
    rows: tuple[PlanRow, ...]
    changes: dict[str, Any] = field(repr=False)
    minutes: float | None
    reference: str
    published: str | None
    jobs: int
    output: Path
    folds: Path | None = None

    def row(self, name: str) -> PlanRow:
        """The row of a name.

        Raises:
            ConfigError: there is none.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise ConfigError(f"there is no row {name!r}; the rows are {_names(self.rows)}")

    def to_dict(self) -> dict[str, Any]:
        """The comparison as a file that can be given again."""
        recipe = self.base.to_dict()
        del recipe["output"]  # each run has its own
        values: dict[str, Any] = {
            "recipe": recipe,
            "methods": {row.name: self._changes_of(row) for row in self.rows},
            "seeds": list(self._seeds()),
            "budget": {"epochs": self.base.train.epochs},
            "reference": self.reference,
            "jobs": self.jobs,
            "output": str(self.output),
        }
        if self.minutes is not None:
            values["budget"] = {"minutes": self.minutes}
        if self.published:
            values["published"] = self.published
        if self.folds is not None:
            values["folds"] = str(self.folds)
        return {key: values[key] for key in PLAN_KEYS if key in values}

    def _seeds(self) -> tuple[int, ...]:
        for row in self.rows:
            if row.trains:
                return row.seeds
        return (self.base.train.seed,)

    def _changes_of(self, row: PlanRow) -> dict[str, Any]:
        """What a row changes, with what its name or the comparison says for it."""
        changes = dict(self.changes[row.name] or {})
        if row.trains:
            # The base may have another method when the file is given again with --recipe.
            changes.setdefault("method", row.recipe.method)
        # A single rate is that of the recipe.
        if row.trains and len(row.rates) > 1:
            changes["learning_rates"] = list(row.rates)
        return changes


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
        folds: a file of folds in place of the file's.
    """

    recipe: str | None = None
    flags: Sequence[str] = ()
    seeds: Sequence[int] | None = None
    rates: Sequence[float] | None = None
    jobs: int | None = None
    output: str | None = None
    folds: str | None = None

    def values(self) -> dict[str, Any]:
        """What is given, by the name of the file's key."""
        values: dict[str, Any] = {
            "recipe": self.recipe,
            "jobs": self.jobs,
            "output": self.output,
        }
        if self.folds is not None:
            # From where the command is given, not from beside the comparison.
            values["folds"] = str(Path(self.folds).absolute())
        if self.seeds is not None:
            values["seeds"] = list(self.seeds)
        if self.rates is not None:
            values["learning_rates"] = list(self.rates)
        return {key: value for key, value in values.items() if value is not None}


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
    path = named_file(name, shipped_comparisons(), "comparison")
    values = read_yaml(path, "the comparison")
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path} holds {kind_of(values)}; a comparison is a mapping of names to values"
        )
    overrides = overrides or Overrides()
    # A recipe that the file names lies beside the file, one of the command line where one is.
    folder = path.parent
    if overrides.recipe:
        folder = Path()
    values = {**values, **overrides.values()}
    with about_file(path):
        return make_plan(values, name=path.stem, folder=folder, flags=overrides.flags)


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
    check_known(values, PLAN_KEYS, "the comparison")
    for needed in ("recipe", "methods"):
        if needed not in values:
            raise ConfigError(f"the comparison has no {needed}; it needs recipe and methods")
    budget = read_budget(values.get("budget"))
    folder = folder or Path()
    recipe = recipe_with_overrides(_base_values(values["recipe"], folder), flags)
    # Before the rows are made, which all start from these epochs.
    if budget.epochs is not None:
        recipe = replace(recipe, train=replace(recipe.train, epochs=budget.epochs))
    defaults = Defaults(
        recipe=recipe,
        rates=read_rates(values.get("learning_rates", [])),
        seeds=read_seeds(values.get("seeds", [recipe.train.seed])),
    )
    # A flag that the grid overrides would be lost without a word.
    if defaults.rates and any(flag.split("=")[0] == "--optim.lr" for flag in flags):
        raise ConfigError(
            "--optim.lr and learning_rates are both given; change learning_rates (--learning-rates)"
        )
    changes = _changes(values["methods"])
    rows = tuple(make_row(row, change, defaults) for row, change in changes.items())
    check_rows(rows)
    return Plan(
        name=name,
        base=recipe,
        rows=rows,
        changes=changes,
        minutes=budget.minutes,
        reference=_reference(values.get("reference"), rows),
        published=_published(values.get("published")),
        jobs=read_count(values.get("jobs", 1), "jobs"),
        output=Path(str(values.get("output") or f"runs/{name}")),
        folds=_folds(values.get("folds"), recipe, folder),
    )


def _base_values(recipe: object, folder: Path) -> dict[str, Any]:
    """The values of the base recipe, from a mapping, a file beside the comparison, or a name."""
    if isinstance(recipe, dict):
        return recipe
    if not isinstance(recipe, str):
        raise ConfigError(f"recipe is {recipe!r}; give a shipped recipe, a file or a mapping")
    # A file beside the comparison goes before a shipped recipe of the same name.
    beside = folder / recipe
    return recipe_values(beside if beside.is_file() else recipe)


def _changes(methods: object) -> dict[str, Any]:
    if not isinstance(methods, dict) or not methods:
        raise ConfigError(
            f"methods is {methods!r}; it must be a mapping of row names to what they change"
        )
    # YAML takes a name such as 64 for a number.
    return {str(name): changes for name, changes in methods.items()}


def _reference(reference: object, rows: Sequence[PlanRow]) -> str:
    """The row that differences are taken to; the first one where none is named."""
    name = str(reference or rows[0].name)
    if name not in [row.name for row in rows]:
        raise ConfigError(f"reference is {name!r}; the rows are {_names(rows)}")
    return name


def _published(published: object) -> str | None:
    if published is None:
        return None
    if not isinstance(published, str) or published not in published_sets():
        raise ConfigError(f"published is {published!r}; allowed are {', '.join(published_sets())}")
    return str(published)


def _folds(folds: object, recipe: Recipe, folder: Path) -> Path | None:
    """The file of folds, named from beside the comparison; the data are then those it names."""
    if folds is None:
        return None
    if not isinstance(folds, str):
        raise ConfigError(f"folds is {folds!r}; give the folds.yaml of harma data split --folds")
    given = [key for key in OF_ONE_DIVISION if getattr(recipe.data, key) is not None]
    if given:
        raise ConfigError(
            f"data.{given[0]} and folds are both given; the folds say where their files are, so"
            f" take data.{given[0]} out"
        )
    path = folder / folds
    # Whatever folder a later command is given in, it is the same file.
    return path.absolute()


def _names(rows: Sequence[PlanRow]) -> str:
    return ", ".join(row.name for row in rows)
