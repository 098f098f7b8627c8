"""harma index export and import, and that both indices answer alike."""

import torch
from tests.conftest import TINY

from harma.backbones import load_backbone
from harma.cli import main


def test_optimizing_reembedding_and_exchanging(archive, tmp_path, capsys):
    assert main(["index", "optimize", archive]) == 0
    assert "search is exact" in capsys.readouterr().out
    assert main(["index", "export", archive, str(tmp_path / "a.parquet")]) == 0
    assert main(["index", "import", str(tmp_path / "b"), str(tmp_path / "a.parquet")]) == 0
    capsys.readouterr()
    for where in (archive, str(tmp_path / "b")):
        assert main(["search", where, "a river", "-k", "12", "--format", "csv"]) == 0
    first, second = capsys.readouterr().out.split("rank,")[1:]
    assert first == second
    torch.manual_seed(9)
    load_backbone({**TINY, "embed_dim": 24}).save(tmp_path / "other")
    assert (
        main(
            ["index", "reembed", archive, "--model", str(tmp_path / "other"), "--num-workers", "0"]
        )
        == 0
    )
    assert "12 chips added" in capsys.readouterr().out
    assert main(["search", archive, "a river"]) == 0
