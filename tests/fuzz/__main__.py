"""The long run: `make fuzz`, or

    python -m tests.fuzz --number 10000 --seed 7 [--edges rasters,pictures] [--out fuzz]
    python -m tests.fuzz --again rasters:7:123     one input again, with what it says

A run that was ended goes on where it stood: what `--out` has of the same seed is not done again.
Inputs that fail stay in OUT/work, and are named on the screen.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.child import one
from tests.fuzz.edge import edge, edge_names
from tests.fuzz.pool import judged
from tests.fuzz.report import line_of, mend_end, read_lines, table


def again(label: str) -> int:
    """Judge one input in this process, and show what came of it."""
    name, seed, number = label.split(":")
    wanted = edge(name)
    wanted.start()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    verdict = one(wanted, int(seed), int(number), folder)
    print(verdict.kind, verdict.cause, verdict.detail, sep="\n")
    print("its files:", folder)
    return 0 if verdict.passes else 1


def shares(names: list[str], number: int) -> dict[str, int]:
    """How many inputs each edge has of a number."""
    weights = {name: edge(name).share for name in names}
    total = sum(weights.values())
    return {name: max(1, round(number * weight / total)) for name, weight in weights.items()}


def run(names: list[str], number: int, seed: int, out: Path) -> int:
    """Do what of a run is not done, and write the report.

    Args:
        names: of the edges.
        number: of inputs over all of them.
        seed: of the run.
        out: its folder.

    Returns:
        1 where any input fails.
    """
    out.mkdir(parents=True, exist_ok=True)
    kept = out / f"seed-{seed}.jsonl"
    mend_end(kept)
    done = {(line["edge"], line["number"]) for line in read_lines(kept)}
    with kept.open("a") as file:
        for name, count in shares(names, number).items():
            open_numbers = [n for n in range(count) if (name, n) not in done]
            for outcome in judged(name, seed, open_numbers, out / "work"):
                file.write(line_of(outcome) + "\n")
                file.flush()
                if not outcome.verdict.passes:
                    print(outcome.label, outcome.verdict.kind, outcome.verdict.cause, flush=True)
            print(f"{name}: {count} inputs", flush=True)
    lines = [line for line in read_lines(kept) if line["edge"] in names]
    report = table(lines)
    (out / f"report-{seed}.md").write_text(report)
    print(report.partition("\n\n")[0])
    print(f"counts by cause: {out / f'report-{seed}.md'}")
    return int(any(line["verdict"] not in ("right", "clean") for line in lines))


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--number", type=int, default=10_000, help="inputs over all edges")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--edges", default="", help="names, comma between; all without")
    parser.add_argument("--out", type=Path, default=Path("fuzz"))
    parser.add_argument("--again", default="", metavar="EDGE:SEED:NUMBER")
    args = parser.parse_args()
    if args.again:
        return again(args.again)
    names = [name for name in args.edges.split(",") if name] or edge_names()
    return run(names, args.number, args.seed, args.out)


if __name__ == "__main__":
    sys.exit(main())
