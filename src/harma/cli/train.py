"""Train a recipe.

RECIPE is the name of a shipped recipe (`harma recipes` lists them), a YAML file of ours, or one of
the original HarMA's configs. Every value can be overridden by its dotted name.
"""

import argparse
import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from harma.errors import ConfigError

# Set in each of the processes that torchrun or Slurm starts.
LAUNCHED = {"TORCHELASTIC_RUN_ID", "SLURM_PROCID"}
# What has the number of such a process, the most telling first.
RANKS = ("RANK", "SLURM_PROCID", "LOCAL_RANK")
EPILOG = """examples:
  harma train rsitmd_geo --data.root data/rsitmd --output runs/a
  harma train rsitmd_vit --data.root data/rsitmd --train.precision bf16
  harma train my_recipe.yaml --optim.lr 1e-5 --loss.terms.weighted_triplet 0.1
  harma train --resume runs/a
  torchrun --nproc-per-node 2 -m harma train rsitmd_geo --data.root data/rsitmd
  torchrun --nnodes 2 --rdzv-backend c10d --rdzv-endpoint HOST:29500 -m harma train --resume runs/a
"""


def parse(parser: argparse.ArgumentParser, argv: list[str]) -> argparse.Namespace:
    """Read a command line. Its flags are the recipe's, which argparse cannot declare.

    Returns:
        `output`, the run's directory, and `recipe`; None goes on with the one the run has.
    """
    # Of several processes: what torch's own code writes of a connection that broke says less than
    # we do. Before torch is imported, which reads it then.
    if not LAUNCHED.isdisjoint(os.environ):
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    if "--resume" in argv:
        return argparse.Namespace(recipe=None, output=_directory_of_run(argv))
    from harma.training.recipe_files import read_recipe

    with _in_company():
        recipe = read_recipe(
            argv,
            prog=parser.prog,
            description=str(parser.description),
            examples=str(parser.epilog),
        )
    return argparse.Namespace(recipe=recipe, output=recipe.output)


def _in_company() -> AbstractContextManager[object]:
    """Where torchrun or Slurm started several processes: a bad recipe in one is told to all."""
    if LAUNCHED.isdisjoint(os.environ):
        return nullcontext()
    from harma.training.company import in_company  # torch, for which a wrong flag need not wait

    return in_company()


def _directory_of_run(argv: list[str]) -> str:
    if len(argv) != 2 or argv[0] != "--resume":
        raise ConfigError(
            "--resume takes the run's directory and nothing else (`harma train --resume runs/a`): "
            "the run goes on with the recipe it was begun with"
        )
    return argv[1]


def run(args: argparse.Namespace) -> int:
    """Train or resume, and say where the run is."""
    from harma.training.launch import resume, train

    try:
        trained = resume(args.output) if args.recipe is None else train(args.recipe)
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(_how_to_go_on(Path(args.output)))
        raise
    # Launched once for each process, of which the first one speaks.
    ranks = [os.environ[name] for name in RANKS if name in os.environ]
    if not ranks or ranks[0] == "0":
        print(f"run written to {trained.path}")
    return 0


def _how_to_go_on(output: Path) -> str:
    """What is kept of a run that was interrupted, and the command that goes on with it."""
    if not (output / "recipe.yaml").is_file():
        return "the run had not begun; give the command again"
    return f"what its last checkpoint holds is kept; go on with: harma train --resume {output}"
