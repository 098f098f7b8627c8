"""The bands that a model reads: sets by name, and what a person states."""

import pytest

from harma.errors import ConfigError
from harma.scenes.model_bands import BAND_SETS, ModelBands, PictureStatistics, bands_from
from harma.scenes.reading import Reading
from harma.scenes.reading_values import reading_of_values, reading_values

STATED = {"names": ["B04", "B08"], "sensor": "sentinel-2", "mean": [0.1, 0.2], "std": [1, 2]}


@pytest.mark.parametrize("name", BAND_SETS)
def test_sets_are_read_as_they_are_written(name):
    bands = BAND_SETS[name]
    assert bands_from(name) == bands
    assert bands_from(bands.to_dict()) == bands
    assert len(set(bands.keys)) == len(bands.names)


def test_a_mapping_is_read():
    bands = bands_from(STATED)
    assert bands == ModelBands(("B04", "B08"), (0.1, 0.2), (1.0, 2.0), "reflectance", "sentinel-2")
    assert bands.keys == ("red", "nir")
    assert bands.colors == ()
    assert str(bands) == "B04, B08 of Sentinel-2 (reflectance)"
    # What stands beside counts more.
    assert bands_from(STATED, mean=[0.3, 0.4]).mean == (0.3, 0.4)


def test_colours_get_the_numbers_of_pictures_unless_others_are_said():
    pictures = PictureStatistics((0.5, 0.4, 0.3), (0.2, 0.2, 0.1))
    bands = bands_from("sentinel-2-4", pictures=pictures)
    assert bands.mean[:3] == pytest.approx((0.3 * 0.3, 0.3 * 0.4, 0.3 * 0.5))
    assert bands.std[:3] == pytest.approx((0.3 * 0.1, 0.3 * 0.2, 0.3 * 0.2))
    assert bands.mean[3] == BAND_SETS["sentinel-2-4"].mean[3]
    assert bands_from(STATED, pictures=pictures).mean == (0.1, 0.2)
    assert bands_from("sentinel-1", pictures=pictures) == BAND_SETS["sentinel-1"]


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ("rgb", "bands is 'rgb'; allowed are sentinel-2-4"),
        ([1], r"bands is \[1\]; allowed are"),
        ({**STATED, "units": "dB"}, "unknown key units; allowed are names, unit"),
        ({**STATED, "unit": "K"}, "unit is 'K'; allowed are reflectance, dB, stored"),
        ({**STATED, "sensor": "sentinel"}, "sensor is 'sentinel'; allowed are sentinel-2"),
        ({**STATED, "names": "B04"}, "names is 'B04'; give a list"),
        ({**STATED, "names": []}, r"the names \(\) say no band"),
        ({**STATED, "names": ["B04", "red"]}, "B04, red name a band twice"),
        ({**STATED, "names": ["B04", "B99"]}, "the names B99 say no band"),
        ({**STATED, "std": [1, 0]}, "those of std above 0"),
        ({**STATED, "mean": [1, float("nan")]}, "mean is .* give a list of numbers"),
        ({**STATED, "mean": [True, 1]}, "mean is .* give a list of numbers"),
        ({**STATED, "mean": [1]}, "2 bands need as many numbers"),
    ],
)
def test_what_is_not_usable_is_refused(stated, message):
    with pytest.raises(ConfigError, match=message):
        bands_from(stated)


def test_a_reading_keeps_them():
    reading = Reading(values=BAND_SETS["sentinel-2-10"])
    assert reading_of_values(reading_values(reading)) == reading
    assert "values B02, B03" in str(reading)
    # Of pictures nothing is written: earlier releases read these files.
    assert "values" not in reading_values(Reading())
