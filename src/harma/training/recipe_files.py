"""Reading recipes: shipped ones by name, YAML files, mappings, the original's configs."""

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentError, ArgumentParser, Namespace

from harma.errors import ConfigError
from harma.ground.messages import about_file, kind_of, sendable
from harma.ground.reading import read_yaml
from harma.ground.shipped import named_file
from harma.original.config import is_original_config, recipe_of_original
from harma.training.recipe import Recipe

# As Python shows a class: <class 'harma.training.recipe.Train'>.
CLASS = re.compile(r"<class '(?:[\w.]*\.)?(\w+)'>")
# As Python names what a part is made by, where its values are no mapping.
CALLED = re.compile(r"functools\.partial\(.*\) argument after \*\*")
MOST_SAID = 1200


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
    path = named_file(name, shipped_recipes(), "recipe")
    values = read_yaml(path, "the recipe")
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path} holds {kind_of(values)}; a recipe is a mapping of names to values"
        )
    if is_original_config(values):
        return recipe_of_original(values, path)
    return values


def open_recipe(
    source: Recipe | str | Path | Mapping[str, object],
    overrides: Mapping[str, object] | None = None,
) -> Recipe:
    """A recipe in whichever form it is given.

    Args:
        source: a recipe, the name of a shipped one, a YAML file, or a mapping of plain values.
        overrides: dotted name → value, such as {"data.root": "data/rsitmd", "optim.lr": 1e-5}; the
            same names that `harma train` takes as flags.

    Raises:
        MissingFileError: there is no such recipe.
        ConfigError: a name is unknown or a value not usable; the message says which.
    """
    if isinstance(source, Recipe) and not overrides:
        return source
    if isinstance(source, Recipe):
        # A recipe is checked as a whole when it is made, so that a changed one is made anew.
        values: Mapping[str, object] = source.to_dict()
    elif isinstance(source, Mapping):
        values = source
    else:
        values = recipe_values(source)
    flags = [f"--{name}={_flag_text(value)}" for name, value in (overrides or {}).items()]
    if isinstance(source, str | Path):
        with about_file(source):
            return recipe_with_overrides(values, flags)
    return recipe_with_overrides(values, flags)


def _flag_text(value: object) -> str:
    """A value as one would type it: one reader for overrides of Python and of the command line."""
    if isinstance(value, str | Path):
        return str(value)
    # What is JSON is YAML too; `str` is for paths inside of lists.
    return json.dumps(value, default=str)


def recipe_from_dict(values: Mapping[str, object]) -> Recipe:
    """A recipe from plain values, checked as a file would be.

    Raises:
        ConfigError: a name is unknown or a value has the wrong type; the message says which.
    """
    return recipe_with_overrides(values, [])


def recipe_with_overrides(values: Mapping[str, object], overrides: Sequence[str]) -> Recipe:
    """A recipe from plain values and flags such as `["--optim.lr", "1e-5"]`.

    Raises:
        ConfigError: a name is unknown or a value has the wrong type; the message says which.
    """
    return _instantiate(recipe_parser(), values, overrides)


def recipe_parser(
    prog: str | None = None,
    usage: str | None = None,
    description: str | None = None,
    examples: str | None = None,
) -> ArgumentParser:
    """A parser that knows every value of a recipe by its dotted name; the rest is for its help."""
    # The parser would otherwise end the process, which nobody expects of a call from Python.
    parser = ArgumentParser(
        exit_on_error=False, prog=prog, usage=usage, description=description, epilog=examples
    )
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
    usage = f"{prog} RECIPE [--NAME VALUE …]"
    parser = recipe_parser(prog, usage, description, examples)
    # The first argument is no option of the parser, so that the help is asked for by hand.
    if any(argument in ("-h", "--help") for argument in argv):
        parser.print_help()
        raise SystemExit(0)
    if not argv or argv[0].startswith("-"):
        raise ConfigError(
            f"the first argument is the recipe: one of {', '.join(shipped_recipes())}, or a"
            f" YAML file; `{prog} --help` shows every option"
        )
    values = recipe_values(argv[0])
    _check_texts(argv[1:])
    with about_file(argv[0]):
        return _instantiate(parser, values, list(argv[1:]))


def _check_texts(flags: Sequence[str]) -> None:
    """Check that flags are text: bytes that are none are given to no reader of YAML."""
    for flag in flags:
        if sendable(flag) != flag:
            raise ConfigError(f"{flag!r} is no text in UTF-8; no name or value of a recipe is so")


def _instantiate(
    parser: ArgumentParser, values: Mapping[str, object], overrides: Sequence[str]
) -> Recipe:
    try:
        # A mapping in a file stands for itself: losses it does not name are not in the sum.
        base = parser.parse_object(dict(values), defaults=True)
        parsed = parser.parse_args(list(overrides), namespace=base)
        instantiated: Namespace = parser.instantiate(parsed)
    except (ArgumentError, TypeError) as error:
        raise ConfigError(f"the recipe cannot be used: {_said(error)}{_hint(values)}") from error
    return Recipe(**vars(instantiated))


def _said(error: Exception) -> str:
    """What the parser says, without Python's names of classes, and of a length that is read."""
    text = CALLED.sub("a part of it", CLASS.sub(r"\1", str(error))).replace("NoneType", "nothing")
    if len(text) > MOST_SAID:
        text = f"{text[:MOST_SAID].rstrip()} …"
    return text


def _hint(values: Mapping[str, object]) -> str:
    """What the parser's own message does not say: which sections are no sections."""
    wrong = [name for name, value in values.items() if value is None or isinstance(value, list)]
    if not wrong:
        return ""
    return f"; {', '.join(wrong)} must be a mapping or a value, not empty or a list"
