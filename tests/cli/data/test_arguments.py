"""Arguments that actions of `harma data` share: several data sets and their folders."""

from harma.cli import main


def test_audit_of_several_data_sets_needs_a_folder_for_each(data, capsys):
    assert main(["data", "audit", data, "ucm", "--root", "x"]) == 2
    assert "write DATA=DIR for each" in capsys.readouterr().err
    assert main(["data", "audit", data, "ucm"]) == 2
    assert "--root is not given" in capsys.readouterr().err
    assert main(["data", "audit", f"{data}=nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err
