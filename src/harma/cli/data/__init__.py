"""Look at data before training, bring it into form, audit it, or make some.

check: read the annotations of all splits and decode every image; list every problem at once, with
  file and row.
stats: images, captions, words, labels, copies and sizes, as a table, JSON and a picture.
convert: from one annotation format to another; what is lost is said before anything is written.
split: divide anew into train, val and test; labels spread evenly, copies of an image on one side.
audit: copies of images and identical captions within and across splits and data sets; what to
  leave out of training.
vocabulary: terms of captions with counts, and what is typical of each label.
download: get a data set that has an open address, or say where a person gets it.
scenes: draw synthetic overhead scenes with captions.
"""

import argparse
from dataclasses import replace
from importlib import import_module

from harma.cli.command import Command, add_actions, module_command, run_action

# Each a module with SUMMARY, EPILOG, `add_arguments(parser)` and `run(args) -> int`.
ACTIONS = ("check", "stats", "convert", "split", "audit", "vocabulary", "download", "scenes")

EPILOG = """examples:
  harma data check rsitmd --root data/rsitmd
  harma data audit ucm --root data/ucm --output audit
  harma data scenes data/summer
`harma data ACTION --help` shows the options of an action, with examples."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb: a parser for each action."""
    add_actions(parser, [_action(name) for name in ACTIONS])


def run(args: argparse.Namespace) -> int:
    """Do what was chosen."""
    return run_action(args)


def _action(name: str) -> Command:
    module = import_module(f"harma.cli.data.{name}")
    # The docstring begins with what is typed, which the help says already.
    description = str(module.__doc__).partition(": ")[2]
    return replace(module_command(module, name, module.SUMMARY), description=description)
