"""`harma demo`: its table, and what it says of the figures."""

from pathlib import Path

import pytest

from harma.cli import main
from harma.metrics import RECALL_KEYS
from harma.training.demo import DemoResult


def figures(mean):
    return dict.fromkeys((*RECALL_KEYS, "mR", "dup_mR"), mean)


def result(before, gain, archive=None):
    return DemoResult(
        chance=figures(5.0),
        before=figures(before),
        harma=figures(before + gain),
        full=figures(before + 7.25),
        trained={"harma": 1234, "full": 60_000},
        total={"harma": 61_700, "full": 60_001},
        reports={"harma": Path("demo/harma/report.html")},
        archive=archive,
    )


@pytest.mark.parametrize(
    ("before", "gain", "status"), [(15.0, 15.0, 0), (14.9, 20.0, 1), (20.0, 14.9, 1)]
)
def test_the_status_says_whether_it_went_as_expected(monkeypatch, capsys, before, gain, status):
    monkeypatch.setattr("harma.training.demo.run_demo", lambda *_, **__: result(before, gain))
    assert main(["demo", "--output", "demo"]) == status
    shown = capsys.readouterr().out
    assert f"HarMA adds {gain:.1f} points" in shown
    assert f"Before adapting: {before / 5:.1f} times chance" in shown
    assert ("NOT as expected" in shown) == bool(status)
    assert "1,234" in shown
    assert "2.00 %" in shown
    assert "report: demo/harma/report.html" in shown


@pytest.mark.parametrize(
    ("archive", "last"),
    [
        (Path("demo/archive"), "harma serve demo/archive --open"),
        (Path("my demo/archive"), "harma serve 'my demo/archive' --open"),
        (None, "to search and serve an archive: pip install 'harma[serve]', then the demo again"),
    ],
)
def test_the_last_line_says_what_to_do_next(monkeypatch, capsys, archive, last):
    monkeypatch.setattr(
        "harma.training.demo.run_demo", lambda *_, **__: result(20.0, 20.0, archive)
    )
    assert main(["demo"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == last
    if archive is not None:
        assert lines[-2].startswith("harma search ")
