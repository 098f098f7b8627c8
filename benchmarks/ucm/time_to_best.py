"""How much of the published recipe's time `harma_plus` takes to be as good as it ever is.

    python benchmarks/ucm/time_to_best.py OUT --data.root UCM --backbone local-dir:RUN/best

Two rows of plus.yaml are trained in turn, as `harma train` trains them, one thread each. Of either
the CPU seconds of its process are read whenever it has been validated; what it took until its first
step is left out. Printed is the CPU time of the second row until its validated dup_mR reaches the
best one of the first, over that of the first until its best.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import yaml

from harma.comparison.plan import Overrides, read_plan
from harma.comparison.runs import rated_run

PLAN = Path(__file__).with_name("plus.yaml")
# Rows, their rates as that plan chose them, and the precision of the recipes that ship.
ROWS = (("published, its rate chosen", 1.0e-2, "float32"), ("harma_plus", 1.0e-2, "auto"))
TICKS = os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    args, flags = parser.parse_known_args()
    ratios = []
    for number in range(args.rounds):
        overrides = Overrides(flags=flags, output=str(args.output / f"round{number}"))
        plan = read_plan(PLAN, overrides)
        published, plus = (trained(plan, *row, number + 1) for row in ROWS)
        aim, needed = max((figure, -seconds) for figure, seconds in published)
        reached = [seconds for figure, seconds in plus if figure >= aim]
        print(f"{ROWS[0][0]}: {told(published)}\n{ROWS[1][0]}: {told(plus)}", flush=True)
        if reached:
            ratios.append(reached[0] / -needed)
            print(f"{aim:.2f} dup_mR after {reached[0]:.1f} and {-needed:.1f} CPU s", flush=True)
    print(f"{median(ratios):.3f} of the time, {', '.join(f'{one:.3f}' for one in ratios)}")


def trained(plan, name, rate, precision, seed):
    """Train a row: (dup_mR, CPU seconds since the first step) of each validation."""
    row = plan.row(name)
    run = rated_run(plan, row, rate, seed, row.recipe.train.epochs)
    recipe = replace(run.recipe, train=replace(run.recipe.train, precision=precision))
    run.path.parent.mkdir(parents=True)
    run.recipe_file.write_text(yaml.safe_dump(recipe.to_dict(), sort_keys=False))
    words = [sys.executable, "-m", "harma", "train", str(run.recipe_file)]
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    with run.log.open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, env={**os.environ, **threads})
    first = 0.0
    seen = []
    while process.poll() is None:
        seconds = cpu_seconds(process.pid)
        events = read_events(run.path / "log.jsonl")
        if not first and any(event["event"] == "step" for event in events):
            first = seconds
        figures = [event["dup_mR"] for event in events if event["event"] == "validation"]
        seen += [(figure, seconds - first) for figure in figures[len(seen) :]]
        time.sleep(0.2)
    assert process.returncode == 0, run.log.read_text()[-2000:]
    return seen


def cpu_seconds(pid):
    """What a process and its threads have taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def read_events(path):
    """Of a log that is being written."""
    if not path.is_file():
        return []
    lines = path.read_text().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def told(seen):
    return ", ".join(f"{figure:.2f} after {seconds:.1f} s" for figure, seconds in seen)


if __name__ == "__main__":
    main()
