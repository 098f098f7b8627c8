"""Info: what a saved adapter, model or run is: backbone, hash, trained weights, data, metrics."""

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from harma.cli.argument_types import given_name
from harma.model.card import trained_share

EPILOG = """examples:
  harma info runs/a
  harma info runs/a/best --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "directory", type=given_name, metavar="DIR", help="a run, adapter or model directory"
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the facts."""
    from harma.model.saved import describe

    facts = describe(args.directory)
    if args.json:
        print(json.dumps(facts, indent=2))
        return 0
    for name, value in _lines(facts):
        print(f"{name:<20} {value}")
    return 0


def _lines(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, value) of each line; what a model does not say of itself has none."""
    yield "kind", facts["kind"]
    yield "directory", facts["directory"]
    yield "on disk", f"{facts['bytes'] / 1e6:.1f} MB"
    yield from _captions(facts)
    if backbone := facts.get("backbone"):
        yield "backbone", str(backbone["name"])
        yield "backbone weights", backbone["weights_hash"]
    if parameters := facts.get("parameters"):
        yield "trained parameters", trained_share(parameters["trained"], parameters["total"])
    if method := facts.get("method"):
        yield "method", method
    for section in ("adapter", "options", "data", "export"):
        for name, value in (facts.get(section) or {}).items():
            yield f"{section} {name}", str(value)
    for name, value in (facts.get("metrics") or {}).items():
        yield name, f"{value:.2f}" if isinstance(value, float) else str(value)


def _captions(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kept = facts.get("kept_captions")
    if kept:
        yield "kept captions", f"{kept:,}"
