"""Compare methods, or variants of one: many runs, one table.

FILE is a shipped comparison (`harma compare --list`) or a YAML file:

    recipe: rsitmd_vit          # what every row starts from: a shipped recipe, a file, or values
    methods:                    # rows: a name, and what it changes in the recipe
      none:
      harma:
      harma R=64: {adapter: {bottleneck_dim: 64}}
      lora: {options: {rank: 8}, learning_rates: [1.0e-3, 3.0e-3]}
      mine: {method: my_package.my_module.my_method}      # a method of your own
    seeds: [1, 2, 3]
    learning_rates: [1.0e-4, 4.0e-4, 1.0e-3]    # chosen on validation with the first seed
    budget: {epochs: 10}        # or {minutes: 5} of training for each run
    reference: harma            # the row that differences are taken to
    published: rsitmd           # published figures beside (rsitmd, rsicd, ucm)
    folds: folds/folds.yaml     # of harma data split --folds: rates chosen and rows judged in each
    jobs: 1                     # runs at once
    output: runs/comparison

A finished run is never done again and an interrupted one goes on, so the command can be given any
number of times. Any value of the base recipe is a flag, such as --data.root DIR. The test split
stays unread until --final; over folds each row is judged on the test part of every fold. The
smallest difference that the comparison can show is said before it runs, with --plan alone.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from harma.cli.argument_types import count, output_directory, positive
from harma.errors import ConfigError

if TYPE_CHECKING:
    from harma.comparison.compare import ComparisonOutcome

EPILOG = """examples:
  harma compare --list
  harma compare methods.yaml --data.root data/rsitmd --output runs/methods
  harma compare methods.yaml --jobs 2 --only harma lora
  harma compare methods.yaml --report-only          # tables of what is there, also while it runs
  harma compare methods.yaml --retry                # run again what failed
  harma compare methods.yaml --final                # read the test split, once for each row
  harma compare methods.yaml --folds folds/folds.yaml --plan    # what would run, what it can show
status: 0 done, 1 a run failed, 2 bad input"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    # Any other flag is the base recipe's: an abbreviation could be one of these by accident.
    parser.allow_abbrev = False
    parser.usage = f"{parser.prog} FILE [options] [--SECTION.NAME VALUE …]"
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="a YAML file, or the name of a shipped comparison"
    )
    parser.add_argument(
        "--output",
        type=output_directory,
        metavar="DIR",
        help="where everything goes (as the file says, else runs/NAME)",
    )
    parser.add_argument(
        "--recipe", metavar="RECIPE", help="what every row starts from, in place of the file's"
    )
    parser.add_argument(
        "--seeds", type=count, nargs="+", metavar="N", help="in place of the file's"
    )
    parser.add_argument(
        "--learning-rates", type=_rate, nargs="+", metavar="LR", help="in place of the file's"
    )
    parser.add_argument(
        "--folds",
        metavar="FILE",
        help="folds.yaml of harma data split --folds: every image is judged once",
    )
    parser.add_argument(
        "--jobs", type=positive, metavar="N", help="runs at once, each with its share of the cores"
    )
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="run these rows only; the tables show all"
    )
    parser.add_argument("--retry", action="store_true", help="run again what failed")
    parser.add_argument(
        "--final", action="store_true", help="then read the test split, once for each row"
    )
    parser.add_argument(
        "--report-only", action="store_true", help="run nothing; write the tables of what is there"
    )
    parser.add_argument(
        "--plan", action="store_true", help="run nothing; say what would run and what it can show"
    )
    parser.add_argument(
        "--scatter",
        nargs=2,
        type=float,
        metavar=("IMAGES", "RUNS"),
        help="in points, that --plan reckons with (as measured here, else as measured on UCM)",
    )
    parser.add_argument("--list", action="store_true", help="list the shipped comparisons")


def parse(parser: argparse.ArgumentParser, argv: list[str]) -> argparse.Namespace:
    """Read a command line. Flags that are not the verb's own are the base recipe's: `flags`."""
    args, flags = parser.parse_known_args(argv)
    args.flags = flags
    if args.list:
        return args
    # First, as behind a recipe's flag it could be that flag's value.
    if args.file is None or (argv and argv[0].startswith("-")):
        parser.error(
            "the first argument is the comparison: a YAML file, or a name of `harma compare --list`"
        )
    if args.report_only and (args.final or args.retry):
        parser.error("--report-only runs nothing; leave --final and --retry out")
    return args


def run(args: argparse.Namespace) -> int:
    """Run, write and show the tables."""
    if args.list:
        return _list()
    # After --list, which needs no torch.
    from harma.comparison.compare import compare
    from harma.comparison.plan import Overrides, read_plan
    from harma.comparison.power import Scatter, power_lines, runs_planned

    overrides = Overrides(
        recipe=args.recipe,
        flags=args.flags,
        seeds=args.seeds,
        rates=args.learning_rates,
        jobs=args.jobs,
        output=args.output,
        folds=args.folds,
    )
    plan = read_plan(args.file, overrides)
    scatter = Scatter(*args.scatter) if args.scatter else None
    if args.plan:
        print("\n".join([*runs_planned(plan), *power_lines(plan, scatter)]))
        return 0
    if not args.report_only:
        print("\n".join(power_lines(plan, scatter)), file=sys.stderr)
    outcome = compare(
        plan,
        only=args.only or (),
        retry=args.retry,
        final=args.final,
        report_only=args.report_only,
        say=lambda what: print(what, file=sys.stderr),
    )
    _show(outcome)
    return 1 if outcome.failed else 0


def _rate(text: str) -> float:
    from harma.comparison.values import read_rate

    try:
        return read_rate(text, "--learning-rates")
    except ConfigError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not allowed; give a number above 0"
        ) from error


def _list() -> int:
    from harma.comparison.plan import shipped_comparisons

    for name, path in shipped_comparisons().items():
        first = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        print(f"{name:<18} {first}")
    return 0


def _show(outcome: "ComparisonOutcome") -> None:
    """Print the tables, what there is to know of rows, and where the files are."""
    from rich.console import Console

    from harma.comparison.tables import cost_table, differences_table, main_table, recalls_table

    console = Console()
    results = outcome.results
    console.print(main_table(results, outcome.split))
    console.print(recalls_table(results, outcome.split))
    console.print(cost_table(results))
    names = [result.row.name for result in results]
    # Over folds each pair has two intervals, in a table each.
    for over in dict.fromkeys(pair.over for pair in outcome.shown):
        pairs = [pair for pair in outcome.shown if pair.over == over]
        console.print(differences_table(pairs, outcome.plan.reference, names))
    lines = []
    for result in results:
        lines += [f"{result.row.name}: {note}" for note in result.notes]
        lines += [f"failed: {title}: {why}" for title, why in result.failures]
    output = outcome.plan.output
    lines.append(f"report: {output / 'report.html'}")
    lines.append(f"tables: {output / 'results.csv'}")
    lines.append(f"LaTeX: {output / 'results.tex'}")
    for line in lines:
        # Names of rows and paths are no markup, and a path is copied whole.
        console.print(line, markup=False, highlight=False, soft_wrap=True)
