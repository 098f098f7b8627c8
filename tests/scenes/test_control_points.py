"""Ground control points: affine, polynomial, thin-plate spline."""

import numpy as np
import pytest
import rasterio.transform
from rasterio.control import GroundControlPoint as Point

from harma.errors import DataError
from harma.scenes.control_points import fit_points, fitted_affine, unwrapped
from harma.scenes.mapping import AffineMapping


def lattice(function, size=1000, count=6):
    """Points over a square picture, at function(column, row)."""
    places = np.linspace(0, size, count)
    return [Point(float(row), float(col), *function(col, row)) for row in places for col in places]


def tilted(column, row):
    return 5 + 1e-4 * column + 2e-5 * row, 50 + 3e-5 * column - 1e-4 * row


def bent(column, row, amount=0.02):
    x, y = tilted(column, row)
    return x + amount * np.sin(row / 300), y + amount * (column / 1000) ** 2


def wavy(column, row):
    x, y = tilted(column, row)
    return x + 0.003 * np.sin(row / 120), y + 0.003 * np.sin(column / 150)


def worst(mapping, function, size=1000):
    """Largest distance (pixels) between a mapping and the function, where no points lie."""
    rng = np.random.default_rng(1)
    columns, rows = rng.uniform(0.1 * size, 0.9 * size, (2, 200))
    xs, ys = function(columns, rows)
    found = mapping.pixels(xs, ys)
    return np.hypot(found.first - columns, found.second - rows).max()


def test_points_of_a_plane_give_an_affine_transform():
    fit = fit_points(lattice(tilted))
    assert fit.said == "36 ground control points, affine, 0.0 pixels"
    assert isinstance(fit.mapping, AffineMapping)
    expected = rasterio.transform.from_gcps(lattice(tilted))
    assert fit.mapping.transform.almost_equals(expected)
    assert worst(fit.mapping, tilted) < 1e-3


@pytest.mark.parametrize("amount", [0.005, 0.01, 0.03])
def test_points_of_a_swath_are_bent(amount):
    fit = fit_points(lattice(lambda c, r: bent(c, r, amount), count=12))
    kind, error = fit.said.split(", ")[1:]
    assert kind in ("polynomial", "thin-plate spline")
    found = worst(fit.mapping, lambda c, r: bent(c, r, amount))
    # As bad as an affine transform by less than a twentieth, and not worse than is said.
    affine = AffineMapping(fitted_affine(lattice(lambda c, r: bent(c, r, amount))))
    assert found < worst(affine, lambda c, r: bent(c, r, amount)) / 20
    assert found < 4 * float(error.split()[0]) + 0.2


def test_a_surface_of_the_second_order_is_a_polynomial():
    def square(column, row):
        x, y = tilted(column, row)
        return x + 1e-8 * row**2, y + 2e-8 * column * row

    fit = fit_points(lattice(square))
    assert fit.said.startswith("36 ground control points, polynomial, ")
    error = float(fit.said.split(", ")[2].split()[0])
    assert error < 4
    assert worst(fit.mapping, square) < 3 * error


def test_waves_are_a_thin_plate_spline():
    fit = fit_points(lattice(wavy, count=16))
    assert fit.said.startswith("256 ground control points, thin-plate spline, ")
    assert worst(fit.mapping, wavy) < 3


def test_points_set_by_hand_keep_the_simple_kind_and_their_error_is_said():
    rng = np.random.default_rng(0)
    points = [
        Point(p.row + rng.normal(0, 5), p.col + rng.normal(0, 5), p.x, p.y)
        for p in lattice(tilted, count=4)
    ]
    said = fit_points(points).said
    assert said.startswith("16 ground control points, affine, ")
    # Two coordinates of five pixels each.
    assert 4 < float(said.split(", ")[2].split()[0]) < 9


def test_thousands_of_points_are_thinned_out():
    fit = fit_points(lattice(wavy, count=50))
    assert fit.said.startswith("2,500 ground control points, thin-plate spline, ")
    assert worst(fit.mapping, wavy) < 3


def test_few_points_that_do_not_fit_stay_affine():
    points = [*lattice(tilted, count=2), Point(500, 500, 5.2, 50.0)]
    assert fit_points(points).said.startswith("5 ground control points, affine, ")
    assert not fit_points(points).said.endswith(" 0.0 pixels")


@pytest.mark.parametrize(
    "points",
    [
        [Point(0, 0, 3.0, 50.0)],
        [Point(0, 0, 3.0, 50.0), Point(0, 9, 4.0, 49.0)],
        [Point(0, i, 3.0 + i, 50.0) for i in range(3)],
        [Point(i, i, 3.0 + i, 50.0 - i) for i in range(5)],
        [Point(0, 0, 3.0, 50.0), Point(0, 9, 3.0, 50.0), Point(9, 0, 3.0, 50.0)],
        [Point(0, 0, np.nan, 50.0), Point(0, 9, 4.0, 50.0), Point(9, 0, 3.0, 49.0)],
    ],
)
def test_ground_control_points_in_a_line_are_no_georeference(points):
    with pytest.raises(DataError, match=f"its {len(points)} ground control points determine no"):
        fit_points(points)


def test_two_ground_control_points_are_corners():
    fit = fit_points([Point(0, 0, 3.0, 50.0), Point(100, 200, 5.0, 49.0)])
    xs, ys = fit.mapping.coordinates(np.array([0.0, 200.0]), np.array([0.0, 100.0]))
    assert xs == pytest.approx([3, 5])
    assert ys == pytest.approx([50, 49])


@pytest.mark.parametrize(
    ("longitudes", "expected"),
    [
        ([179, -180, -179], [179, 180, 181]),
        ([179, 180, 181], [179, 180, 181]),
        ([-179, 179, 178.5], [181, 179, 178.5]),
        ([-1, 0, 1], [-1, 0, 1]),
        ([-100, 0, 100], [-100, 0, 100]),
        ([170, 175, 179], [170, 175, 179]),
        ([-179, -175], [-179, -175]),
    ],
)
def test_longitudes_do_not_jump_at_the_dateline(longitudes, expected):
    points = [Point(0, i, x, 10.0) for i, x in enumerate(longitudes)]
    assert [point.x for point in unwrapped(points)] == expected
    assert [point.col for point in unwrapped(points)] == list(range(len(points)))
