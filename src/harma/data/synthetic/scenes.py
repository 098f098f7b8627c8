"""What is in a synthetic scene: decided here, before anything is drawn or said.

A scene is a square. Its ground fills it; a line (river, road, railway, runway) or a coast may cross
its middle, a bridge the river; up to two groups of like objects stand in its quarters. So
everything has a place that can be named.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

GROUNDS = ("grassland", "farmland", "forest", "bare land", "sand")
LINES = ("river", "road", "railway", "runway", "coast")
# How often each line comes; the last share has none.
LINE_SHARES = (0.22, 0.2, 0.12, 0.12, 0.16, 0.18)
Direction = Literal["north to south", "west to east"]
SIDES_OF_A_COAST = {"north to south": ("west", "east"), "west to east": ("north", "south")}

# Kind → colours it comes in. No colour: it has just one, which nobody would name.
OBJECT_KINDS: dict[str, tuple[str, ...]] = {
    "house": ("red", "grey", "brown", "blue"),
    "storage tank": ("white", "grey"),
    "tennis court": ("green", "blue", "red"),
    "swimming pool": (),
    "greenhouse": (),
    "tree": (),
    "pond": (),
    "solar panel": (),
    "baseball field": (),
    "aeroplane": ("white",),
    "ship": ("white", "red", "yellow"),
}
# Kinds that come one by one.
SINGLE = ("pond", "baseball field")
QUARTERS = ("north west", "north east", "south west", "south east")


@dataclass(frozen=True)
class Group:
    """Like objects, close together.

    Attributes:
        kind: one of `OBJECT_KINDS`.
        count: 1 to 4.
        color: of all of them, or "".
        quarter: one of `QUARTERS`.
    """

    kind: str
    count: int
    color: str
    quarter: str


@dataclass(frozen=True)
class DrawnScene:
    """What is there.

    Attributes:
        ground: one of `GROUNDS`.
        line: one of `LINES`, or "".
        direction: how the line runs; of a coast, too.
        sea: on which side of a coast the sea is: "west", "east", "north" or "south"; else "".
        bridge: whether a bridge crosses the river.
        groups: objects; the first is the more conspicuous one.
        seed: of everything that has no word: jitter, bends, texture.
    """

    ground: str
    line: str
    direction: Direction
    sea: str
    bridge: bool
    groups: tuple[Group, ...]
    seed: int


def make_scene(rng: np.random.Generator) -> DrawnScene:
    """Decide what is in a scene.

    Args:
        rng: decides; the same state gives the same scene.
    """
    # The order of what is drawn is part of the data sets: another would give other scenes.
    ground = str(rng.choice(GROUNDS))
    line = str(rng.choice((*LINES, ""), p=LINE_SHARES))
    direction: Direction = "north to south" if rng.random() < 0.5 else "west to east"
    sea = ""
    if line == "coast":
        sea = str(rng.choice(SIDES_OF_A_COAST[direction]))
    quarters = [str(quarter) for quarter in rng.permutation(QUARTERS)]
    num_groups = 2
    if line and rng.random() < 0.5:
        num_groups = 1
    groups: list[Group] = []
    for quarter in quarters[:num_groups]:
        possible = _kinds(rng, ground, line, sea, quarter)
        groups.append(_make_group(rng, quarter, _not_taken(possible, groups)))
    bridge = line == "river" and bool(rng.random() < 0.5)
    return DrawnScene(ground, line, direction, sea, bridge, tuple(groups), int(rng.integers(2**31)))


def _kinds(rng: np.random.Generator, ground: str, line: str, sea: str, quarter: str) -> list[str]:
    """What can stand in a quarter.

    Ships on the sea, aeroplanes beside a runway, no single trees in a forest.
    """
    if sea and sea in quarter.split():
        return ["ship"]
    excluded = {"ship"}
    if line != "runway":
        excluded.add("aeroplane")
    elif rng.random() < 0.5:
        return ["aeroplane"]
    if ground == "forest":
        excluded.add("tree")
    return [kind for kind in OBJECT_KINDS if kind not in excluded]


def _not_taken(kinds: list[str], groups: list[Group]) -> list[str]:
    """Two groups of one kind come only where nothing else can stand."""
    taken = {group.kind for group in groups}
    return [kind for kind in kinds if kind not in taken] or kinds


def _make_group(rng: np.random.Generator, quarter: str, kinds: list[str]) -> Group:
    kind = str(rng.choice(kinds))
    colors = OBJECT_KINDS[kind]
    count = 1
    if kind not in SINGLE:
        count = int(rng.integers(1, 5))
    color = ""
    if colors:
        color = str(rng.choice(colors))
    return Group(kind, count, color, quarter)
