"""What a saved adapter, model or run is: backbone and hash, trained weights, data, metrics."""

import argparse
import json
from typing import Any

EPILOG = """examples:
  harma info runs/a
  harma info runs/a/best --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("directory", metavar="DIR", help="a run, adapter or model directory")
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


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    parameters, backbone = facts.get("parameters", {}), facts.get("backbone", {})
    lines = [
        ("kind", facts["kind"]),
        ("directory", facts["directory"]),
        ("on disk", f"{facts['bytes'] / 1e6:.1f} MB"),
    ]
    if backbone:
        lines += [
            ("backbone", str(backbone["name"])),
            ("backbone weights", backbone["weights_hash"]),
        ]
    if parameters:
        share = 100 * parameters["trained"] / max(1, parameters["total"])
        lines.append(
            (
                "trained parameters",
                f"{parameters['trained']:,} of {parameters['total']:,} ({share:.2f} %)",
            )
        )
    if method := facts.get("method"):
        lines.append(("method", method))
    for section in ("adapter", "options"):
        lines += [
            (f"{section} {name}", str(value)) for name, value in (facts.get(section) or {}).items()
        ]
    lines += [(f"data {name}", str(value)) for name, value in (facts.get("data") or {}).items()]
    metrics = facts.get("metrics") or {}
    lines += [
        (f"{name}", f"{value:.2f}" if isinstance(value, float) else str(value))
        for name, value in metrics.items()
    ]
    return lines
