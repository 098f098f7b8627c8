"""Train a recipe.

RECIPE is the name of a shipped recipe (`harma recipes` lists them), a YAML file of ours, or one of
the original HarMA's configs. Every value can be overridden by its dotted name.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harma.errors import ConfigError

if TYPE_CHECKING:
    from harma.training.launch import TrainedRun

EXAMPLES = """examples:
  harma train rsitmd_geo --data.root data/rsitmd --output runs/a
  harma train rsitmd_vit --data.root data/rsitmd --train.precision bf16
  harma train my_recipe.yaml --optim.lr 1e-5 --loss.terms.weighted_triplet 0.1
  harma train --resume runs/a
  torchrun --nproc-per-node 2 -m harma train rsitmd_geo --data.root data/rsitmd
"""


def main(argv: list[str]) -> int:
    """Parse the recipe and run it, or resume a run."""
    if "--resume" in argv:
        return _resume(argv)
    from harma.training.recipe_files import read_recipe

    recipe = read_recipe(argv, prog="harma train", examples=EXAMPLES, description=str(__doc__))
    from harma.training.launch import train  # torch is slow to import, and --help needs none

    return _run(lambda: train(recipe), recipe.output)


def _resume(argv: list[str]) -> int:
    if len(argv) != 2 or argv[0] != "--resume":
        raise ConfigError(
            "--resume takes the run's directory and nothing else (`harma train --resume runs/a`): "
            "the run goes on with the recipe it was begun with"
        )
    from harma.training.launch import resume

    return _run(lambda: resume(argv[1]), argv[1])


def _run(train: Callable[[], "TrainedRun"], output: str) -> int:
    """Train, and say what came of it."""
    try:
        run = train()
    except KeyboardInterrupt:
        hint = " before the run had begun"
        if (Path(output) / "recipe.yaml").is_file():
            hint = f"; continue with: harma train --resume {output}"
        print(f"\ninterrupted{hint}", file=sys.stderr)
        return 130
    # Launched once for each process, of which the first one speaks.
    if os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0":
        print(f"run written to {run.path}")
    return 0
