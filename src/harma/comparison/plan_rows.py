"""Rows of a comparison: a method, or a variant of one, and the recipe that it becomes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harma.comparison.values import check_known, read_rates
from harma.errors import ConfigError
from harma.methods.table import METHODS, make_config
from harma.training.objective import Objective
from harma.training.recipe import Recipe
from harma.training.recipe_checks import WITHOUT_METHOD
from harma.training.recipe_files import recipe_from_dict

# A row with one of these names is that method. The last two attach nothing.
METHOD_NAMES = (*METHODS, *WITHOUT_METHOD)
# A method of one's own, such as my_package.my_module.my_method.
DOTTED_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
# A row's mapping is merged into these; anything else it gives stands for itself.
SECTIONS = ("adapter", "data", "loss", "optim", "schedule", "train", "options")
# Two rows are ranked on the same images and captions only if these agree.
SAME_DATA = ("name", "root", "images", "val", "test", "empty_captions", "max_words")
# Of a folder's name; systems of files take 255 bytes, and runs add to it.
LONGEST_NAME = 150


@dataclass(frozen=True)
class PlanRow:
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
class Defaults:
    """What every row starts from.

    Attributes:
        recipe: the base recipe.
        rates: learning rates to choose from; () keeps that of the recipe.
        seeds: of the runs.
    """

    recipe: Recipe
    rates: tuple[float, ...]
    seeds: tuple[int, ...]


def make_row(name: str, changes: object, defaults: Defaults) -> PlanRow:
    """A row, its recipe built and checked.

    Args:
        name: of the row. The name of a method, or the dotted path of one of your own, makes the
            row that method, unless `changes` says another.
        changes: what it changes in the base recipe, and `learning_rates` of its own; None changes
            nothing.
        defaults: what every row starts from.

    Raises:
        ConfigError: it cannot be used; the message names the row.
    """
    values = {} if changes is None else changes
    if not isinstance(values, dict):
        raise ConfigError(
            f"methods: {name} is {values!r}; it must be a mapping of what it changes in the recipe"
        )
    try:
        rates = _rates(values, defaults)
        recipe = _row_recipe(name, values, defaults.recipe)
    except ConfigError as error:
        raise ConfigError(f"methods: {name}: {error}") from error
    # Dots stay, so that a dotted path is its own folder.
    folder = re.sub(r"[^A-Za-z0-9._+=-]+", "-", name).strip("-.")
    row = PlanRow(name, folder, recipe, rates or (recipe.optim.lr,), defaults.seeds)
    if row.trains:
        return row
    # Nothing to choose and nothing random: one run tells all.
    return replace(row, rates=(recipe.optim.lr,), seeds=defaults.seeds[:1])


def _rates(values: Mapping[str, Any], defaults: Defaults) -> tuple[float, ...]:
    rates = defaults.rates
    if values.get("learning_rates") is not None:
        rates = read_rates(values["learning_rates"])
    if rates and "lr" in _section(values, "optim"):
        raise ConfigError(
            "optim.lr and learning_rates are both given; give the row learning_rates of its own"
        )
    return rates


def _section(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section of a row; what is none is told where the recipe is made."""
    section = values.get(name)
    return section if isinstance(section, dict) else {}


def _row_recipe(name: str, values: Mapping[str, Any], base: Recipe) -> Recipe:
    changes = {key: value for key, value in values.items() if key != "learning_rates"}
    is_method = name in METHOD_NAMES or DOTTED_PATH.fullmatch(name) is not None
    if is_method:
        changes.setdefault("method", name)
    _check_changes(name, changes, base)
    recipe = recipe_from_dict(_merged(base.to_dict(), changes))
    # What a run would find out only when its process begins.
    if recipe.method not in ("harma", *WITHOUT_METHOD):
        make_config(recipe.method, recipe.options)
    Objective(recipe.loss.terms)
    if recipe.train.select_on != "val":
        raise ConfigError(
            f"train.select_on is {recipe.train.select_on}; models are compared by validation (val)"
        )
    # The test split is for --final alone, and the comparison has one report for all.
    return replace(recipe, train=replace(recipe.train, evaluate_on="val", report=False))


def _check_changes(name: str, changes: Mapping[str, Any], base: Recipe) -> None:
    """Check that a row means what it says.

    Raises:
        ConfigError: a key is unknown, belongs to the comparison, or contradicts the row's name.
    """
    allowed = ("learning_rates", *(key for key in base.to_dict() if key != "output"))
    check_known(changes, allowed, "the row")
    method = changes.get("method", base.method)
    if name in METHOD_NAMES and method != name:
        raise ConfigError(
            f"its method is {method}; a row with the name of a method must be that method."
            " Rename it"
        )
    # Left in silence, they would change nothing.
    if "adapter" in changes and method != "harma":
        raise ConfigError(
            f"adapter has options of HarMA, and its method is {method}; use options, or rename"
            " the row"
        )
    if "seed" in _section(changes, "train"):
        raise ConfigError("train.seed is set by the comparison; give seeds")


def _merged(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe with a row's changes.

    Sections are merged one level deep, anything else is replaced.
    """
    merged = dict(base)
    if changes.get("method", base["method"]) != base["method"]:
        merged["options"] = {}  # those of another method
    for key, value in changes.items():
        if key in SECTIONS and isinstance(value, dict):
            merged[key] = {**merged[key], **value}
        else:
            merged[key] = value
    return merged


def check_rows(rows: Sequence[PlanRow]) -> None:
    """Check that rows can stand in one table.

    Raises:
        ConfigError: two have the same folder, a name has no letters, or they are measured on other
            data.
    """
    folders: dict[str, str] = {}
    for row in rows:
        if not row.folder:
            raise ConfigError(f"methods: {row.name!r} has no letters or digits; rename it")
        if len(row.folder) > LONGEST_NAME:
            raise ConfigError(
                f"methods: a row's name has {len(row.folder):,} characters; its folder is called"
                f" so, and {LONGEST_NAME} are allowed. Rename it"
            )
        # Some disks do not tell small letters from capital ones.
        other = folders.setdefault(row.folder.casefold(), row.name)
        if other != row.name:
            raise ConfigError(
                f"methods: {other!r} and {row.name!r} have one name on disk ({row.folder});"
                " rename one"
            )
        for key in SAME_DATA:
            value = getattr(row.recipe.data, key)
            first = getattr(rows[0].recipe.data, key)
            if value != first:
                raise ConfigError(
                    f"methods: {row.name}: data.{key} is {value}, that of {rows[0].name} is"
                    f" {first}; all rows are measured on the same images and captions"
                )
