"""Drawing a landscape: ground, lines with their bridge, coast, objects, then light."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harma.data.synthetic.canvas import Canvas, Point, rectangle
from harma.data.synthetic.drawing import OVERSAMPLING, draw_group, lit, seen, smooth_noise
from harma.data.synthetic.landscape import Course, Landscape
from harma.data.synthetic.looks import Look
from harma.data.synthetic.materials import MATERIAL_INDEX
from harma.data.synthetic.terrain import draw_fields

# Bands of a line from below to above: width in cells, material.
BANDS: dict[str, tuple[tuple[float, str], ...]] = {
    "river": ((0.13, "soil"), (0.105, "water")),
    "coast": ((0.09, "sand"),),
    "railway": ((0.05, "ballast"),),
    "road": ((0.075, "concrete"), (0.06, "asphalt")),
    "runway": ((0.14, "concrete"), (0.12, "asphalt")),
}
# Lines beside the middle: distance and width in cells, material.
STRIPES: dict[str, tuple[float, float, str]] = {
    "railway": (0.011, 0.009, "steel"),
    "runway": (0.05, 0.008, "paint"),
}
# Dashes along the middle: length and width in cells.
DASHES = {"road": (0.05, 0.008), "runway": (0.07, 0.014)}
# Where noise is above this, ground is of another kind than fields.
MORE = 0.55
# A bridge reaches so far beyond the middle of the river, cells.
BRIDGE = 0.11


def draw_landscape(
    landscape: Landscape, look: Look, cell_size: int, *, is_later: bool
) -> NDArray[np.uint8]:
    """Draw a landscape as a picture (size, size, 3).

    Args:
        landscape: what is there.
        look: sensor, season, sun and air.
        cell_size: height and width of a cell, pixels.
        is_later: also what was built in between.
    """
    canvas = Canvas(landscape.cells * cell_size * OVERSAMPLING, look.sun)
    canvas.cover(_ground(landscape, canvas.size))
    for course in landscape.courses:
        _draw_course(canvas, landscape, course)
    for number, plot in enumerate(landscape.plots):
        if is_later or not plot.is_new:
            x, y = plot.corner
            cell = canvas.part((x / landscape.cells, y / landscape.cells), 1 / landscape.cells)
            draw_group(cell, plot.group, _numbers(landscape, "plot", number))
    # The same ground both times, seen by a sensor whose noise is never the same.
    reflectance = lit(canvas, look, _numbers(landscape, "texture"))
    return seen(reflectance, look, _numbers(landscape, "sensor", int(is_later)))


def _numbers(landscape: Landscape, part: str, number: int = 0) -> np.random.Generator:
    """Random numbers of a part: what is added to one leaves the others as they were."""
    return np.random.default_rng((landscape.seed, number, *part.encode()))


def _ground(landscape: Landscape, size: int) -> NDArray[np.uint8]:
    """Fields, between them meadows, woods and a little bare land."""
    rng = _numbers(landscape, "ground")
    labels = draw_fields(size, rng, cells=landscape.cells)
    grain = round(1.3 * size / landscape.cells)
    for material, least in (("grass", MORE), ("soil", 2 * MORE), ("forest", MORE)):
        labels[smooth_noise(rng, size, grain) > least] = MATERIAL_INDEX[material]
    return labels


def _draw_course(canvas: Canvas, landscape: Landscape, course: Course) -> None:
    cells = landscape.cells
    points = _scaled(course.points, cells)
    if course.kind == "coast":
        canvas.area([*points, (-0.1, 1.1), (-0.1, -0.1)], "water")
    for width, material in BANDS[course.kind]:
        canvas.path(points, width / cells, material)
    if course.kind == "road":
        _draw_bridge(canvas, landscape, course)
    if course.kind in STRIPES:
        distance, width, material = STRIPES[course.kind]
        for side in (-distance, distance):
            beside = _scaled(_beside(course.points, side), cells)
            canvas.path(beside, width / cells, material)
    if course.kind in DASHES:
        length, width = DASHES[course.kind]
        for (x, y), angle in zip(points[::2], _angles(course.points)[::2], strict=True):
            canvas.area(rectangle((x, y), length / cells, width / cells, angle), "paint")


def _draw_bridge(canvas: Canvas, landscape: Landscape, road: Course) -> None:
    """Where the road crosses the river."""
    for river in landscape.courses:
        if river.kind != "river":
            continue
        middle = np.array(river.points)
        near = [
            point for point in road.points if np.hypot(*(middle - np.array(point)).T).min() < BRIDGE
        ]
        deck = _scaled(near, landscape.cells)
        for width, material in ((0.1, "concrete"), (0.06, "asphalt")):
            canvas.path(deck, width / landscape.cells, material)


def _scaled(points: Sequence[Point], cells: int) -> list[Point]:
    """Cells as coordinates of a canvas."""
    return [(x / cells, y / cells) for x, y in points]


def _angles(points: Sequence[Point]) -> list[float]:
    """The direction of a line at each of its points."""
    steps = np.gradient(np.array(points), axis=0)
    return [float(angle) for angle in np.arctan2(steps[:, 1], steps[:, 0])]


def _beside(points: Sequence[Point], distance: float) -> list[Point]:
    """A line moved sideways."""
    moved: list[Point] = []
    for (x, y), angle in zip(points, _angles(points), strict=True):
        moved.append((x - distance * float(np.sin(angle)), y + distance * float(np.cos(angle))))
    return moved
