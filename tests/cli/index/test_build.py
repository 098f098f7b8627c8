"""harma index build and add."""

import json
from pathlib import Path

import pytest

from harma.cli import main
from harma.cli.index.build import _told
from harma.index.writer import BuildOutcome


def test_a_second_build_needs_no_options_and_adds_what_is_new(
    archive, write_scenes, tmp_path, capsys
):
    write_scenes(tmp_path / "scenes", 1, first=3)
    (tmp_path / "scenes" / "broken.tif").write_bytes(b"x")
    assert main(["index", "build", archive, str(tmp_path / "scenes"), "--num-workers", "1"]) == 1
    shown = capsys.readouterr().out
    assert "4 chips added" in shown
    assert "1 new, 0 changed, 3 as they were" in shown
    assert "broken.tif: it cannot be read as a raster or picture" in shown


def test_a_new_index_needs_a_model(tmp_path, write_scenes, capsys):
    write_scenes(tmp_path / "scenes", 1)
    assert main(["index", "build", str(tmp_path / "new"), str(tmp_path / "scenes")]) == 2
    assert "--model is not given" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_adding_needs_an_index_and_no_options(archive, write_scenes, tmp_path, capsys):
    write_scenes(tmp_path / "more", 1, first=4)
    assert main(["index", "add", archive, str(tmp_path / "more"), "--num-workers", "0"]) == 0
    shown = capsys.readouterr().out
    assert "4 chips added" in shown
    assert "search is exact: every chip is compared" in shown
    assert main(["index", "add", str(tmp_path / "none"), str(tmp_path / "more")]) == 2
    assert "is no index" in capsys.readouterr().err


def test_flags_say_how_scenes_are_cut_and_read(archive, write_scenes, tmp_path, capsys):
    write_scenes(tmp_path / "scenes", 1)
    new = [
        *("index", "build", str(tmp_path / "new"), str(tmp_path / "scenes")),
        *("--model", str(tmp_path / "model"), "--num-workers", "0"),
        *("--size-m", "64", "--stride", "0.5", "--scales", "1,2", "--edges", "pad"),
        *("--bands", "3,2,1", "--stretch", "1,99", "--nodata", "255", "--max-nodata", "0.75"),
    ]
    assert main(new) == 0
    capsys.readouterr()
    assert main(["index", "info", str(tmp_path / "new"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    expected = "Tiling(size=None, size_m=64.0, stride=0.5, scales=(1.0, 2.0), edges='pad')"
    assert facts["tiling"] == expected
    reading = "Reading(bands=(3, 2, 1), percentiles=(1.0, 99.0), nodata=255.0"
    assert facts["reading"].startswith(reading)
    assert facts["max nodata"] == 0.75
    assert main([*new[:4], "--num-workers", "0"]) == 0, "not said again, they are as they were"
    assert main([*new[:4], "--num-workers", "0", "--whole"]) == 2
    assert "the index was made with tiling" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("outcome", "status", "lines"),
    [
        (
            BuildOutcome(num_kept=3, seconds=2.0, search="exact"),
            0,
            [
                "archive: 0 chips added in 2 s",
                "sources: 0 new, 0 changed, 3 as they were",
                "search is exact",
            ],
        ),
        (
            BuildOutcome(1, 2, 3, 4, 1, {"a.tif": "it is empty"}, 0.5, "exact"),
            1,
            [
                "archive: 1 chips added in 0 s, 2 chips/s",
                "sources: 3 new, 4 changed, 2 as they were",
                "1 chips left out as mostly nodata",
                "1 could not be used (also in archive/problems.json):",
                "  a.tif: it is empty",
                "search is exact",
            ],
        ),
    ],
)
def test_what_is_said_of_a_build(capsys, outcome, status, lines):
    assert _told(Path("archive"), outcome) == status
    assert capsys.readouterr().out.splitlines() == lines
