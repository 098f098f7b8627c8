"""Make an index of imagery, and keep it up to date.

build: cut images and rasters into chips, embed them, and write the index; given again, it does only
what is new. add: the same, for an index that is there. remove: take sources out. info: what an
index holds, and how it is searched. verify: whether it is whole, and what has become of its
sources. optimize: join files and make the ANN index anew. reembed: embed all sources again, with
another model. export: write all chips to a GeoParquet file; import: bring embeddings of one in.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from harma.cli.index import build, exchange, upkeep

EPILOG = """examples:
  harma index build archive scenes/ --model runs/a
  harma index build archive 'naip/*.tif' list.csv --model runs/a --size-m 200 --stride 0.5
  harma index build pictures photos/ --model openai --whole
  harma index add archive more_scenes/
  harma index remove archive '*/naip_2009*.tif'
  harma index info archive
  harma index reembed archive --model runs/b
  harma index export archive archive.parquet
status: 0 done, 1 done, but something is wrong (it is listed), 2 not done"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb: for each action a parser, which names the function that does it."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, what, add, do in (*build.ACTIONS, *upkeep.ACTIONS, *exchange.ACTIONS):
        action = actions.add_parser(
            name,
            help=what,
            description=f"{what[0].upper()}{what[1:]}.",
            epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        action.add_argument("directory", metavar="INDEX", type=Path, help="directory of the index")
        add(action)
        action.set_defaults(do=do)


def run(args: argparse.Namespace) -> int:
    """Do what was chosen."""
    do: Callable[[argparse.Namespace], int] = args.do
    return do(args)
