"""Bars on the error stream."""

import subprocess
import sys
from contextlib import contextmanager

import pytest

from harma.ground import progress
from harma.ground.progress import make_bars, progress_bar, progress_bars, tracked


@pytest.fixture
def terminal(monkeypatch):
    """Let rich take the streams for a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")


def test_parts_have_bars_with_counts(terminal, capsys):
    with progress_bars() as advance:
        advance("looking", 1, 4)
        advance("embedding", 20, 50)
        advance("looking", 3, 4)
        advance("[b]own", 1, 2)
    shown = capsys.readouterr()
    assert shown.out == ""
    for text in ("sources", "3/4", "chips", "20/50", "[b]own", "1/2", "left"):
        assert text in shown.err


def test_how_many_there_are_may_not_be_known_yet(terminal, capsys):
    with progress_bar("downloading") as advance:
        advance(5, 0)
    assert "5/?" in capsys.readouterr().err


def test_items_are_counted(terminal, capsys):
    assert list(tracked("abc", 3, "reading")) == ["a", "b", "c"]
    assert "3/3" in capsys.readouterr().err


def test_nothing_is_shown_where_nobody_looks(capsys, monkeypatch):
    with progress_bar("decoding") as advance:
        advance(1, 2)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert list(tracked("abc", 3, "reading", enabled=False)) == ["a", "b", "c"]
    with make_bars("{task.description}", enabled=False) as bars:
        bars.add_task("training")
        bars.console.print("epoch 1")
    assert capsys.readouterr() == ("", "")


def test_lines_are_printed_beside_bars_anywhere(capsys):
    with make_bars("{task.description}") as bars:
        bars.add_task("training")
        bars.console.print("epoch 1")
    assert capsys.readouterr() == ("", "epoch 1\n")


def test_rich_is_imported_when_a_bar_is_made():
    code = "import sys, harma.ground.progress; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        ("looking", "sources"),
        ("embedding", "chips"),
        ("exporting", "chips"),
        ("checking", "rows"),
        ("importing", "rows"),
        ("decoding", "decoding"),
    ],
)
def test_what_is_counted_in_a_part(terminal, capsys, part, shown):
    with progress_bar(part) as advance:
        advance(1, 4)
    assert shown in capsys.readouterr().err


def test_the_number_of_items_taken_is_told_before_each(monkeypatch):
    told = []

    @contextmanager
    def bar(part):
        yield lambda *counts: told.append((part, *counts))

    monkeypatch.setattr(progress, "progress_bar", bar)
    for _ in tracked("ab", 2, "reading"):
        told.append("taken")
    assert told == [
        ("reading", 0, 2),
        "taken",
        ("reading", 1, 2),
        "taken",
        ("reading", 2, 2),
    ]
