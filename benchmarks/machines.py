"""How fast a training of two machines ends when one fails: two network namespaces, torchrun.

One process is struck at a place: killed, cut off, interrupted, or without space on its disk. Shown
are the seconds from there to the end of each machine's command, and what the other process said.
Needs root and iproute2:

    PYTHONPATH=. python benchmarks/machines.py
"""

import argparse
import tempfile
from pathlib import Path

import yaml
from tests.machines import Machine, torchrun, two_machines, waited

from harma.data.synthetic import make_scenes

# Where, what, in which process.
CASES = [
    "start:kill:0",
    "start:kill:1",
    "step:kill:0",
    "step:kill:1",
    "evaluation:kill:0",
    "evaluation:kill:1",
    "saving:kill:0",
    "saving:full:0",
    "start:full:1",
    "step:interrupt:0",
    "step:raise:1",
    "step:cut:1",
]
LIMIT = 240
TOWER = {"width": 32, "layers": 2}
BACKBONE = {
    "embed_dim": 16,
    "vision_cfg": {**TOWER, "image_size": 32, "patch_size": 16, "head_width": 8},
    "text_cfg": {**TOWER, "context_length": 77, "vocab_size": 49408, "heads": 4},
}


def main() -> None:
    """Strike as asked, and show a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=CASES, help="WHERE:WHAT:RANK")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        make_scenes(data, train=24, val=8, test=8)
        for case in args.cases:
            print(struck(case, data, Path(folder) / case.replace(":", "-")), flush=True)


def struck(case: str, data: Path, folder: Path) -> str:
    """A line on what became of both machines."""
    rank = int(case[-1])
    with two_machines(folder) as machines:
        for machine in machines:
            (machine.folder / "recipe.yaml").write_text(yaml.safe_dump(recipe(data)))
        processes = [
            torchrun(machine, machines[0], "train", "recipe.yaml", rank=i, TROUBLE=case)
            for i, machine in enumerate(machines)
        ]
        for process in processes:
            waited([process], LIMIT)
        ends = [ended_after(machine, machines[rank]) for machine in machines]
        statuses = [process.poll() for process in processes]
        return f"{case:20} {statuses} {ends} | {word(machines[1 - rank])}"


def recipe(data: Path) -> dict[str, object]:
    """Of a small run, which is exposed to trouble."""
    return {
        "backbone": BACKBONE,
        "adapter": {"bottleneck_dim": 16, "num_heads": 2},
        "data": {
            "name": str(data / "data.yaml"),
            "batch_size": 4,
            "num_workers": 0,
            "transform": "trouble.transform",
        },
        "train": {"epochs": 4, "accelerator": "cpu", "log_every": 1, "report": False},
        "output": "run",
    }


def ended_after(machine: Machine, struck: Machine) -> float:
    """Seconds from the strike to the last word of a machine."""
    begin = float((struck.folder / "struck.txt").read_text())
    return round((machine.folder / "output.txt").stat().st_mtime - begin, 1)


def word(machine: Machine) -> str:
    """What its process said of the other one."""
    lines = [line for line in machine.output().splitlines() if line.startswith(("error:", "ERROR"))]
    return lines[0].partition(". This process")[0] if lines else "nothing"


if __name__ == "__main__":
    main()
