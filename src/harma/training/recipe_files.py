"""Reading recipes: shipped ones by name, YAML files, the original's configs, with overrides from the command line."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentError, ArgumentParser, Namespace

from harma.errors import ConfigError, MissingFileError
from harma.ground.reading import read_yaml
from harma.original.config import is_original_config, recipe_of_original
from harma.training.recipe import Recipe


def shipped_recipes() -> dict[str, Path]:
    """Name → file of every recipe in the package."""
    folder = Path(str(files("harma.training") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def recipe_values(name: str | Path) -> dict[str, Any]:
    """The values a recipe file sets.

    Args:
        name: a shipped recipe, a YAML file, or one of the original HarMA's configs.

    Raises:
        MissingFileError: it is neither a shipped recipe nor a file.
        ConfigError: the file is not YAML, or not a mapping.
    """
    shipped = shipped_recipes()
    path = shipped.get(str(name), Path(name))
    if not path.is_file():
        raise MissingFileError(
            f"there is no recipe {str(name)!r}; shipped are {', '.join(shipped)}, or give the path"
            " of a YAML file"
        )
    values = read_yaml(path, "the recipe")
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path} holds {type(values).__name__}; a recipe is a mapping of names to values"
        )
    return recipe_of_original(values, path) if is_original_config(values) else values


def recipe_from_dict(values: Mapping[str, Any]) -> Recipe:
    """A recipe from plain values, checked as a file would be.

    Raises:
        ConfigError: a name is unknown or a value has the wrong type; the message says which.
    """
    return _instantiate(recipe_parser(), dict(values))


def recipe_with_overrides(values: Mapping[str, Any], overrides: Sequence[str]) -> Recipe:
    """A recipe from plain values and flags such as `["--optim.lr", "1e-5"]`.

    Raises:
        ConfigError: a name is unknown or a value has the wrong type; the message says which.
    """
    return _instantiate(recipe_parser(), dict(values), overrides)


def recipe_parser(**options: Any) -> ArgumentParser:
    """A parser that knows every value of a recipe by its dotted name."""
    parser = ArgumentParser(exit_on_error=False, **options)
    parser.add_class_arguments(Recipe, None)
    return parser


def read_recipe(argv: Sequence[str], *, prog: str, description: str, examples: str) -> Recipe:
    """A recipe and its overrides from a command line.

    Args:
        argv: the recipe's name or path, then flags such as `--optim.lr 1e-5`.
        prog: the command, for the help.
        description: for the help.
        examples: for the help.

    Raises:
        ConfigError: a flag or value is not usable.
        MissingFileError: there is no such recipe.
    """
    parser = recipe_parser(
        prog=prog, description=description, epilog=examples, usage=f"{prog} RECIPE [--NAME VALUE …]"
    )
    wants_help = any(argument in ("-h", "--help") for argument in argv)
    if wants_help or not argv or argv[0].startswith("-"):
        if not wants_help:
            raise ConfigError(
                f"the first argument is the recipe: one of {', '.join(shipped_recipes())}, or a"
                f" YAML file; `{prog} --help` shows every option"
            )
        parser.print_help()
        raise SystemExit(0)
    return _instantiate(parser, recipe_values(argv[0]), list(argv[1:]))


def _instantiate(
    parser: ArgumentParser, values: dict[str, Any], overrides: Sequence[str] = ()
) -> Recipe:
    try:
        # A mapping in a file stands for itself: losses it does not name are not in the sum.
        base = parser.parse_object(values, defaults=True)
        parsed = parser.parse_args(list(overrides), namespace=base)
        instantiated: Namespace = parser.instantiate(parsed)
    except (ArgumentError, TypeError) as error:
        empty = [name for name, value in values.items() if value is None or isinstance(value, list)]
        hint = (
            f"; {', '.join(empty)} must be a mapping or a value, not empty or a list"
            if empty
            else ""
        )
        raise ConfigError(f"the recipe cannot be used: {error}{hint}") from error
    return Recipe(**vars(instantiated))
