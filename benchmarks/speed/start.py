"""Start of `harma search` beside torch and open_clip's model file alone, and by exported engines.

The index and the model are the demo's (`make demo`).
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from benchmarks.speed.measuring import Turns
from benchmarks.start import ALONE, BAR, HARMA, took

PART = "start"
DEMO = Path("demo")
ENGINES, ROUNDS = ("openvino", "onnx"), 5


def main():
    harma = [sys.executable, "-c", HARMA]
    search = [*harma, "search", str(DEMO / "archive"), "a harbour"]
    with tempfile.TemporaryDirectory() as folder:
        commands = {BAR: [sys.executable, "-c", ALONE], "harma search": search}
        for engine in ENGINES:
            export = [*harma, "export", str(DEMO / "harma"), "--format", engine]
            output = Path(folder) / engine
            subprocess.run([*export, "--output", str(output)], check=True, stdout=sys.stderr)
            commands[f"harma search, {engine}"] = [*search, "--model", str(output)]
        rounds = []
        for _ in range(ROUNDS + 1):
            rounds.append([took(command, None) for command in commands.values()])
    # The first round fills the system's cache.
    for number, name in enumerate(list(commands)[1:], start=1):
        pairs = [(taken[number], taken[0]) for taken in rounds[1:]]
        cpu = np.array([[ours.cpu, bar.cpu] for ours, bar in pairs])
        wall = np.array([[ours.wall, bar.wall] for ours, bar in pairs])
        Turns(cpu, wall).row(PART, name, BAR, 1 / 1.5).print()


if __name__ == "__main__":
    main()
