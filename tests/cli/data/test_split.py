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


def test_folds_are_what_a_comparison_takes(data, tmp_path, capsys):
    output = tmp_path / "f"
    assert main(["data", "split", data, "--folds", "3", "--output", str(output)]) == 0
    shown = capsys.readouterr().out
    assert "copies kept on one side: 2 images in 1 groups" in shown
    assert f"compare over it with: harma compare FILE --folds {output / 'folds.yaml'}" in shown
    for fold in ("fold-1", "fold-2", "fold-3"):
        assert main(["data", "check", str(output / fold / "data.yaml")]) == 0
    assert main(["data", "split", data, "--folds", "2", "--output", str(output)]) == 2
    assert "folds are 2; give 3 or more" in capsys.readouterr().err
