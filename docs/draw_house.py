"""Draws the picture of the house: rooms with their sizes, arrows for what imports what.

    python -m docs.draw_house [PACKAGE] [FILE]

Everything comes from the code's own imports. A room stands one floor above the highest room that it
imports from; the area of its box is its share of the lines. An arrow is left out where a longer way
leads to the same room: who imports from `model` may import from all that `model` stands on.
"""

import ast
import math
import sys
from collections import defaultdict
from html import escape
from pathlib import Path

from benchmarks.house import arrows, read_package

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "harma"
PICTURE = ROOT / "docs" / "_static" / "house.svg"
WIDTH = 980
FLOOR = 118
GAP = 60
# Area of a box, square pixels for a line of code; no box is smaller than its name.
AREA_PER_LINE = 6
LEAST_WIDTH = 92
LEAST_HEIGHT = 34
MOST_HEIGHT = 74
INK = "#12344d"
SOFT = "#5b6460"
WALL = "#9db0bf"
PAPER = "#eef3f7"
ARROW = "#b5523b"


def floors(edges: set[tuple[str, str]], rooms: list[str]) -> list[list[str]]:
    """Rooms by floor, the lowest first.

    Raises:
        ValueError: rooms import each other, so that none can stand above the other.
    """
    below = defaultdict(set)
    for room, other in edges:
        below[room].add(other)
    levels: dict[str, int] = {}
    while len(levels) < len(rooms):
        ready = [room for room in rooms if room not in levels and below[room] <= levels.keys()]
        if not ready:
            raise ValueError(f"rooms import each other: {sorted(set(rooms) - levels.keys())}")
        for room in ready:
            levels[room] = 1 + max((levels[other] for other in below[room]), default=-1)
    stack: list[list[str]] = [[] for _ in range(1 + max(levels.values()))]
    for room in rooms:
        stack[levels[room]].append(room)
    return stack


def shortest(edges: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The arrows without those that a longer way replaces."""
    below = defaultdict(set)
    for room, other in edges:
        below[room].add(other)

    def reach(room: str) -> set[str]:
        rooms = set(below[room])
        for other in below[room]:
            rooms |= reach(other)
        return rooms

    kept = []
    for room, other in sorted(edges):
        if not any(other in reach(middle) for middle in below[room] - {other}):
            kept.append((room, other))
    return kept


def room_facts(package: Path) -> dict[str, tuple[int, str]]:
    """Room → its lines, and what it is: the first line of its docstring."""
    facts = {}
    for path in sorted(package.iterdir()):
        if path.suffix == ".py" and not path.stem.startswith("__"):
            files, main = [path], path
        elif (path / "__init__.py").is_file():
            files, main = sorted(path.rglob("*.py")), path / "__init__.py"
        else:
            continue
        text = ast.get_docstring(ast.parse(main.read_text(encoding="utf-8"))) or ""
        lines = sum(file.read_text(encoding="utf-8").count("\n") for file in files)
        facts[path.stem] = (lines, text.split("\n")[0])
    return facts


def box_size(lines: int) -> tuple[float, float]:
    """Width and height of a box whose area shows the lines."""
    area = AREA_PER_LINE * lines
    height = min(MOST_HEIGHT, max(LEAST_HEIGHT, math.sqrt(area / 3)))
    return max(LEAST_WIDTH, area / height), height


def place(
    stack: list[list[str]], facts: dict[str, tuple[int, str]], edges: list[tuple[str, str]]
) -> dict[str, tuple[float, float, float, float]]:
    """Boxes (x, y, width, height) of the rooms, each about below those that import from it."""
    boxes: dict[str, tuple[float, float, float, float]] = {}
    for level in reversed(range(len(stack))):
        sizes = {room: box_size(facts[room][0]) for room in stack[level]}
        importers = {room: [one for one, other in edges if other == room] for room in stack[level]}
        rooms = sorted(stack[level], key=lambda room: _mean_middle(importers[room], boxes))
        total = sum(width for width, _ in sizes.values()) + GAP * (len(rooms) - 1)
        x = (WIDTH - total) / 2
        foot = (len(stack) - level) * FLOOR - 20
        for room in rooms:
            width, tall = sizes[room]
            boxes[room] = (x, foot - tall, width, tall)
            x += width + GAP
    return boxes


def _mean_middle(rooms: list[str], boxes: dict[str, tuple[float, float, float, float]]) -> float:
    middles = [boxes[room][0] + boxes[room][2] / 2 for room in rooms if room in boxes]
    if not middles:
        return WIDTH / 2
    return sum(middles) / len(middles)


def draw(package: Path = PACKAGE) -> str:
    """The picture as SVG."""
    facts = room_facts(package)
    edges = arrows(read_package(package))
    stack = floors(edges, list(facts))
    height = FLOOR * len(stack)
    boxes = place(stack, facts, shortest(edges))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        ' font-family="sans-serif" font-size="13" role="img"'
        ' aria-label="The rooms of HarMA; arrows point to what is imported, always downwards">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto">'
        f'<path d="M0,0 L8,4 L0,8 z" fill="{ARROW}"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    parts += [_arrow(boxes[room], boxes[other]) for room, other in shortest(edges)]
    parts += [_box(room, boxes[room], facts[room]) for room in boxes]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _arrow(upper: tuple[float, ...], lower: tuple[float, ...]) -> str:
    """A curve from the foot of one box to the top of another."""
    x1 = upper[0] + upper[2] / 2
    y1 = upper[1] + upper[3]
    x2 = lower[0] + lower[2] / 2
    y2 = lower[1] - 2
    bend = (y2 - y1) / 2
    return (
        f'<path d="M{x1:.0f},{y1:.0f} C{x1:.0f},{y1 + bend:.0f} {x2:.0f},{y2 - bend:.0f}'
        f' {x2:.0f},{y2:.0f}" fill="none" stroke="{ARROW}" stroke-width="1.2" opacity="0.75"'
        ' marker-end="url(#tip)"/>'
    )


def _box(room: str, box: tuple[float, ...], facts: tuple[int, str]) -> str:
    x, y, width, height = box
    lines, what = facts
    middle = x + width / 2
    return (
        f"<g><title>{escape(what)}</title>"
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="3"'
        f' fill="{PAPER}" stroke="{WALL}"/>'
        f'<text x="{middle:.0f}" y="{y + height / 2 - 2:.0f}" text-anchor="middle" fill="{INK}"'
        f' font-weight="bold">{escape(room)}</text>'
        f'<text x="{middle:.0f}" y="{y + height / 2 + 12:.0f}" text-anchor="middle" fill="{SOFT}"'
        f' font-size="10">{lines:,} lines</text></g>'
    )


def main() -> None:
    """Write the picture."""
    package = Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE
    file = Path(sys.argv[2]) if len(sys.argv) > 2 else PICTURE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(draw(package), encoding="utf-8")


if __name__ == "__main__":
    main()
