"""Plans on the tiny data, and runs that are made up; see `made_up`."""

import pytest
from tests.comparison import made_up

from harma.comparison.plan import make_plan


@pytest.fixture
def base(tiny_config, tiny_data):
    """Values of a base recipe."""
    return made_up.base_values(tiny_config, tiny_data)


@pytest.fixture
def make(base, tmp_path):
    """A plan of rows, with other values of the comparison."""

    def plan(methods, *, recipe=None, flags=(), **values):
        values = {
            "recipe": {**base, **(recipe or {})},
            "methods": methods,
            "output": str(tmp_path / "out"),
            **values,
        }
        return make_plan(values, name="test", flags=flags)

    return plan


@pytest.fixture
def finish():
    """Leave what a finished run leaves."""
    return made_up.finish_run


@pytest.fixture
def fail():
    """Leave what a failed run leaves."""
    return made_up.fail_run


@pytest.fixture
def finished(base, tmp_path):
    """A comparison of five rows: three done, one failed, one waiting."""
    return made_up.finished_plan(base, tmp_path / "out")
