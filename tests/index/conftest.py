"""An index of three scenes with 27 chips, made by a real build."""

import pytest


@pytest.fixture
def archive(write_scenes, build_index, tmp_path):
    """Its directory; the scenes are beside it."""
    write_scenes(tmp_path / "scenes", 3)
    build_index(tmp_path / "scenes")
    return tmp_path / "index"


@pytest.fixture
def small_steps(monkeypatch):
    """Splits and merges read and write two chips at a time."""
    monkeypatch.setattr("harma.index.copying.READ_ROWS", 2)
    monkeypatch.setattr("harma.index.copying.WAITING_ROWS", 2)
