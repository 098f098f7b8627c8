"""harma index info, verify, remove."""

import json

from harma.cli import main


def test_info(archive, capsys):
    assert main(["index", "info", archive]) == 0
    assert "chips        12" in capsys.readouterr().out
    assert main(["index", "info", archive, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sources"] == 3


def test_removing_and_verifying(archive, capsys, tmp_path):
    assert main(["index", "verify", archive]) == 0
    assert "0 problems" in capsys.readouterr().out
    assert main(["index", "remove", archive, "*scene1_*"]) == 0
    assert "removed 1 sources with 4 chips" in capsys.readouterr().out
    assert main(["index", "remove", archive, "*scene1_*"]) == 2
    assert "no source of the index matches" in capsys.readouterr().err
    assert main(["index", "build", archive, str(tmp_path / "scenes")]) == 0
    assert "4 chips added" in capsys.readouterr().out
    next((tmp_path / "scenes").iterdir()).unlink()
    assert main(["index", "verify", archive]) == 1
    assert "is not there any more" in capsys.readouterr().out
