"""Fixtures of the tests of training."""

import pytest
from tests.training.runs import tiny_values

from harma.training.recipe_files import recipe_from_dict


@pytest.fixture
def make_recipe(tiny_config, tiny_data, tmp_path):
    """A recipe of a small run; its directory is named after it."""
    return lambda name="run", **changes: recipe_from_dict(
        tiny_values(tiny_config, tiny_data, tmp_path / name, **changes)
    )
