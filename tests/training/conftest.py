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


@pytest.fixture(autouse=True)
def own_frozen_cache(tmp_path, monkeypatch):
    """A cache for each test: what another one left must not be found."""
    folder = tmp_path / "frozen_cache"
    monkeypatch.setattr("harma.training.frozen_cache.default_directory", lambda: folder)
    return folder
