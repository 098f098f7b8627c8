"""Disturb every writing command at random moments: `make killtest N=1000 SEED=1`.

    python -m tests.kills --trials 1000 --seed 1 --directory killtest

A line of JSON per trial goes to DIRECTORY/trials-SEED.jsonl; given again, it goes on behind the
last one. Ends with status 1 if anything was lost, doubled, wrong or left behind.
"""

import argparse
import json
import os
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path

# Before torch is imported: a forked process has none of OpenMP's threads.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ["PYTHONWARNINGS"] = "ignore"

from tests.kills import children, fixture
from tests.kills.commands import COMMANDS
from tests.kills.disturbances import possible
from tests.kills.report import report
from tests.kills.trials import Laboratory, chosen


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--directory", type=Path, default=Path("killtest"))
    parser.add_argument("--only", nargs="+", default=(), help="names of commands")
    parser.add_argument("--by", nargs="+", default=(), help="names of disturbances")
    parser.add_argument("--first", type=int, default=0, help="number of the first trial")
    parser.add_argument("--anew", action="store_true", help="make the fixture anew")
    parser.add_argument("--report", action="store_true", help="only print the report")
    return parser.parse_args()


@contextmanager
def laboratory(folder, commands, *, anew=False):
    """What trials need: everything imported, the fixture made, the download served."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    children.import_all()
    os.environ["HARMA_KILLTEST_SERVED"] = str(folder / "fixture" / "served")
    os.environ["HARMA_KILLTEST_SMALL"] = "1"
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    room = Laboratory(folder)
    room.clear()
    if anew or not (folder / "fixture" / "made").is_file():
        shutil.rmtree(folder / "fixture", ignore_errors=True)
        for make in (fixture.make_all, fixture.make_by_commands):
            children.result_of(lambda make=make: make(room.fix), folder, 600)
        (room.fix / "made").write_text("")
    has_runs = (room.fix / "lora_run" / "metrics.json").is_file()
    if not has_runs and any(command.takes_runs for command in commands):
        for run in ("run", "lora_run"):
            shutil.rmtree(room.fix / run, ignore_errors=True)
        children.result_of(lambda: fixture.make_runs(room.fix), folder, 600)
    address = folder / "address"
    address.unlink(missing_ok=True)
    server = children.Child(lambda: fixture.serve(room.fix, address), folder / "server.log")
    try:
        while not address.is_file() or not address.read_text():
            assert server.poll() is None, server.said()
            time.sleep(0.05)
        os.environ["HARMA_KILLTEST_URL"] = address.read_text()
        yield room
    finally:
        server.kill()
        room.clear()


def main():
    args = arguments()
    args.directory.mkdir(parents=True, exist_ok=True)
    file = args.directory / f"trials-{args.seed}.jsonl"
    done = {}
    if file.is_file():
        done = {one["number"]: one for one in map(json.loads, file.read_text().splitlines())}
    disturbances, skipped = possible(args.directory)
    if args.report:
        print(report(list(done.values()), skipped))
        return 0
    if args.by:
        disturbances = {name: disturbances[name] for name in args.by}
    commands = [one for one in COMMANDS if not args.only or one.name in args.only]
    with laboratory(args.directory, commands, anew=args.anew) as room, file.open("a") as lines:
        for number in range(args.first, args.first + args.trials):
            if number in done:
                continue
            command, disturbance, rng = chosen(number, args.seed, commands, disturbances)
            verdict = room.try_out(number, command, disturbance, rng).to_dict()
            done[number] = verdict
            lines.write(json.dumps(verdict) + "\n")
            lines.flush()
            said = "; ".join(verdict["problems"]) or "right"
            print(
                f"{number} {verdict['command']}, {verdict['disturbance']} {verdict['when']}:"
                f" status {verdict['status']}: {said[:400]}",
                flush=True,
            )
    told = report(list(done.values()), skipped)
    (args.directory / f"report-{args.seed}.md").write_text(told)
    print(told)
    return 1 if any(one["problems"] for one in done.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
