"""Terrain: ground, and the line or coast across it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from harma.data.synthetic.canvas import Canvas, Point, rectangle
from harma.data.synthetic.materials import MATERIAL_INDEX
from harma.data.synthetic.scenes import DrawnScene

PLAIN = {"grassland": "grass", "forest": "forest", "bare land": "soil", "sand": "sand"}
CROPS = ("wheat", "maize", "ploughed", "grass")
# Lines begin and end outside the picture.
BEFORE = -0.1
BEYOND = 1.1


def draw_ground(canvas: Canvas, scene: DrawnScene, rng: np.random.Generator) -> None:
    """Fill the square."""
    if scene.ground == "farmland":
        canvas.cover(draw_fields(canvas.size, rng))
    else:
        material = MATERIAL_INDEX[PLAIN[scene.ground]]
        canvas.cover(np.full((canvas.size, canvas.size), material, dtype=np.uint8))


def draw_fields(size: int, rng: np.random.Generator, *, cells: int = 1) -> NDArray[np.uint8]:
    """Strips of fields, each strip cut at places of its own; neighbours bear different crops.

    Args:
        size: of the square, pixels.
        rng: of all that has no word.
        cells: scenes that would stand in a row of it.
    """
    angle = rng.uniform(0, np.pi)
    y, x = (np.mgrid[0:size, 0:size] / size - 0.5) * cells
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    strip = np.floor((across + cells) / rng.uniform(0.16, 0.24)).astype(int)
    length = rng.uniform(0.35, 0.6)
    shift = rng.uniform(0, 1, strip.max() + 1)[strip]
    piece = np.floor((along + cells) / length + shift).astype(int)
    # Two steps from piece to piece, one from strip to strip: neighbours never have the same.
    crop = (strip + 2 * piece + rng.integers(4)) % len(CROPS)
    crops = np.array([MATERIAL_INDEX[name] for name in CROPS], dtype=np.uint8)
    labels: NDArray[np.uint8] = crops[crop]
    return labels


def draw_line(canvas: Canvas, scene: DrawnScene, rng: np.random.Generator) -> None:
    """Draw the river, road, railway, runway or coast, if there is one."""
    if scene.line:
        LINE_DRAWERS[scene.line](canvas, scene, rng)


def _draw_river(canvas: Canvas, scene: DrawnScene, rng: np.random.Generator) -> None:
    width = rng.uniform(0.07, 0.12)
    course = _course(scene, rng, bend=0.03)
    # Banks that can be told from the ground.
    bank = "sand" if scene.ground == "bare land" else "soil"
    canvas.path(course, width + 0.025, bank)
    canvas.path(course, width, "water")


def _draw_road(canvas: Canvas, scene: DrawnScene, rng: np.random.Generator) -> None:
    course = _course(scene, rng, bend=0.012)
    canvas.path(course, 0.075, "concrete")
    canvas.path(course, 0.06, "asphalt")
    _dashes(canvas, scene, course, 0.05, 0.008)


def _draw_railway(canvas: Canvas, scene: DrawnScene, rng: np.random.Generator) -> None:
    course = _course(scene, rng, bend=0.012)
    canvas.path(course, 0.05, "ballast")
    for side in (-0.011, 0.011):
        canvas.path(_beside(scene, course, side), 0.009, "steel")


def _draw_runway(canvas: Canvas, scene: DrawnScene, rng: np.random.Generator) -> None:
    course = _course(scene, rng, bend=0.0)
    canvas.path(course, 0.14, "concrete")
    canvas.path(course, 0.12, "asphalt")
    _dashes(canvas, scene, course, 0.07, 0.014)
    for side in (-0.05, 0.05):
        canvas.path(_beside(scene, course, side), 0.008, "paint")


def draw_bridge(canvas: Canvas, scene: DrawnScene, rng: np.random.Generator) -> None:
    """A road that crosses the river at a right angle, on a bridge."""
    place = float(0.5 + rng.uniform(-0.03, 0.03))
    canvas.path([_point(scene, place, BEFORE), _point(scene, place, BEYOND)], 0.05, "asphalt")
    corners = ((-0.04, 0.4), (0.04, 0.4), (0.04, 0.6), (-0.04, 0.6))
    deck = [_point(scene, place + side, end) for side, end in corners]
    canvas.shadow(deck, 0.03)
    canvas.area(deck, "concrete")
    canvas.path([_point(scene, place, 0.4), _point(scene, place, 0.6)], 0.05, "asphalt")


def _draw_coast(canvas: Canvas, scene: DrawnScene, rng: np.random.Generator) -> None:
    """Sea on one side, a beach along it."""
    course = _course(scene, rng, bend=0.025)
    far = BEYOND if scene.sea in ("east", "south") else BEFORE
    sea = [*course, _point(scene, BEYOND, far), _point(scene, BEFORE, far)]
    # A beach of sand would not be seen on sand.
    beach = "concrete" if scene.ground == "sand" else "sand"
    canvas.path(course, 0.07, beach)
    canvas.area(sea, "water")


LINE_DRAWERS: dict[str, Callable[[Canvas, DrawnScene, np.random.Generator], None]] = {
    "river": _draw_river,
    "road": _draw_road,
    "railway": _draw_railway,
    "runway": _draw_runway,
    "coast": _draw_coast,
}


def _point(scene: DrawnScene, along: float, across: float) -> Point:
    """A point by its place along the scene's direction and across it."""
    if scene.direction == "north to south":
        return across, along
    return along, across


def _course(scene: DrawnScene, rng: np.random.Generator, *, bend: float) -> list[Point]:
    """Points along the scene's direction, near its middle."""
    t = np.linspace(BEFORE, BEYOND, 25)
    offset = 0.5 + rng.uniform(-0.015, 0.015)
    wave = bend * np.sin(2 * np.pi * (rng.uniform(0.5, 1.1) * t + rng.uniform(0, 1)))
    return [_point(scene, float(a), float(b)) for a, b in zip(t, offset + wave, strict=True)]


def _beside(scene: DrawnScene, course: list[Point], distance: float) -> list[Point]:
    """The course, moved sideways."""
    if scene.direction == "north to south":
        return [(x + distance, y) for x, y in course]
    return [(x, y + distance) for x, y in course]


def _dashes(
    canvas: Canvas, scene: DrawnScene, course: list[Point], length: float, width: float
) -> None:
    """White dashes in the middle of a road or runway."""
    for x, y in course[::2]:
        if scene.direction == "north to south":
            canvas.area(rectangle((x, y), width, length), "paint")
        else:
            canvas.area(rectangle((x, y), length, width), "paint")
