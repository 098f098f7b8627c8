"""A training step of ViT-B/32 with HarMA adapters, against one with the original's structure."""

import numpy as np
from benchmarks.speed.measuring import Turns
from benchmarks.step import PAIRS, stepped, ways_to_step

PART = "training"
# What is wanted of a step, by its name.
LEAST = {"bf16_weights, 1 an image": 2.5, "bf16_weights, 2 an image": 4.0}


def main():
    ways = ways_to_step()
    rounds = stepped(ways)
    for number, way in enumerate(ways[1:], start=1):
        pairs = [(taken[number], taken[0]) for taken in rounds]
        cpu = np.array([[ours.cpu, theirs.cpu] for ours, theirs in pairs])
        wall = np.array([[ours.wall, theirs.wall] for ours, theirs in pairs])
        what = f"a step of {PAIRS} pairs, ViT-B/32, {way.name}"
        Turns(cpu, wall).row(PART, what, ways[0].name, LEAST.get(way.name)).print()


if __name__ == "__main__":
    main()
