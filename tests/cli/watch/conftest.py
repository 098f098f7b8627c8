"""An index to be watched, made by a real build with a tiny model."""

import pytest
import torch
from tests.conftest import TINY

from harma.backbones import load_backbone
from harma.cli import main


@pytest.fixture
def archive(write_scenes, tmp_path, capsys):
    """An index of three scenes with twelve chips; the scenes are beside it."""
    torch.manual_seed(0)
    load_backbone(TINY).save(tmp_path / "model")
    write_scenes(tmp_path / "scenes", 3)
    options = ["--model", str(tmp_path / "model"), "--size", "48", "--num-workers", "0"]
    words = ["index", "build", str(tmp_path / "archive"), str(tmp_path / "scenes"), *options]
    assert main(words) == 0
    capsys.readouterr()
    return str(tmp_path / "archive")


@pytest.fixture
def say(capsys):
    """Give a command; its status, and what it printed."""

    def given(*words):
        try:
            status = main([str(word) for word in words])
        except SystemExit as ended:
            status = ended.code
        shown = capsys.readouterr()
        return status, shown.out + shown.err

    return given


@pytest.fixture
def watch_all(archive, say):
    """Watch the index for what every chip shows; the id of the saved search."""
    words = ("watch", "add", archive, "--text", "a red roof", "--least-score", "-1")
    status, shown = say(*words)
    assert status == 0, shown
    return shown.split()[0]
