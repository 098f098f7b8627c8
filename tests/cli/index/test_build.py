"""harma index build and add."""

import json

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from harma.cli import main
from harma.cli.index.build import _told
from harma.ground.storage.home import home_of
from harma.index.writer import BuildOutcome
from harma.scenes.unplaced import LOCAL, NO_CRS


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
        *("--bands", "3,2,1", "--stretch", "scene:1,99", "--nodata", "255", "--max-nodata", "0.75"),
        *("--crs", "EPSG:25832", "--height", "120"),
    ]
    assert main(new) == 0
    capsys.readouterr()
    assert main(["index", "info", str(tmp_path / "new"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    expected = "Tiling(size=None, size_m=64.0, stride=0.5, scales=(1.0, 2.0), edges='pad')"
    assert facts["tiling"] == expected
    assert facts["reading"] == (
        "bands (3, 2, 1), stretch scene:1,99, nodata 255.0, crs EPSG:25832, height 120.0"
    )
    assert facts["max nodata"] == 0.75
    assert main([*new[:4], "--num-workers", "0"]) == 0, "not said again, they are as they were"
    assert main([*new[:4], "--num-workers", "0", "--whole"]) == 2
    assert "the index was made with tiling" in capsys.readouterr().err


def test_tiles_are_said_once(archive, write_scenes, tmp_path, capsys):
    new = ["index", "build", str(tmp_path / "new"), str(tmp_path / "scenes"), "--num-workers", "0"]
    assert main([*new, "--model", str(tmp_path / "model"), "--tiles", "2"]) == 0
    assert main(new) == 0, "not said again, they are as they were"
    capsys.readouterr()
    assert main(["index", "info", str(tmp_path / "new")]) == 0
    assert "tiles        2\n" in capsys.readouterr().out
    add = ["index", "add", str(tmp_path / "new"), *new[3:]]
    assert main([*add, "--tiles", "2"]) == 0
    assert main([*add, "--tiles", "1"]) == 2
    assert "made with tiles 2, and 1 was asked for" in capsys.readouterr().err
    again = ["index", "reembed", archive, "--model", str(tmp_path / "model"), "--num-workers", "0"]
    assert main(again) == 2
    assert "has the embeddings of this model already" in capsys.readouterr().err
    assert main([*again, "--tiles", "2"]) == 0
    assert "12 chips added" in capsys.readouterr().out
    assert main(["search", archive, "a river", "-k", "3"]) == 0
    for verb in (new, add, again):
        assert main([*verb, "--tiles", "5"]) == 2
        assert "tiles is 5; it must be a whole number from 1" in capsys.readouterr().err


def write_16_bits(path, low, high):
    values = np.linspace(low, high, 32 * 32).reshape(1, 32, 32).astype(np.uint16)
    profile = {"width": 32, "height": 32, "count": 1, "dtype": "uint16"}
    with rasterio.open(path, "w", driver="GTiff", **profile) as dataset:
        dataset.write(values)


def test_one_range_for_an_archive_is_told(model, tmp_path, capsys):
    (tmp_path / "scenes").mkdir()
    write_16_bits(tmp_path / "scenes" / "a.tif", 100, 1100)
    write_16_bits(tmp_path / "scenes" / "b.tif", 2000, 3000)
    command = ["index", "build", str(tmp_path / "new"), str(tmp_path / "scenes")]
    command += ["--model", model[1], "--num-workers", "0"]
    assert main([*command, "--stretch", "archive:0,100"]) == 0
    told = "black to white is 100 to 3000 (unknown sensor, uint16, 1 band; --stretch)"
    assert told in capsys.readouterr().out
    assert main(["index", "info", str(tmp_path / "new"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["reading"] == "stretch archive:0,100"
    assert facts["ranges"] == {"unknown sensor, uint16, 1 band": "100 to 3000"}
    assert facts["black to white"] == {"100 to 3000": 2}
    assert main(command) == 0
    assert "black to white" not in capsys.readouterr().out, "it was told when it was found"


def test_percentiles_as_they_were_said_before_are_asked_about(model, tmp_path, capsys):
    (tmp_path / "scenes").mkdir()
    write_16_bits(tmp_path / "scenes" / "a.tif", 100, 1100)
    command = ["index", "build", str(tmp_path / "new"), str(tmp_path / "scenes")]
    assert main([*command, "--model", model[1], "--stretch", "2,98"]) == 2
    said = capsys.readouterr().err
    assert "if percentiles are meant, say archive:2,98 or scene:2,98" in said
    assert not (tmp_path / "new").exists()


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
            BuildOutcome(
                num_added=1,
                num_kept=2,
                num_new=3,
                num_replaced=4,
                num_skipped=1,
                problems={"a.tif": "it is empty"},
                seconds=0.5,
                search="exact",
            ),
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
        (
            BuildOutcome(
                num_new=4,
                seconds=2.0,
                search="exact",
                guessed={"/a/x.tif": "1,2,3", "/a/y.tif": "1,2,3", "/a/z.tif": "1"},
            ),
            0,
            [
                "archive: 0 chips added in 2 s",
                "sources: 4 new, 0 changed, 0 as they were",
                "bands were guessed for 2 sources, such as x.tif: 1,2,3 as red, green, blue"
                " (--bands)",
                "bands were guessed for 1 source, such as z.tif: 1 as grey (--bands)",
                "search is exact",
            ],
        ),
        (
            BuildOutcome(
                num_new=3,
                search="exact",
                off_earth={"a.tif": 7, "b.tif": 5},
                unplaced={NO_CRS: ["c.tif"], LOCAL: ["d.tif", "e.tif"]},
            ),
            0,
            [
                "archive: 0 chips added in 0 s",
                "sources: 3 new, 0 changed, 0 as they were",
                "12 chips left out: they do not lie on the Earth (a.tif, …)",
                "1 sources have coordinates but no coordinate reference system; state it with"
                " --crs EPSG:… (c.tif)",
                "2 sources have local coordinates, which are no place on the Earth (d.tif, …)",
                "search is exact",
            ],
        ),
    ],
)
def test_what_is_said_of_a_build(capsys, outcome, status, lines):
    assert _told(home_of("archive"), outcome) == status
    assert capsys.readouterr().out.splitlines() == lines


def test_a_system_that_is_none_is_said_before_the_model_is_loaded(write_scenes, tmp_path, capsys):
    write_scenes(tmp_path / "scenes", 1)
    new = [*("index", "build", str(tmp_path / "new"), str(tmp_path / "scenes"))]
    assert main([*new, "--model", str(tmp_path / "none"), "--crs", "EPSG:99999999"]) == 2
    assert "crs is 'EPSG:99999999'" in capsys.readouterr().err
    assert main([*new, "--model", str(tmp_path / "none"), "--height", "1e9"]) == 2
    assert "give metres above the ellipsoid" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_what_is_said_of_places_by_a_build_and_by_info(archive, tmp_path, capsys):
    values = np.full((3, 128, 128), 99, dtype=np.uint8)
    (tmp_path / "odd").mkdir()
    odd = {
        "disk.tif": {
            "crs": "+proj=geos +h=35786023 +lon_0=0 +ellps=GRS80",
            "transform": Affine(85_000, 0, -5_440_000, 0, -85_000, 5_440_000),
        },
        "plain.tif": {"transform": Affine(10, 0, 500_000, 0, -10, 5_000_000)},
        "more.tif": {"transform": Affine(10, 0, 600_000, 0, -10, 5_000_000)},
        "local.tif": {
            "crs": CRS.from_wkt('LOCAL_CS["Site",UNIT["metre",1],AXIS["E",EAST],AXIS["N",NORTH]]'),
            "transform": Affine(0.1, 0, 5, 0, -0.1, 9),
        },
        "space.tif": {
            "crs": "+proj=geos +h=35786023 +lon_0=0 +ellps=GRS80",
            "transform": Affine(1000, 0, -5_440_000, 0, -1000, 5_440_000),
        },
    }
    for name, profile in odd.items():
        with rasterio.open(
            tmp_path / "odd" / name,
            "w",
            driver="GTiff",
            width=128,
            height=128,
            count=3,
            dtype="uint8",
            **profile,
        ) as dataset:
            dataset.write(values)
    assert main(["index", "add", archive, str(tmp_path / "odd"), "--num-workers", "0"]) == 1
    shown = capsys.readouterr().out
    folder = tmp_path / "odd"
    lines = [
        f"chips left out: they do not lie on the Earth ({folder}/disk.tif)",
        "2 sources have coordinates but no coordinate reference system; state it with --crs"
        f" EPSG:… ({folder}/more.tif, …)",
        f"1 sources have local coordinates, which are no place on the Earth ({folder}/local.tif)",
        f"{folder}/space.tif: ",
    ]
    for line in lines:
        assert line in shown
    assert main(["index", "info", archive, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert lines[0] in facts["not on the Earth"]
    assert facts["without a place"] == "; ".join(lines[1:3])


def test_a_guess_is_said_by_the_build_and_by_info(archive, tmp_path, capsys):
    profile = {"driver": "GTiff", "dtype": "uint16", "height": 40, "width": 40, "count": 4}
    names = ["x.tif", "20210601_103015_1040_3B_AnalyticMS.tif", "y.tif"]
    (tmp_path / "four").mkdir()
    for name in names:
        with rasterio.open(tmp_path / "four" / name, "w", **profile) as dataset:
            dataset.write(np.arange(6400, dtype=np.uint16).reshape(4, 40, 40))
    new = [
        *("index", "build", str(tmp_path / "new"), str(tmp_path / "four"), "--whole"),
        *("--model", str(tmp_path / "model"), "--num-workers", "0"),
    ]
    assert main(new) == 0
    said = capsys.readouterr().out
    told = "bands were guessed for 2 sources, such as x.tif: 1,2,3 as red, green, blue (--bands)"
    assert told in said.splitlines()
    assert main(["index", "info", str(tmp_path / "new"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["bands"] == "1,2,3: 2 (2 guessed); 3,2,1: 1"
    assert facts["sensors"] == "not known: 2; planetscope: 1"
    # Built again, nothing is read, and nothing guessed.
    assert main(new) == 0
    assert "guessed" not in capsys.readouterr().out
    assert main([*new[:2], str(tmp_path / "said"), *new[3:], "--bands", "planetscope"]) == 0
    assert "guessed" not in capsys.readouterr().out
