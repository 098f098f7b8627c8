"""What is in a synthetic landscape: lines that cross it, a coast, villages, works, farms, airfield.

A landscape is a square of cells, each as large as a scene (`harma.data.synthetic.scenes`), so that
its chips look like the pictures that a model was trained on. What was built in between tells its
later picture from the earlier one. Distances are in cells, right and down.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.data.synthetic.canvas import Point
from harma.data.synthetic.scenes import OBJECT_KINDS, QUARTERS, SINGLE, Group

# Kind → how often it comes, in each part of a landscape.
PARTS: dict[str, dict[str, float]] = {
    "village": {"house": 6, "swimming pool": 1.5, "tennis court": 1.2, "tree": 1, "pond": 0.3},
    "estate": {"house": 1},
    "works": {"storage tank": 5, "solar panel": 1, "house": 0.7},
    "solar park": {"solar panel": 1},
    "airfield": {"aeroplane": 1},
    "country": {"greenhouse": 1, "tree": 2, "pond": 1, "house": 1, "baseball field": 0.4},
    "sea": {"ship": 1},
}
# How many of the places in each part are taken.
SHARES = {
    "village": 0.85,
    "estate": 0.95,
    "works": 0.8,
    "solar park": 0.95,
    "airfield": 0.7,
    "country": 0.24,
    "sea": 0.22,
}
# Parts that were built between the two pictures, and how much of the others was.
NEW_PARTS = ("estate", "solar park")
NEW_SHARE = 0.08
# How far a part reaches from its middle.
REACH = 1.1
# How far from the middle of a line something may stand.
CLEARANCES = {"river": 0.28, "road": 0.25, "railway": 0.24, "runway": 0.3, "coast": 0.35}
COAST_AT = 2.2
POINTS_PER_CELL = 12
# The fewest cells in which all parts have room.
LEAST_CELLS = 6


@dataclass(frozen=True)
class Course:
    """A line across a landscape.

    Attributes:
        kind: river, road, railway, runway or coast, which has the sea on its left.
        points: of its middle.
    """

    kind: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Plot:
    """Objects in a quarter of a cell.

    Attributes:
        group: what stands there.
        corner: upper left of the cell; a little off the grid.
        is_new: it is not there yet in the earlier picture.
    """

    group: Group
    corner: Point
    is_new: bool


@dataclass(frozen=True)
class Landscape:
    """What is there.

    Attributes:
        cells: in a row and in a column.
        courses: lines, in the order in which they are drawn.
        plots: objects.
        seed: of everything that has no word.
    """

    cells: int
    courses: tuple[Course, ...]
    plots: tuple[Plot, ...]
    seed: int


def make_landscape(seed: int, *, cells: int = 8, coast: bool = True) -> Landscape:
    """Decide what is in a landscape; the same arguments give the same one.

    Args:
        seed: decides.
        cells: in a row and in a column, `LEAST_CELLS` or more.
        coast: whether the west is sea.
    """
    rng = np.random.default_rng(seed)
    courses = _courses(rng, cells, coast)
    middles = _middles(rng, cells)
    plots: list[Plot] = []
    for row in range(cells):
        for column in range(cells):
            for quarter in QUARTERS:
                plots += _plot(rng, (column, row), quarter, courses, middles)
    return Landscape(cells, tuple(courses), tuple(plots), seed)


# -- lines ----------------------------------------------------------------------------------------


def _courses(rng: np.random.Generator, cells: int, coast: bool) -> list[Course]:
    """A river from the east, a road and a railway from the north; a runway; a coast before all."""
    river = _wave(rng, cells, at=0.45 * cells, bend=0.5)
    road = _wave(rng, cells, at=0.62 * cells, bend=0.12)
    railway = _wave(rng, cells, at=0.8 * cells, bend=0.06)
    runway = _straight(cells - 2.9, cells - 0.2, at=cells - 0.75)
    courses = [
        Course("river", _across(river)),
        Course("railway", _down(railway)),
        Course("road", _down(road)),
        Course("runway", _across(runway)),
    ]
    if coast:
        # Drawn after the river, which ends in the sea.
        courses.insert(1, Course("coast", _down(_wave(rng, cells, at=COAST_AT, bend=0.35))))
    return courses


def _wave(rng: np.random.Generator, cells: int, *, at: float, bend: float) -> NDArray[np.float64]:
    """Places along a landscape, and how far aside a line is there: (points, 2)."""
    along = np.linspace(-0.2, cells + 0.2, round(POINTS_PER_CELL * (cells + 0.4)))
    aside = np.full_like(along, at + rng.uniform(-0.1, 0.1))
    # Two waves: one alone would look drawn with a ruler.
    for length, share in ((0.8 * cells, 1.0), (0.3 * cells, 0.3)):
        turn = rng.uniform(0, 2 * np.pi)
        aside += share * bend * np.sin(2 * np.pi * along / length + turn)
    return np.stack([along, aside], axis=1)


def _straight(first: float, last: float, *, at: float) -> NDArray[np.float64]:
    along = np.linspace(first, last, round(POINTS_PER_CELL * (last - first)))
    return np.stack([along, np.full_like(along, at)], axis=1)


def _across(places: NDArray[np.float64]) -> tuple[Point, ...]:
    """A line from west to east."""
    return tuple((float(along), float(aside)) for along, aside in places)


def _down(places: NDArray[np.float64]) -> tuple[Point, ...]:
    """A line from north to south."""
    return tuple((float(aside), float(along)) for along, aside in places)


# -- objects --------------------------------------------------------------------------------------


def _middles(rng: np.random.Generator, cells: int) -> dict[str, list[Point]]:
    """Where the parts of a landscape have their middles; the first that is near decides."""
    places: dict[str, list[Point]] = {
        "airfield": [(cells - 2.1, cells - 0.9), (cells - 0.9, cells - 0.9)],
        "village": [(0.62 * cells, 0.22 * cells), (0.5 * cells, 0.8 * cells)],
        "works": [(0.42 * cells, 0.5 * cells)],
        "estate": [(0.82 * cells, 0.2 * cells)],
        "solar park": [(0.72 * cells, 0.6 * cells)],
    }
    jitter = rng.uniform(-0.15, 0.15, 2)
    moved: dict[str, list[Point]] = {}
    for part, points in places.items():
        moved[part] = [(x + float(jitter[0]), y + float(jitter[1])) for x, y in points]
    return moved


def _plot(
    rng: np.random.Generator,
    cell: tuple[int, int],
    quarter: str,
    courses: Sequence[Course],
    middles: dict[str, list[Point]],
) -> list[Plot]:
    """What stands in a quarter: one plot, or none."""
    shift = rng.uniform(-0.06, 0.06, 2)
    corner = (cell[0] + float(shift[0]), cell[1] + float(shift[1]))
    x = corner[0] + (0.75 if "east" in quarter else 0.25)
    y = corner[1] + (0.75 if "south" in quarter else 0.25)
    part = _part((x, y), courses, middles)
    is_taken = rng.random() < SHARES[part]
    is_new = part in NEW_PARTS or bool(rng.random() < NEW_SHARE)
    group = _group(rng, part, quarter)
    if not is_taken or not _is_free((x, y), courses):
        return []
    return [Plot(group, corner, is_new)]


def _part(place: Point, courses: Sequence[Course], middles: dict[str, list[Point]]) -> str:
    """Which part of the landscape a place belongs to."""
    for course in courses:
        if course.kind == "coast" and place[0] < _at_height(course, place[1]):
            return "sea"
    for part, points in middles.items():
        if min(np.hypot(place[0] - x, place[1] - y) for x, y in points) < REACH:
            return part
    return "country"


def _at_height(coast: Course, y: float) -> float:
    """How far from the west a coast is."""
    xs, ys = np.array(coast.points).T
    return float(np.interp(y, ys, xs))


def _is_free(place: Point, courses: Sequence[Course]) -> bool:
    """Whether a place is away from all lines."""
    for course in courses:
        distances = np.hypot(*(np.array(course.points) - place).T)
        if distances.min() < CLEARANCES[course.kind]:
            return False
    return True


def _group(rng: np.random.Generator, part: str, quarter: str) -> Group:
    """Like objects, of a kind that comes in this part."""
    kinds = PARTS[part]
    shares = np.array(list(kinds.values()))
    kind = str(rng.choice(list(kinds), p=shares / shares.sum()))
    count = int(rng.integers(1, 5))
    color = str(rng.choice(OBJECT_KINDS[kind] or ("",)))
    if part == "estate":
        # Built at once, by one builder.
        color = "red"
        count = 4
    if kind in SINGLE:
        count = 1
    return Group(kind, count, color, quarter)
