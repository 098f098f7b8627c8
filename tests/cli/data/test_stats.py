"""harma data stats."""

import json

from harma.cli import main


def test_stats(data, tmp_path, capsys):
    out = tmp_path / "out"
    assert (
        main(
            ["data", "stats", data, "--json", str(out / "s.json"), "--picture", str(out / "s.png")]
        )
        == 0
    )
    assert "captions shared by images" in capsys.readouterr().out
    assert json.loads((out / "s.json").read_text())["splits"][0]["num_shared"] == 4
    assert main(["data", "stats", data, "--picture", "s.jpg"]) == 2
    assert "ends in .png" in capsys.readouterr().err
