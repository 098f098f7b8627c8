"""Objects: a function for each kind, drawn around a point."""

from collections.abc import Callable

import numpy as np

from harma.data.synthetic.canvas import Canvas, Point, ellipse, moved, rectangle

Drawer = Callable[[Canvas, Point, float, str, np.random.Generator], None]


def _house(canvas: Canvas, at: Point, angle: float, color: str, rng: np.random.Generator) -> None:
    length = rng.uniform(0.11, 0.14)
    width = rng.uniform(0.075, 0.095)
    walls = rectangle(at, length, width, angle)
    canvas.shadow(walls, 0.045)
    canvas.area(walls, color)
    # The side of the roof that looks away from the sun.
    canvas.area(
        rectangle(moved(at, 0, width / 4, angle), length, width / 2, angle), color, shade=0.4
    )


def _tank(canvas: Canvas, at: Point, angle: float, color: str, rng: np.random.Generator) -> None:
    diameter = rng.uniform(0.11, 0.14)
    wall = ellipse(at, diameter, diameter)
    canvas.shadow(wall, 0.05)
    canvas.area(wall, color)
    canvas.area(ellipse(at, diameter * 0.8, diameter * 0.8), color, shade=0.25)
    canvas.area(ellipse(at, diameter * 0.7, diameter * 0.7), color)


def _tennis_court(
    canvas: Canvas, at: Point, angle: float, color: str, rng: np.random.Generator
) -> None:
    canvas.area(rectangle(at, 0.16, 0.095, angle), "clay" if color == "red" else color)
    for along in (-0.055, 0.0, 0.055):
        canvas.area(rectangle(moved(at, along, 0, angle), 0.008, 0.065, angle), "paint")
    for across in (-0.03, 0.03):
        canvas.area(rectangle(moved(at, 0, across, angle), 0.118, 0.008, angle), "paint")


def _pool(canvas: Canvas, at: Point, angle: float, color: str, rng: np.random.Generator) -> None:
    canvas.area(rectangle(at, 0.135, 0.09, angle), "concrete")
    canvas.area(rectangle(at, 0.105, 0.06, angle), "pool")


def _greenhouse(
    canvas: Canvas, at: Point, angle: float, color: str, rng: np.random.Generator
) -> None:
    canvas.shadow(rectangle(at, 0.16, 0.1, angle), 0.02)
    for across in (-0.035, 0.0, 0.035):
        canvas.area(rectangle(moved(at, 0, across, angle), 0.16, 0.026, angle), "glass")


def _tree(canvas: Canvas, at: Point, angle: float, color: str, rng: np.random.Generator) -> None:
    diameter = rng.uniform(0.08, 0.12)
    crown = ellipse(at, diameter, diameter)
    canvas.shadow(crown, 0.055)
    canvas.area(crown, "tree")
    canvas.area(
        ellipse(moved(at, 0.012, 0.012, 0), diameter * 0.55, diameter * 0.55), "tree", shade=0.35
    )


def _pond(canvas: Canvas, at: Point, angle: float, color: str, rng: np.random.Generator) -> None:
    canvas.area(ellipse(at, 0.30, 0.22, angle), "soil")
    canvas.area(ellipse(at, 0.27, 0.19, angle), "water")
    canvas.area(ellipse(moved(at, 0.06, 0.03, angle), 0.14, 0.12, angle), "water")


def _solar_panel(
    canvas: Canvas, at: Point, angle: float, color: str, rng: np.random.Generator
) -> None:
    canvas.area(rectangle(at, 0.155, 0.115, angle), "grey")
    for across in (-0.038, 0.0, 0.038):
        canvas.area(rectangle(moved(at, 0, across, angle), 0.145, 0.026, angle), "panel")


def _baseball_field(
    canvas: Canvas, at: Point, angle: float, color: str, rng: np.random.Generator
) -> None:
    home = moved(at, -0.15, 0, angle)
    # Outfield, then infield.
    for radius, material in ((0.31, "maize"), (0.16, "clay")):
        canvas.area(_quarter_circle(home, radius, angle), material)
    canvas.area(rectangle(moved(at, -0.06, 0, angle), 0.05, 0.05, angle + np.pi / 4), "maize")


def _quarter_circle(corner: Point, radius: float, angle: float) -> list[Point]:
    """A slice of a circle around a corner, that opens in a direction."""
    points = [corner]
    for turn in angle + np.linspace(-np.pi / 4, np.pi / 4, 12):
        x = corner[0] + radius * float(np.cos(turn))
        y = corner[1] + radius * float(np.sin(turn))
        points.append((x, y))
    return points


def _aeroplane(
    canvas: Canvas, at: Point, angle: float, color: str, rng: np.random.Generator
) -> None:
    turn = angle + np.pi / 4
    body = rectangle(at, 0.17, 0.024, turn)
    outline = (
        (0.03, 0),
        (-0.03, 0.085),
        (-0.05, 0.085),
        (-0.012, 0),
        (-0.05, -0.085),
        (-0.03, -0.085),
    )
    wings = [moved(at, along, across, turn) for along, across in outline]
    tail = rectangle(moved(at, -0.075, 0, turn), 0.018, 0.07, turn)
    canvas.area(rectangle(at, 0.19, 0.19, angle), "concrete")
    # All shadows first: no part lies in that of another.
    for part in (body, wings, tail):
        canvas.shadow(part, 0.02)
    for part in (body, wings, tail):
        canvas.area(part, color)


def _ship(canvas: Canvas, at: Point, angle: float, color: str, rng: np.random.Generator) -> None:
    turn = angle + float(rng.uniform(-0.4, 0.4))
    outline = ((-0.08, -0.027), (0.045, -0.027), (0.085, 0), (0.045, 0.027), (-0.08, 0.027))
    hull = [moved(at, along, across, turn) for along, across in outline]
    # Its wake.
    canvas.area(
        [moved(at, -0.08, 0, turn), moved(at, -0.13, 0.03, turn), moved(at, -0.13, -0.03, turn)],
        "glass",
        shade=0.4,
    )
    canvas.area(hull, color)
    canvas.area(rectangle(moved(at, -0.045, 0, turn), 0.035, 0.035, turn), "grey")


# Kind → how it is drawn around a point, in a direction, in a colour.
DRAWERS: dict[str, Drawer] = {
    "house": _house,
    "storage tank": _tank,
    "tennis court": _tennis_court,
    "swimming pool": _pool,
    "greenhouse": _greenhouse,
    "tree": _tree,
    "pond": _pond,
    "solar panel": _solar_panel,
    "baseball field": _baseball_field,
    "aeroplane": _aeroplane,
    "ship": _ship,
}
