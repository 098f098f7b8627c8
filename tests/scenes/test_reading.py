"""What a person, or an index of somebody else, asks of the reading of scenes."""

import pytest

from harma.errors import ConfigError
from harma.scenes.reading import Reading


@pytest.mark.parametrize("bands", ["auto", "sentinel-2", (3, 2, 1), (1,)])
def test_bands_that_there_are(bands):
    assert Reading(bands=bands).bands == bands


@pytest.mark.parametrize("bands", ["x" * 200, "", "3,2,1"])
def test_names_that_no_bands_have(bands):
    with pytest.raises(ConfigError, match="allowed are auto, "):
        Reading(bands=bands)


@pytest.mark.parametrize("bands", [(0,), (1, 2, -3), (1, True, 2), ("1",), (1.5,)])
def test_numbers_that_no_bands_have(bands):
    with pytest.raises(ConfigError, match="they must be whole numbers from 1"):
        Reading(bands=bands)


@pytest.mark.parametrize("values", [{"crs": 25832}, {"date_from": 3}, {"nodata": "none"}])
def test_values_of_another_kind(values):
    with pytest.raises(ConfigError, match=next(iter(values))):
        Reading(**values)
