"""What an index was made with, written and read."""

import json
from dataclasses import replace

import pytest

from harma.errors import ConfigError, DataError
from harma.index.settings import (
    Settings,
    read_settings,
    settings_of,
    values_of,
    write_settings,
)
from harma.scenes.ranges import KindRange
from harma.scenes.reading import Reading
from harma.scenes.stretch import Stretch
from harma.scenes.stretch_rule import AUTO_RULE, StretchRule, parse_stretch
from harma.scenes.windows import Tiling

RANGES = (
    KindRange("unknown sensor, uint16, 3 bands", Stretch((1.5,) * 3, (3000.25,) * 3)),
    KindRange("sentinel-1, float32, 1 band", Stretch((-25.0,), (0.0,))),
)


def settings(**reading):
    return Settings("m", None, "id", 8, Tiling(size=32), Reading(**reading), 0.5)


@pytest.mark.parametrize(
    "reading",
    [
        {},
        {"stretch": parse_stretch("0,3000")},
        {"stretch": parse_stretch("0,1,0,2,0.5,3")},
        {"stretch": parse_stretch("archive:1,99,each"), "ranges": RANGES},
        {"stretch": parse_stretch("scene:2,98"), "bands": (3, 2, 1), "nodata": 0.0},
        {"ranges": RANGES, "bands": "sentinel-2", "crs": "EPSG:25832", "height": 100.0},
    ],
)
def test_settings_are_read_as_they_were_written(tmp_path, reading):
    written = settings(**reading)
    write_settings(tmp_path, written)
    assert read_settings(tmp_path) == written
    assert settings_of(json.loads(json.dumps(values_of(written)))) == written


def test_the_stretch_is_written_as_a_person_says_it(tmp_path):
    write_settings(tmp_path, settings(stretch=parse_stretch("scene:2,98")))
    kept = json.loads((tmp_path / "index.json").read_text())
    assert kept["reading"]["stretch"] == "scene:2,98"


def test_settings_of_before_there_was_one_range_for_an_archive(tmp_path):
    write_settings(tmp_path, settings())
    path = tmp_path / "index.json"
    kept = json.loads(path.read_text())
    kept["reading"] = {"bands": [3, 2, 1], "percentiles": [1.0, 99.0], "nodata": 7.0}
    path.write_text(json.dumps(kept))
    reading = read_settings(tmp_path).reading
    assert reading.stretch == StretchRule("scene", (1.0, 99.0), each=True)
    assert (reading.bands, reading.nodata, reading.ranges) == ((3, 2, 1), 7.0, ())


@pytest.mark.parametrize(
    "change",
    [
        {"stretch": "bright"},
        {"stretch": 7},
        {"ranges": [{"kind": "a"}]},
        {"ranges": 3},
        {"percentiles": [98, 2]},
    ],
)
def test_damaged_settings_are_named(tmp_path, change):
    write_settings(tmp_path, settings())
    path = tmp_path / "index.json"
    kept = json.loads(path.read_text())
    kept["reading"] |= change
    path.write_text(json.dumps(kept))
    with pytest.raises(DataError, match=r"index.json is damaged \("):
        read_settings(tmp_path)


def test_settings_of_before_there_were_tiles(tmp_path):
    write_settings(tmp_path, settings())
    path = tmp_path / "index.json"
    kept = json.loads(path.read_text())
    assert kept.pop("tiles") == 1
    path.write_text(json.dumps(kept))
    assert read_settings(tmp_path) == settings()
    for tiles in (0, 5, "2", 2.0, None):
        path.write_text(json.dumps({**kept, "tiles": tiles}))
        with pytest.raises(DataError, match=r"index.json is damaged \(tiles is"):
            read_settings(tmp_path)


def test_tiles_are_kept_and_name_other_embeddings(tmp_path):
    written = replace(settings(), tiles=3)
    write_settings(tmp_path, written)
    assert read_settings(tmp_path) == written
    assert [settings().embedding_id, written.embedding_id] == ["id", "id-tiles3"]
    with pytest.raises(ConfigError, match="tiles is 9; it must be a whole number from 1"):
        replace(settings(), tiles=9)


def test_a_reading_in_words():
    assert str(Reading(ranges=RANGES)) == "as the files say"
    assert Reading().stretch is AUTO_RULE
    told = Reading(bands=(3, 2, 1), stretch=parse_stretch("0,3000"), nodata=float("nan"))
    assert str(told) == "bands (3, 2, 1), stretch fixed:0,3000, nodata nan"
