"""The map a scene is drawn on: which material is where, and what lies in shadow."""

from collections.abc import Iterable, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from harma.data.synthetic.materials import MATERIAL_INDEX

Point = tuple[float, float]
FULL_SHADE = 255


class Canvas:
    """A square of materials. Coordinates are 0 to 1, right and down.

    Args:
        size: height and width, pixels.
        sun: where shadows fall, (right, down), in multiples of an object's height.
    """

    def __init__(self, size: int, sun: Point) -> None:
        self.size = size
        self.sun = sun
        self._corner: Point = (0.0, 0.0)
        # Two maps drawn side by side: what is there, and how much light it lacks.
        self._labels = Image.new("L", (size, size))
        self._shade = Image.new("L", (size, size))
        self._draw_label = ImageDraw.Draw(self._labels)
        self._draw_shade = ImageDraw.Draw(self._shade)

    def part(self, corner: Point, side: float) -> "Canvas":
        """A square of this canvas as one of its own; what is drawn there is drawn here.

        Args:
            corner: its upper left, in coordinates of this canvas.
            side: of it.
        """
        part = copy(self)
        part.size = round(self.size * side)
        part._corner = self._pixels([corner])[0]
        return part

    def cover(self, labels: NDArray[np.uint8]) -> None:
        """Lay a map of materials (size, size) over everything."""
        self._labels.paste(Image.fromarray(labels))

    def area(self, points: Iterable[Point], material: str, *, shade: float = 0.0) -> None:
        """A flat area: it takes the place of what was there, shadow included.

        Args:
            points: corners.
            material: of `MATERIALS`.
            shade: how much light it lacks, 0 to 1.
        """
        corners = self._pixels(points)
        self._draw_label.polygon(corners, fill=MATERIAL_INDEX[material])
        # What stands there lies over the shadow of others.
        self._draw_shade.polygon(corners, fill=round(FULL_SHADE * shade))

    def shadow(self, points: Sequence[Point], height: float) -> None:
        """The shadow of something that stands on these points; drawn before the thing itself."""
        right, down = self.sun
        # The outline again and again along the shadow, close enough to leave no gaps.
        steps = max(1, int(height * self.size / 2))
        for step in range(1, steps + 1):
            length = height * step / steps
            outline = self._pixels((x + length * right, y + length * down) for x, y in points)
            self._draw_shade.polygon(outline, fill=FULL_SHADE)

    def path(self, points: Sequence[Point], width: float, material: str) -> None:
        """A band along points, such as a road."""
        pixels = max(1, round(width * self.size))
        self._draw_label.line(
            self._pixels(points), fill=MATERIAL_INDEX[material], width=pixels, joint="curve"
        )

    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Of each pixel the number of its material, and the share of light it lacks.

        Both (size, size).
        """
        labels = np.asarray(self._labels, dtype=np.uint8)
        shade = np.asarray(self._shade, dtype=np.float32) / np.float32(FULL_SHADE)
        return labels, shade

    def _pixels(self, points: Iterable[Point]) -> list[Point]:
        left, upper = self._corner
        return [(left + x * self.size, upper + y * self.size) for x, y in points]


def rectangle(middle: Point, width: float, height: float, angle: float = 0.0) -> list[Point]:
    """Corners of a turned rectangle."""
    corners = [
        (-width / 2, -height / 2),
        (width / 2, -height / 2),
        (width / 2, height / 2),
        (-width / 2, height / 2),
    ]
    return _turned(middle, corners, angle)


def ellipse(middle: Point, width: float, height: float, angle: float = 0.0) -> list[Point]:
    """Points around a turned ellipse."""
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x = width / 2 * np.cos(turns)
    y = height / 2 * np.sin(turns)
    return _turned(middle, zip(x, y, strict=True), angle)


def _turned(middle: Point, offsets: Iterable[Point], angle: float) -> list[Point]:
    """Points at offsets from a middle, turned about it."""
    cos, sin = np.cos(angle), np.sin(angle)
    points = []
    for x, y in offsets:
        turned_x = middle[0] + x * cos - y * sin
        turned_y = middle[1] + x * sin + y * cos
        points.append((float(turned_x), float(turned_y)))
    return points


def moved(middle: Point, along: float, across: float, angle: float) -> Point:
    """A point at a distance along and across a direction."""
    cos = float(np.cos(angle))
    sin = float(np.sin(angle))
    return middle[0] + along * cos - across * sin, middle[1] + along * sin + across * cos
