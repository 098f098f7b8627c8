"""The way from scenes to hits on the command line."""

import json

import pytest
import torch
from tests.conftest import TINY

from harma.backbones import load_backbone
from harma.cli import main


@pytest.fixture
def archive(write_scenes, tmp_path, capsys):
    """An index of three scenes."""
    torch.manual_seed(0)
    load_backbone(TINY).save(tmp_path / "model")
    write_scenes(tmp_path / "scenes", 3)
    options = ["--model", str(tmp_path / "model"), "--size", "48", "--num-workers", "0"]
    assert main(["index", "build", str(tmp_path / "archive"), str(tmp_path / "scenes"), *options]) == 0
    assert "12 chips added" in capsys.readouterr().out
    return str(tmp_path / "archive")


def test_a_second_build_needs_no_options_and_adds_what_is_new(archive, write_scenes, tmp_path, capsys):
    write_scenes(tmp_path / "scenes", 1, first=3)
    (tmp_path / "scenes" / "broken.tif").write_bytes(b"x")
    assert main(["index", "build", archive, str(tmp_path / "scenes"), "--num-workers", "1"]) == 1
    shown = capsys.readouterr().out
    assert "4 chips added" in shown
    assert "1 new, 0 changed, 3 as they were" in shown
    assert "broken.tif: it cannot be read as a raster or picture" in shown


def test_hits_in_every_format(archive, capsys):
    assert main(["search", archive, "a river", "-k", "3"]) == 0
    assert "scene" in capsys.readouterr().out
    assert main(["search", archive, "a river", "-k", "3", "--format", "json"]) == 0
    hits = json.loads(capsys.readouterr().out)
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert main(["search", archive, "a river", "-k", "3", "--format", "geojson"]) == 0
    collection = json.loads(capsys.readouterr().out)
    assert [feature["id"] for feature in collection["features"]] == [hit["id"] for hit in hits]
    assert main(["search", archive, "a river", "-k", "3", "--format", "csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("rank,score,percentile,standing,id")
    assert len(lines) == 4


def test_filters_and_examples(archive, capsys):
    assert main(["search", archive, "--like", "a river", "--since", "2012", "--format", "json", "-k", "50"]) == 0
    hits = json.loads(capsys.readouterr().out)
    assert {hit["datetime"][:4] for hit in hits} == {"2012"}
    assert main(["search", archive, f"--image=chip:{hits[0]['id']}", "-k", "1", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == hits[0]["id"]
    assert main(["search", archive, "a river", "--bbox", "100,0,110,10"]) == 1
    assert "nothing matches" in capsys.readouterr().out
    assert main(["search", archive, ""]) == 2
    assert "error: " in capsys.readouterr().err


def test_info(archive, capsys):
    assert main(["index", "info", archive]) == 0
    assert "chips        12" in capsys.readouterr().out
    assert main(["index", "info", archive, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sources"] == 3


def test_a_new_index_needs_a_model(tmp_path, write_scenes, capsys):
    write_scenes(tmp_path / "scenes", 1)
    assert main(["index", "build", str(tmp_path / "new"), str(tmp_path / "scenes")]) == 2
    assert "--model is not given" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


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
