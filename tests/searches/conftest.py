"""An index of made scenes, to be watched."""

import pytest
from tests.searches.watched import Watched


@pytest.fixture
def watched(tmp_path):
    """An index with two scenes: two hits over 0.5 in the first, none in the second."""
    made = Watched(tmp_path / "index")
    made.add("/scenes/a.tif", [0.9, 0.1, 0.8, 0.2], day=1)
    made.add("/scenes/b.tif", [0.1, 0.2], day=1, x=1)
    return made
