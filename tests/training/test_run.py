"""A run's directory."""

import pytest
from tests.training.runs import trained

from harma.errors import ConfigError


def test_a_directory_with_a_run_is_not_overwritten(make_recipe):
    trained(make_recipe())
    with pytest.raises(
        ConfigError, match=r"holds a run already; continue it with `harma train --resume"
    ):
        trained(make_recipe())


def test_an_output_with_other_files_is_refused_before_anything_is_read(make_recipe, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("important")
    with pytest.raises(
        ConfigError, match=r"holds files that are no run \(thesis.tex\); choose a new"
    ):
        trained(make_recipe(data={"name": "nowhere.yaml"}))
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        trained(make_recipe("file"))
