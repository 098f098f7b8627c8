"""Be told of new hits: watch saved searches, and look at what was added since.

add: watch a saved search, or one that is made of a text; what is there now is known.
list: the saved searches of an index, and which of them are watched.
run: look at the scenes that are new; from cron, or after `harma index add`, which does it itself.
events: what was found, as a table, GeoJSON, CSV or an Atom feed.
remove: watch it no more; the saved search and its events stay.
"""

import argparse

from harma.cli.command import add_actions, run_action
from harma.cli.watch import events, running, setting

EPILOG = """examples:
  harma watch add archive --text "a harbour with tanks" --standing clear
  harma watch add archive --text "new buildings" --before 2019 --after 2020 --bbox 3.0,50.5,7.5,54.0
  harma watch add archive k3vw8r2mhqte --webhook https://hooks.example.org/harma
  harma watch list archive
  harma watch run archive
  harma watch events archive k3vw8r2mhqte --output new.geojson
status: 0 done, whether there is something new or not, so that timers do not take "nothing new" for
a failure; 1 done, but a watch could not be run, or somebody not be told (it is said); 2 not done"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb: a parser for each action."""
    add_actions(parser, (*setting.ACTIONS, *running.ACTIONS, *events.ACTIONS))


def run(args: argparse.Namespace) -> int:
    """Do what was chosen."""
    return run_action(args)
