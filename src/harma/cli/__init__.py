"""The command line: `main`, the table of verbs, exit statuses; a thin module per verb."""

import argparse
import logging
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module

import harma
from harma.cli.command import module_command, run_command
from harma.errors import ConfigError, HarmaError
from harma.ground.garbage import leave_garbage_at_exit

# Libraries that several verbs need, and what to install for them.
EXTRAS = {
    **dict.fromkeys(("antimeridian", "geopandas", "lancedb", "pyarrow", "pyproj"), "search"),
    **dict.fromkeys(("obstore", "pystac", "rasterio", "shapely", "sqlalchemy"), "search"),
    **dict.fromkeys(("fastapi", "jsonschema", "prometheus_client", "uvicorn"), "serve"),
}
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

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

EPILOG = """examples:
  harma train rsitmd_geo --data.root data/rsitmd --output runs/a
  harma evaluate runs/a --data rsitmd --root data/rsitmd
  harma info runs/a
`harma VERB --help` shows the options of a verb."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: arguments after the program's name; None takes the process's own.

    Returns:
        Exit status: 0 done, 1 done with a negative answer, 2 bad input, 130 interrupted.
    """
    leave_garbage_at_exit()
    arguments = _joined(list(sys.argv[1:] if argv is None else argv))
    parser = _parser()
    name = parser.parse_args(arguments[:1]).verb
    if name is None:
        parser.print_help()
        return 0
    module, summary = VERBS[name]
    try:
        _set_up_logging()
        command = module_command(import_module(f"harma.cli.{module}"), name, summary)
        return run_command(command, f"harma {name}", arguments[1:])
    except HarmaError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        part = str(error.name).partition(".")[0]
        if part not in EXTRAS:
            raise
        print(
            f"error: harma {name} needs {part}: pip install 'harma[{EXTRAS[part]}]'",
            file=sys.stderr,
        )
        return 2
    except BrokenPipeError:
        # The reader of our output has gone (`harma … | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"error: {_told_by_system(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _told_by_system(error: OSError) -> str:
    """What the system says of a path that cannot be used or a full disk, and of which file."""
    reason = str(error.strerror or error)
    if error.filename:
        return f"{reason}: {error.filename}"
    return reason


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


def _set_up_logging() -> None:
    level = os.environ.get("HARMA_LOG", "").upper()
    if level and level not in LEVELS:
        raise ConfigError(f"HARMA_LOG is {level!r}; allowed are {', '.join(LEVELS)}")
    logging.basicConfig(level=level or "WARNING", format="%(levelname)s %(message)s")
    logging.getLogger("harma").setLevel(level or "INFO")
    if not level:
        # GDAL remarks on the form of many files that it reads well.
        logging.getLogger("rasterio").setLevel("ERROR")


def _parser() -> argparse.ArgumentParser:
    verbs = "\n".join(f"  {verb:<10} {summary}" for verb, (_, summary) in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="harma",
        description="Adapt CLIP to aerial and satellite imagery, measure it, and use it.",
        epilog=f"verbs:\n{verbs}\n\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"harma {harma.__version__}")
    parser.add_argument("verb", nargs="?", choices=list(VERBS), metavar="VERB", help="what to do")
    return parser
