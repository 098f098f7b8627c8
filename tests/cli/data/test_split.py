"""harma data split."""

from harma.cli import main


def test_split_writes_what_training_takes(data, tmp_path, capsys):
    arguments = [
        "data",
        "split",
        data,
        "--ratios",
        "0.5",
        "0.25",
        "0.25",
        "--output",
        str(tmp_path / "s"),
    ]
    assert main(arguments) == 0
    assert "copies kept on one side: 2 images in 1 groups" in capsys.readouterr().out
    assert main(["data", "check", str(tmp_path / "s" / "data.yaml")]) == 0
    assert main([*arguments, "--to", "csv", "--overwrite"]) == 2
    assert "--lossy" in capsys.readouterr().err
