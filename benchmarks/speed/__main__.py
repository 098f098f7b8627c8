"""Run all parts, and write the table."""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.speed import __doc__ as ABOUT
from benchmarks.speed.measuring import Row

PAGE = Path(__file__).parents[2] / "docs" / "speed.md"
# Part → minutes that it may take.
PARTS = {"training": 5, "embedding": 7, "building": 5, "search": 6, "metrics": 1, "start": 3}
# A row that is so much slower than on the page, while the machine is as noisy as it is.
CLEARLY_SLOWER = 0.8
HEADER = "| | beside | CPU | clock | wanted | before | |"
ABOUT_PAGE = (
    "How many times as quick as something else HarMA is, both measured in turn in one run: more is"
    ' better. CPU is of CPU\nseconds, which other work on the machine disturbs least. "Before" is'
    " the ratio that stood here before this run.\n`make bench` writes this page; how each row is"
    " measured stands in `benchmarks/speed`, and more, with what was tried,\nin"
    " [results](results.md)."
)


def run(part):
    """What a part prints, and what went wrong."""
    command = [sys.executable, "-m", f"benchmarks.speed.{part}"]
    environment = dict(os.environ)
    here = str(Path(__file__).parents[2])
    environment["PYTHONPATH"] = os.pathsep.join([here, environment.get("PYTHONPATH", "")])
    # With more threads than free cores they wait for each other, which counts as CPU time.
    environment.setdefault("OMP_NUM_THREADS", "1")
    start = time.perf_counter()
    try:
        done = subprocess.run(
            command,
            check=False,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60 * PARTS[part],
        )
    except subprocess.TimeoutExpired as late:
        printed = late.stdout or b""
        return told(printed.decode()), f"stopped after {PARTS[part]} minutes"
    print(f"{part}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    wrong = f"ended with status {done.returncode}" if done.returncode else ""
    return told(done.stdout), wrong


def told(printed):
    """Rows of a part, and sentences about it."""
    rows, sentences = [], []
    for line in printed.splitlines():
        if not line.startswith("{"):
            continue
        values = json.loads(line)
        if "said" in values:
            sentences.append(values["said"])
        else:
            rows.append(Row(**values))
    return rows, sentences


def before(page):
    """Ratios on the page: (what, beside) → ratio."""
    found = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != HEADER.count("|") - 1 or not cells[0] or cells[0].startswith("-"):
            continue
        said = cells[3] if cells[2] == "–" else cells[2]
        found[cells[0], cells[1]] = float(said)
    return found


def table(part, rows, sentences, wrong, earlier):
    lines = [f"## {part.capitalize()}", ""]
    if wrong:
        lines += [f"**Not whole: it {wrong}.**", ""]
    if rows:
        lines += [HEADER, "|---|---|---|---|---|---|---|"]
    for row in rows:
        was = earlier.get((row.what, row.against))
        cells = [row.what, row.against, *map(shown, (row.cpu, row.wall, row.least, was))]
        lines.append(f"| {' | '.join([*cells, row.detail])} |")
    if sentences:
        lines += ["", " ".join(sentences)]
    return "\n".join(lines)


def shown(ratio):
    return "–" if ratio is None else f"{ratio:.2f}"


def machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    parts = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy"))
    day = datetime.now(UTC).date()
    load = os.getloadavg()[0]
    return (
        f"{day}: {os.cpu_count()} cores of {names[0] if names else platform.processor()}, load"
        f" {load:.1f} when it began; Python {platform.python_version()}, {parts}."
    )


def main():
    parser = argparse.ArgumentParser(
        description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help="without a page")
    parser.add_argument(
        "--check",
        action="store_true",
        help=f"end with status 1 where a row has less than {CLEARLY_SLOWER} of its ratio before",
    )
    args = parser.parse_args()
    earlier = before(PAGE.read_text(encoding="utf-8")) if PAGE.is_file() else {}
    about = machine()
    tables, slower, failed = [], [], []
    for part in args.only or PARTS:
        (rows, sentences), wrong = run(part)
        tables.append(table(part, rows, sentences, wrong, earlier))
        print(tables[-1], flush=True)
        failed += [f"{part} {wrong}"] * bool(wrong)
        for row in rows:
            was = earlier.get((row.what, row.against))
            if was and row.ratio < CLEARLY_SLOWER * was:
                slower.append(f"{row.what}: {row.ratio:.2f}, before {was:.2f}")
    if not args.only:
        page = "\n\n".join(["# Speed", ABOUT_PAGE, about, *tables]) + "\n"
        PAGE.write_text(page, encoding="utf-8")
    for line in [*failed, *slower]:
        print(line, file=sys.stderr)
    return 1 if failed or (args.check and slower) else 0


if __name__ == "__main__":
    sys.exit(main())
