"""The command line: `main`, the table of verbs, exit statuses; a thin module per verb."""

import argparse
import logging
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module

import harma
from harma.cli.command import CommandParser, module_command, run_command
from harma.cli.endings import CommandEnd
from harma.cli.signals import Signals
from harma.errors import ConfigError
from harma.ground.garbage import leave_garbage_at_exit

# Verb → (module, what it does). A module is imported when its verb is called, so that help is
# quick; what it holds is said in `harma.cli.command`.
VERBS = {
    "train": ("train", "train a recipe: harma train rsitmd_geo --data.root DIR"),
    "compare": ("compare", "many runs, one table: methods or variants, seeds, learning rates"),
    "evaluate": (
        "evaluate",
        "the table of a run, adapter, model or preset on a data set, or of an index's search",
    ),
    "info": ("info", "what a saved adapter, model or run is"),
    "import": ("import_", "a released checkpoint of the original HarMA to an adapter directory"),
    "export": ("export", "a model for an engine (ONNX Runtime, OpenVINO), or in the released form"),
    "merge": ("merge", "runs of LoRA and other linear updates, or soups of them, to a plain model"),
    "recipes": ("recipes", "the shipped recipes, or one of them"),
    "backbones": ("backbones", "the presets: architecture, file, licence, where to get it"),
    "data": (
        "data",
        "look at data before training, convert, split and audit it, or draw synthetic scenes",
    ),
    "index": (
        "index",
        "make an index of imagery and keep it up to date: build, add, info, export, …",
    ),
    "search": ("search", "search an index by text, example, place and date; find change"),
    "serve": ("serve", "serve indexes over HTTP: the map page, the API, QGIS"),
    "searches": ("searches", "saved searches and their marks: save, list, search again, import, …"),
    "watch": ("watch", "be told of new hits of saved searches: add, run, events, …"),
    "mcp": ("mcp", "tools for assistants (Model Context Protocol): search, chips, marks, watches"),
    "classify": ("classify", "which of some classes images are of, without training on them"),
    "caption": ("caption", "the captions of a list that fit images best"),
    "embed": ("embed", "embed images or captions to a .npy or Parquet file"),
    "explain": ("explain", "which parts of an image a text is found by"),
    "demo": ("demo", "the main job from end to end, offline, in a few minutes"),
}

# Anywhere in a command.
DEBUG = "--debug"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

EPILOG = """examples:
  harma train rsitmd_geo --data.root data/rsitmd --output runs/a
  harma evaluate runs/a --data rsitmd --root data/rsitmd
  harma info runs/a
`harma VERB --help` shows the options of a verb."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: arguments after the program's name; None takes the process's own, and lets signals
            end it.

    Returns:
        Exit status: 0 done, 1 done with a negative answer, 2 bad input, 70 a bug of HarMA, 130
        interrupted, 143 told to end (SIGTERM).
    """
    leave_garbage_at_exit()
    given = _joined(list(sys.argv[1:] if argv is None else argv))
    arguments = [argument for argument in given if argument != DEBUG]
    ending = CommandEnd(arguments, is_debug=DEBUG in given)
    if argv is not None:
        # Called by a program, whose signals are its own affair.
        return _status(arguments, ending)
    signals = Signals(ending.interrupted)
    try:
        with signals:
            status = _status(arguments, ending, signals)
            signals.status = status
    except KeyboardInterrupt:
        # It came while an error was told, or when all was done.
        status = ending.interrupted(signals.received)
    if signals.received:
        signals.end(status)
    return status


def _status(arguments: list[str], ending: CommandEnd, signals: Signals | None = None) -> int:
    """Run a command, and say why it ended."""
    try:
        return _run(arguments, is_debug=ending.is_debug)
    except (SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        return ending.told(error, signals.received if signals else 0)


def _run(arguments: list[str], *, is_debug: bool) -> int:
    parser = _parser()
    name = parser.parse_args(arguments[:1]).verb
    if name is None:
        parser.print_help()
        return 0
    module, summary = VERBS[name]
    _set_up_logging(is_debug=is_debug)
    command = module_command(import_module(f"harma.cli.{module}"), name, summary)
    return run_command(command, f"harma {name}", arguments[1:])


def _joined(arguments: list[str]) -> list[str]:
    """`--bbox -10,0,5,5` as `--bbox=-10,0,5,5`.

    argparse takes what begins with a minus for an option.
    """
    joined: list[str] = []
    for argument in arguments:
        before = joined[-1] if joined else ""
        is_number = re.match(r"-\.?\d", argument) is not None
        follows_an_option = before.startswith("--") and "=" not in before
        if is_number and follows_an_option:
            joined[-1] = f"{before}={argument}"
        else:
            joined.append(argument)
    return joined


def _set_up_logging(*, is_debug: bool) -> None:
    level = os.environ.get("HARMA_LOG", "").upper()
    if is_debug:
        level = "DEBUG"
    if level and level not in LEVELS:
        raise ConfigError(f"HARMA_LOG is {level!r}; allowed are {', '.join(LEVELS)}")
    logging.basicConfig(level=level or "WARNING", format="%(levelname)s %(message)s")
    logging.getLogger("harma").setLevel(level or "INFO")
    if not level:
        # GDAL remarks on the form of many files that it reads well.
        logging.getLogger("rasterio").setLevel("ERROR")


def _parser() -> argparse.ArgumentParser:
    verbs = "\n".join(f"  {verb:<10} {summary}" for verb, (_, summary) in VERBS.items())
    parser = CommandParser(
        prog="harma",
        description="Adapt CLIP to aerial and satellite imagery, measure it, and use it.",
        epilog=f"verbs:\n{verbs}\n\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"harma {harma.__version__}")
    parser.add_argument(
        DEBUG, action="store_true", help="show tracebacks and what libraries log; of every verb"
    )
    parser.add_argument("verb", nargs="?", choices=list(VERBS), metavar="VERB", help="what to do")
    return parser
