"""Start of commands: CPU and wall seconds of whole processes, beside torch and open_clip alone.

Each round runs every command once, in turn, so that a machine's other work meets all of them alike;
a ratio is the median of the ratios within rounds.

Run: python benchmarks/start.py INDEX [--scenes SCENES] [--before CHECKOUT] [--rounds 10]
     python benchmarks/start.py INDEX --only search --exported EXPORT … --chip ID
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

PACKAGE = "import torch, open_clip.model"
# The model file alone: the package's `__init__` does not run, and what other towers take is empty.
ALONE = """
import sys, types
import torch
from importlib.util import find_spec
def empty(name, **names):
    module = types.ModuleType(name)
    vars(module).update(__path__=[], **names)
    sys.modules[name] = module
package = types.ModuleType("open_clip")
package.__path__ = list(find_spec("open_clip").submodule_search_locations)
sys.modules["open_clip"] = package
# open_clip tells by an ImportError that they are not installed.
sys.modules["timm"] = sys.modules["transformers"] = None
for name in ("torchvision", "torchvision.ops"):
    empty(name)
empty("torchvision.ops.misc", FrozenBatchNorm2d=None)
import open_clip.model
"""
HARMA = "import sys; from harma.cli import main; sys.exit(main())"
BAR = "torch and open_clip's model file alone"


class Took(NamedTuple):
    """What a process took, seconds."""

    cpu: float
    wall: float


def took(command: list[str], checkout: Path | None, until: str = "") -> Took:
    """Run a command to its end, or until it says something."""
    environment = dict(os.environ)
    if checkout is not None:
        environment["PYTHONPATH"] = str(checkout / "src")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if until and until in line:
            break
    wall = time.perf_counter() - start
    if until:
        process.kill()
    status = process.wait()
    if not until and status not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Took(cpu, wall)


def commands(args: argparse.Namespace, index: Path) -> dict[str, tuple[list[str], str]]:
    """Name → a command, and what it says when it is measured so far."""
    harma = [sys.executable, "-c", HARMA]
    named = {
        "import torch": ([sys.executable, "-c", "import torch"], ""),
        BAR: ([sys.executable, "-c", ALONE], ""),
        "torch and open_clip.model as they are": ([sys.executable, "-c", PACKAGE], ""),
        "harma --help": ([*harma, "--help"], ""),
        "harma index info": ([*harma, "index", "info", str(index)], ""),
        "harma search": ([*harma, "search", str(index), args.text], ""),
        "harma serve, until ready": ([*harma, "serve", str(index), "--port", "0"], ": ready"),
    }
    for exported in args.exported:
        words = ["search", str(index), args.text, "--model", str(exported)]
        named[f"harma search, {exported.name}"] = ([*harma, *words], "")
    if args.chip:
        # What a search takes that embeds nothing: the rest is the model's.
        words = ["search", str(index), "--image", f"chip:{args.chip}"]
        named["harma search for a chip"] = ([*harma, *words], "")
    if args.scenes:
        add = [*harma, "index", "add", str(index), *args.scenes, "--num-workers", "0"]
        named["harma index add, nothing new"] = (add, "")
    return named


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("--text", default="a harbour")
    parser.add_argument("--exported", nargs="*", type=Path, default=[], help="exports of the model")
    parser.add_argument("--chip", help="id of a chip of the index")
    parser.add_argument("--scenes", nargs="*", help="sources of the index, for `index add`")
    parser.add_argument("--before", type=Path, help="a checkout to compare with")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", default="", help="commands with these words, beside the bar")
    args = parser.parse_args()
    checkouts: dict[str, Path | None] = {"": None}
    if args.before:
        checkouts["before: "] = args.before
    times: dict[str, list[Took]] = {}
    with tempfile.TemporaryDirectory() as folder:
        index = Path(shutil.copytree(args.index, Path(folder) / "index"))
        # The first round fills the system's cache, and is not counted.
        for number in range(args.rounds + 1):
            for name, (command, until) in commands(args, index).items():
                if args.only not in name and name != BAR:
                    continue
                for prefix, checkout in checkouts.items():
                    if prefix and not name.startswith("harma"):
                        continue
                    took_now = took(command, checkout, until)
                    if number:
                        times.setdefault(f"{prefix}{name}", []).append(took_now)
    print(f"{args.rounds} rounds; CPU s min, median; wall s median; CPU to {BAR}")
    for name, runs in times.items():
        cpu = [run.cpu for run in runs]
        ratios = [run.cpu / bar.cpu for run, bar in zip(runs, times[BAR], strict=True)]
        wall = statistics.median(run.wall for run in runs)
        print(
            f"{name:<44} {min(cpu):6.2f} {statistics.median(cpu):6.2f} {wall:6.2f}"
            f" {statistics.median(ratios):6.2f}"
        )


if __name__ == "__main__":
    main()
