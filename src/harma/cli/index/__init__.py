"""Make an index of imagery, and keep it up to date.

build: cut images and rasters into chips, embed them, and write the index; given again, it does
  only what is new.
add: the same, for an index that is there.
remove: take sources out.
relocate: sources lie elsewhere now; rename them.
info: what an index holds, and how it is searched.
verify: whether it is whole, and what has become of its sources.
optimize: join files and make the ANN index anew.
reembed: embed all sources again, with another model, or other tiles.
split: make several indexes of one; merge: make one of several; nothing is embedded.
export: write all chips to a GeoParquet file; import: bring embeddings of one in.
"""

import argparse

from harma.cli.argument_types import index_home
from harma.cli.command import add_actions, run_action
from harma.cli.index import build, exchange, shards, upkeep

EPILOG = """examples:
  harma index build archive scenes/ --model runs/a
  harma index build archive 'naip/*.tif' list.csv --model runs/a --size-m 200 --stride 0.5
  harma index build pictures photos/ --model openai --whole
  harma index add archive more_scenes/
  harma index remove archive '*/naip_2009*.tif'
  harma index relocate archive /mnt/old/scenes /data/scenes
  harma index info archive
  harma index reembed archive --model runs/b --tiles 2
  harma index split archive --by year --output years
  harma index merge years/2019 years/2020 --output archive2
  harma index export archive archive.parquet
status: 0 done, 1 done, but something is wrong (it is listed), 2 not done"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb: a parser for each action."""
    actions = (*build.ACTIONS, *upkeep.ACTIONS, *shards.ACTIONS, *exchange.ACTIONS)
    add_actions(parser, actions, shared=_add_directory)


def run(args: argparse.Namespace) -> int:
    """Do what was chosen."""
    return run_action(args)


def _add_directory(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "directory",
        metavar="INDEX",
        type=index_home,
        help="directory or s3://… of the index",
    )
