"""List the shipped recipes, or show one: its values are what `harma train NAME` uses."""

import argparse

EPILOG = """examples:
  harma recipes
  harma recipes rsitmd_geo > mine.yaml"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("name", nargs="?", help="a recipe to show")


def run(args: argparse.Namespace) -> int:
    """Print names, or a recipe's file."""
    from harma.errors import MissingFileError
    from harma.training.recipe_files import shipped_recipes

    recipes = shipped_recipes()
    if args.name is None:
        for name, path in recipes.items():
            first = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
            print(f"{name:<14} {first}")
        return 0
    if args.name not in recipes:
        raise MissingFileError(
            f"there is no recipe {args.name!r}; shipped are {', '.join(recipes)}"
        )
    print(recipes[args.name].read_text(encoding="utf-8"), end="")
    return 0
