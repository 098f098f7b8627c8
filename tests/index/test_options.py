"""What a person says of a build, and what the index says where nothing is said."""

import math

import pytest

from harma.errors import ConfigError
from harma.index.options import BuildOptions, WorkOptions
from harma.scenes.reading import Reading
from harma.scenes.stretch_rule import StretchRule
from harma.scenes.windows import Tiling

TILING = Tiling(size=None, size_m=200.0, stride=0.5, scales=(1.0, 2.0), edges="pad")
READING = Reading(bands=(4, 3, 2), stretch=StretchRule("scene", (1.0, 99.0)), nodata=7.0)


def test_what_is_not_said_is_as_in_the_index():
    options = BuildOptions()
    assert options.tiling(TILING) == TILING
    assert options.reading(READING) == READING
    assert options.nodata_limit(0.25) == 0.25
    assert options.tiles_or(3) == 3
    assert BuildOptions(tiles=1).tiles_or(3) == 1


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"size": 64}, {"size": 64, "size_m": None}),
        ({"size_m": 50.0}, {"size": None, "size_m": 50.0}),
        ({"whole": True}, {"size": None, "size_m": None}),
        ({"stride": 1.0}, {"stride": 1.0}),
        ({"scales": [4]}, {"scales": (4,)}),
        ({"edges": "shift"}, {"edges": "shift"}),
    ],
)
def test_what_is_said_of_cutting_changes_that_and_nothing_else(said, expected):
    assert vars(BuildOptions(**said).tiling(TILING)) == {**vars(TILING), **expected}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"bands": "3,2,1"}, {"bands": (3, 2, 1)}),
        ({"bands": (1,)}, {"bands": (1,)}),
        ({"bands": "auto"}, {"bands": "auto"}),
        ({"stretch": [0.0, 3000.0]}, {"stretch": StretchRule("fixed", (0.0, 3000.0))}),
        ({"stretch": "scene:1,99"}, {"stretch": StretchRule("scene", (1.0, 99.0), each=True)}),
        ({"stretch": "auto"}, {"stretch": StretchRule()}),
        ({"nodata": 0.0}, {"nodata": 0.0}),
    ],
)
def test_what_is_said_of_reading_changes_that_and_nothing_else(said, expected):
    assert vars(BuildOptions(**said).reading(READING)) == {**vars(READING), **expected}


def test_nothing_is_a_value_too():
    assert BuildOptions(max_nodata=0.0).nodata_limit(0.5) == 0.0
    assert math.isnan(BuildOptions(nodata=math.nan).reading(READING).nodata)


def test_options_that_contradict_each_other_or_cannot_be_used():
    with pytest.raises(ConfigError, match="whole makes one chip of every image"):
        BuildOptions(whole=True, size=64)
    with pytest.raises(ConfigError, match="in pixels and in metres"):
        BuildOptions(size=64, size_m=10.0).tiling(TILING)
    with pytest.raises(ConfigError, match="stretch is 2; allowed are auto, two values"):
        BuildOptions(stretch=[2]).reading(READING)


def test_readers_are_as_many_as_cores_but_one(monkeypatch):
    for cores, expected in ((1, 0), (4, 3), (64, 8)):
        monkeypatch.setattr("harma.index.options.usable_cores", lambda cores=cores: cores)
        assert WorkOptions().num_readers == expected
    assert WorkOptions(num_workers=0).num_readers == 0
    assert WorkOptions(num_workers=12).num_readers == 12


@pytest.mark.parametrize("kind", [WorkOptions, BuildOptions])
@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0; it must be 1 or more"),
        ({"num_workers": -1}, "num_workers is -1; it must be 0 or more"),
        ({"tiles": 5}, "tiles is 5; it must be a whole number from 1"),
        ({"tiles": 0}, "tiles is 0; it must be a whole number from 1"),
    ],
)
def test_numbers_out_of_range(kind, said, message):
    with pytest.raises(ConfigError, match=message):
        kind(**said)
    assert kind(batch_size=1, num_workers=0).num_readers == 0
