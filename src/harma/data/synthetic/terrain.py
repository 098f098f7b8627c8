"""Ground, and the line or coast across it."""

import numpy as np
from numpy.typing import NDArray

from harma.data.synthetic.canvas import Canvas, Point, rectangle
from harma.data.synthetic.materials import INDEX
from harma.data.synthetic.scenes import Scene

PLAIN = {"grassland": "grass", "forest": "forest", "bare land": "soil", "sand": "sand"}
CROPS = ("wheat", "maize", "ploughed", "grass")
BEFORE, BEYOND = -0.1, 1.1  # lines begin and end outside the picture


def draw_ground(canvas: Canvas, scene: Scene, rng: np.random.Generator) -> None:
    """Fill the square."""
    if scene.ground == "farmland":
        canvas.cover(_fields(canvas.size, rng))
    else:
        canvas.cover(
            np.full((canvas.size, canvas.size), INDEX[PLAIN[scene.ground]], dtype=np.uint8)
        )


def _fields(size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Strips of fields, each strip cut at places of its own; neighbours bear different crops."""
    angle = rng.uniform(0, np.pi)
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    strip = np.floor((across + 1) / rng.uniform(0.16, 0.24)).astype(int)
    piece = np.floor(
        (along + 1) / rng.uniform(0.35, 0.6) + rng.uniform(0, 1, strip.max() + 1)[strip]
    ).astype(int)
    crop = (strip + 2 * piece + rng.integers(4)) % len(CROPS)
    labels: NDArray[np.uint8] = np.array([INDEX[name] for name in CROPS], dtype=np.uint8)[crop]
    return labels


def draw_line(canvas: Canvas, scene: Scene, rng: np.random.Generator) -> None:
    """Draw the river, road, railway, runway or coast, if there is one."""
    if scene.line == "river":
        width = rng.uniform(0.07, 0.12)
        course = _course(scene, rng, bend=0.03)
        canvas.path(course, width + 0.025, "sand" if scene.ground == "bare land" else "soil")
        canvas.path(course, width, "water")
    elif scene.line == "road":
        course = _course(scene, rng, bend=0.012)
        canvas.path(course, 0.075, "concrete")
        canvas.path(course, 0.06, "asphalt")
        _dashes(canvas, scene, course, 0.05, 0.008)
    elif scene.line == "railway":
        course = _course(scene, rng, bend=0.012)
        canvas.path(course, 0.05, "ballast")
        for side in (-0.011, 0.011):
            canvas.path(_beside(scene, course, side), 0.009, "steel")
    elif scene.line == "runway":
        course = _course(scene, rng, bend=0.0)
        canvas.path(course, 0.14, "concrete")
        canvas.path(course, 0.12, "asphalt")
        _dashes(canvas, scene, course, 0.07, 0.014)
        for side in (-0.05, 0.05):
            canvas.path(_beside(scene, course, side), 0.008, "paint")
    elif scene.line == "coast":
        _draw_coast(canvas, scene, rng)


def draw_bridge(canvas: Canvas, scene: Scene, rng: np.random.Generator) -> None:
    """A road that crosses the river at a right angle, on a bridge."""
    place = float(0.5 + rng.uniform(-0.03, 0.03))
    canvas.path([_point(scene, place, BEFORE), _point(scene, place, BEYOND)], 0.05, "asphalt")
    deck = [
        _point(scene, place + side, end)
        for side, end in ((-0.04, 0.4), (0.04, 0.4), (0.04, 0.6), (-0.04, 0.6))
    ]
    canvas.shadow(deck, 0.03)
    canvas.area(deck, "concrete")
    canvas.path([_point(scene, place, 0.4), _point(scene, place, 0.6)], 0.05, "asphalt")


def _draw_coast(canvas: Canvas, scene: Scene, rng: np.random.Generator) -> None:
    """Sea on one side, a beach along it."""
    course = _course(scene, rng, bend=0.025)
    far = BEYOND if scene.sea in ("east", "south") else BEFORE
    sea = [*course, _point(scene, BEYOND, far), _point(scene, BEFORE, far)]
    canvas.path(course, 0.07, "concrete" if scene.ground == "sand" else "sand")
    canvas.area(sea, "water")


def _point(scene: Scene, along: float, across: float) -> Point:
    """A point by its place along the scene's direction and across it."""
    return (across, along) if scene.direction == "north to south" else (along, across)


def _course(scene: Scene, rng: np.random.Generator, *, bend: float) -> list[Point]:
    """Points along the scene's direction, near its middle."""
    t = np.linspace(BEFORE, BEYOND, 25)
    offset = 0.5 + rng.uniform(-0.015, 0.015)
    wave = bend * np.sin(2 * np.pi * (rng.uniform(0.5, 1.1) * t + rng.uniform(0, 1)))
    return [_point(scene, float(a), float(b)) for a, b in zip(t, offset + wave, strict=True)]


def _beside(scene: Scene, course: list[Point], distance: float) -> list[Point]:
    """The course, moved sideways."""
    vertical = scene.direction == "north to south"
    return [(x + distance, y) if vertical else (x, y + distance) for x, y in course]


def _dashes(canvas: Canvas, scene: Scene, course: list[Point], length: float, width: float) -> None:
    """White dashes in the middle of a road or runway."""
    for x, y in course[::2]:
        if scene.direction == "north to south":
            canvas.area(rectangle((x, y), width, length), "paint")
        else:
            canvas.area(rectangle((x, y), length, width), "paint")
