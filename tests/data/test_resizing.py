import pytest

from harma.data.resizing import INTERPOLATIONS, RESIZE_MODES, covering_size, fitting_size


@pytest.mark.parametrize(
    ("source", "covering", "fitting"),
    [
        ((100, 100), (32, 32), (32, 32)),
        ((50, 80), (32, 51), (20, 32)),  # 80 · 32 / 50 = 51.2, rounded down
        ((80, 50), (51, 32), (32, 20)),
        ((10, 320), (32, 1024), (1, 32)),
        ((1, 1000), (32, 32000), (1, 32)),  # never less than a pixel
        ((30, 47), (32, 50), (20, 32)),  # 30 · 32 / 47 = 20.4, rounded to the nearest
        ((31, 47), (32, 48), (21, 32)),  # 21.1
    ],
)
def test_sizes_by_example(source, covering, fitting):
    assert covering_size(source, (32, 32)) == covering
    assert fitting_size(source, (32, 32)) == fitting
    assert RESIZE_MODES["squash"](source, (32, 32)) == (32, 32)


def test_targets_need_not_be_square():
    assert covering_size((100, 100), (20, 40)) == (40, 40)
    assert fitting_size((100, 100), (20, 40)) == (20, 20)


def test_the_names_that_recipes_and_models_use():
    assert INTERPOLATIONS == ("bicubic", "bilinear", "nearest")
    assert list(RESIZE_MODES) == ["squash", "shortest", "longest"]
