"""harma data convert."""

from harma.cli import main


def test_convert_says_what_is_lost_and_writes_only_when_told(data, tmp_path, capsys):
    arguments = ["data", "convert", data, "--to", "caps", "--output", str(tmp_path / "c")]
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert "lost: image ids: 4" in shown.out
    assert "nothing is written" in shown.err
    assert not (tmp_path / "c").exists()
    assert main([*arguments, "--lossy"]) == 0
    assert "harma train RECIPE --data.name" in capsys.readouterr().out
    assert main(["data", "check", str(tmp_path / "c" / "data.yaml")]) == 0
    # The same again: an interrupted command goes on.
    assert main([*arguments, "--lossy"]) == 0
    (tmp_path / "c" / "train_caps.txt").write_text("by a person")
    assert main([*arguments, "--lossy"]) == 2
    assert main([*arguments, "--lossy", "--overwrite"]) == 0
