"""harma evaluate: where figures and report go, and what is said."""

import pytest

from harma.cli import main


@pytest.fixture
def where(model, tiny_data, tmp_path, monkeypatch):
    """A model directory, and what names it and its data."""
    monkeypatch.chdir(tmp_path)
    return [f"local-dir:{model[1]}", "--data", str(tiny_data / "data.yaml"), "--split", "val"]


def test_figures_go_where_output_says(where, tmp_path, capsys):
    assert main(["evaluate", *where, "--output", "out"]) == 0
    assert (tmp_path / "out" / "metrics.json").is_file()
    assert not (tmp_path / "out" / "report.html").exists()
    said = " ".join(capsys.readouterr().out.split())
    assert "val: 8 images, 16 captions" in said
    assert "figures written to out/metrics.json" in said


def test_without_a_directory_only_the_report_is_written(where, tmp_path, capsys):
    assert main(["evaluate", *where, "--report"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html"]
    said = capsys.readouterr().out
    assert "report written to report.html" in said
    assert "figures written" not in said


def test_a_directory_has_its_figures_beside_it(where, tmp_path, capsys):
    from shutil import copytree

    copytree(where[0].removeprefix("local-dir:"), tmp_path / "m")
    assert main(["evaluate", "m", *where[1:]]) == 0
    assert (tmp_path / "m" / "metrics.json").is_file()
    assert "figures written to m/metrics.json" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "x"], "error: there is no data set 'x'"),
        (["--device", "abacus"], "error: the device 'abacus' cannot be used"),
    ],
)
def test_bad_input_is_named(where, options, message, capsys):
    assert main(["evaluate", *where, *options]) == 2
    assert message in capsys.readouterr().err
