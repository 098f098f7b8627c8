"""An index with saved searches, made by a real build with a tiny model."""

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
    """Give a command of `harma searches`; its status, and what it printed."""

    def given(*words):
        try:
            status = main(["searches", *map(str, words)])
        except SystemExit as ended:
            status = ended.code
        shown = capsys.readouterr()
        return status, shown.out + shown.err

    return given


@pytest.fixture
def search(archive, say):
    """The id of a saved search."""
    status, shown = say("save", archive, "a red roof", "--name", "roofs")
    assert status == 0, shown
    return shown.split()[0]


@pytest.fixture
def marked(archive, search):
    """The same, with marks on two of its chips; the chips."""
    from harma.index.index import Index
    from harma.searches.book import SearchBook
    from harma.searches.chips import on_chips
    from harma.searches.records import Mark

    index = Index.open(archive)
    chips = [hit.id for hit in index.search("a red roof", k=12)]
    with SearchBook.open(archive) as book:
        marks = [Mark(chips[-1], "good", "two\ncranes"), Mark(chips[0], "bad")]
        book.put_marks(search, on_chips(index.store, marks), who="anna")
    return chips
