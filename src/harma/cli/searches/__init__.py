"""Saved searches of an index and the marks on their hits, without a server.

save: keep a search; list: those that there are; show: one of them, with its marks.
search: search again, with the good and bad marks as examples.
export: write the marks to a file; import: set the marks of one, ours or of another program.
delete: delete a saved search with its marks, its watch and its events.
"""

import argparse

from harma.cli.command import add_actions, run_action
from harma.cli.opened import add_index_argument
from harma.cli.searches import again, files, kept

EPILOG = """examples:
  harma searches save archive "a harbour with tanks" --name harbours
  harma searches list archive
  harma searches show archive k3vw8r2mhqte
  harma searches import archive k3vw8r2mhqte labels.geojson
  harma searches search archive k3vw8r2mhqte -k 50 --output hits.geojson
  harma searches export archive k3vw8r2mhqte marks.parquet
  harma searches list years/2019 --index years/2020 --group world
  harma searches delete archive k3vw8r2mhqte
status: 0 done, 1 done, but there is nothing, or rows of a file were left out (it is said),
2 not done"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb: a parser for each action."""
    actions = (*kept.ACTIONS, *again.ACTIONS, *files.ACTIONS)
    add_actions(parser, actions, shared=add_index_argument)


def run(args: argparse.Namespace) -> int:
    """Do what was chosen."""
    return run_action(args)
