"""The main job from end to end, offline, on scenes drawn here.

A small CLIP is trained on one look of synthetic scenes; HarMA adapters and, with the same budget,
the whole model are trained on another; the table compares them. Last, an archive of drawn GeoTIFFs
is indexed, to be searched and served. About three minutes on two cores. An interrupted demo goes on
where it stopped.
"""

import argparse
import shlex
from typing import TYPE_CHECKING

from harma.cli.argument_types import output_directory

if TYPE_CHECKING:
    from rich.table import Table

    from harma.training.demo import DemoResult

EPILOG = """examples:
  harma demo
  harma demo --output /tmp/demo
status: 0 the adapters help, 1 they do not"""

# What the demo promises: beforehand the model knows something of the new look (mR of so many times
# chance), and adapting teaches it much more (so many points of mR).
LEAST_TIMES_CHANCE = 3.0
LEAST_GAIN = 15.0
# What was built in the demo's archive between its two years.
SEARCH = '"four solar panels" --before 2021 --after 2023'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "--output",
        type=output_directory,
        metavar="DIR",
        default="demo",
        help="where everything goes (demo)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the demo and show what it found."""
    import time

    from rich.console import Console

    from harma.training.demo import run_demo

    console = Console()
    start = time.monotonic()

    def say(what: str) -> None:
        console.print(f"[{time.monotonic() - start:5.0f} s] {what}", markup=False)

    result = run_demo(args.output, say=say)
    console.print(_table(result))
    times = result.before["mR"] / result.chance["mR"]
    gain = result.harma["mR"] - result.before["mR"]
    is_good = times >= LEAST_TIMES_CHANCE and gain >= LEAST_GAIN
    verdict = "as expected" if is_good else "NOT as expected"
    console.print(
        f"Before adapting: {times:.1f} times chance (at least {LEAST_TIMES_CHANCE:g} expected)."
        f" HarMA adds {gain:.1f} points of mR (at least {LEAST_GAIN:g} expected): {verdict}."
    )
    console.print(f"scenes: {args.output}/scenes.png", highlight=False)
    for name, report in result.reports.items():
        console.print(f"report: {report}  ({name})", highlight=False)
    console.print(f"all of it took {time.monotonic() - start:.0f} s", highlight=False)
    for line in _next_lines(result):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 0 if is_good else 1


def _next_lines(result: "DemoResult") -> list[str]:
    """What to do with the archive."""
    if result.archive is None:
        return ["to search and serve an archive: pip install 'harma[serve]', then the demo again"]
    archive = shlex.quote(str(result.archive))
    return [
        "now search it, and see it on a map:",
        f"harma search {archive} {SEARCH}",
        f"harma serve {archive} --open",
    ]


def _table(result: "DemoResult") -> "Table":
    from rich.table import Table

    from harma.metrics import RECALL_KEYS

    table = Table(title="Unseen scenes of the new look, percent")
    table.add_column("")
    for heading in ("chance", "before", "HarMA", "full"):
        table.add_column(heading, justify="right")
    columns = (result.chance, result.before, result.harma, result.full)
    for key in (*RECALL_KEYS, "mR", "dup_mR"):
        figures = [f"{values[key]:.2f}" for values in columns]
        table.add_row(key, *figures, style="bold" if key == "mR" else None)
    table.add_section()
    parameters: list[str] = []
    shares: list[str] = []
    for name in ("harma", "full"):
        trained = result.trained[name]
        parameters.append(f"{trained:,}")
        shares.append(f"{100 * trained / result.total[name]:.2f} %")
    table.add_row("trained parameters", "", "0", *parameters)
    table.add_row("of the model", "", "", *shares)
    return table
