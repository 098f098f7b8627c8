"""harma data audit."""

import argparse

from harma.cli import main
from harma.cli.data import audit
from harma.curation.audit.copies import THRESHOLD


def test_audit_writes_lists_and_sheets(data, tmp_path, capsys):
    assert main(["data", "audit", data, "--output", str(tmp_path / "a")]) == 1
    shown = capsys.readouterr().out
    assert "5 images, 1 pairs of copies in 1 groups" in shown
    assert "mine train 0.png | mine test t.png" in shown
    assert "to leave out: 1 images" in shown
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "exclude_mine.csv",
        "audit.json",
        "pairs.html",
        "pairs.png",
    }
    assert (tmp_path / "a" / "exclude_mine.csv").read_text().splitlines()[
        1
    ] == "mine,train,0.png,mine test t.png"
    assert main(["data", "audit", data, "--exact-only"]) == 0


def test_the_threshold_is_the_one_that_was_measured():
    parser = argparse.ArgumentParser()
    audit.add_arguments(parser)
    assert parser.parse_args(["ucm"]).threshold == THRESHOLD
