"""An index, for the actions of `harma index`."""

import pytest
import torch
from tests.conftest import TINY

from harma.backbones import load_backbone
from harma.cli import main


@pytest.fixture
def archive(write_scenes, tmp_path, capsys):
    """An index of three scenes."""
    torch.manual_seed(0)
    load_backbone(TINY).save(tmp_path / "model")
    write_scenes(tmp_path / "scenes", 3)
    options = ["--model", str(tmp_path / "model"), "--size", "48", "--num-workers", "0"]
    assert (
        main(["index", "build", str(tmp_path / "archive"), str(tmp_path / "scenes"), *options]) == 0
    )
    assert "12 chips added" in capsys.readouterr().out
    return str(tmp_path / "archive")
