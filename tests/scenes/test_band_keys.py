"""Names of bands of any program: one name for each part of the spectrum."""

import pytest

from harma.scenes.band_keys import band_key, keys_of, named_bands
from harma.scenes.bands import BandFacts


def facts(descriptions, interpretation=None):
    colors = interpretation or ("gray", *["undefined"] * (len(descriptions) - 1))
    return BandFacts("a.tif", colors, descriptions)


@pytest.mark.parametrize(
    ("text", "sensor", "key"),
    [
        ("B04", "sentinel-2", "red"),
        ("B8A", "sentinel-2", "nir08"),
        ("B8, central wavelength 842 nm", "sentinel-2", "nir"),
        ("B5", "sentinel-2", "rededge071"),
        ("SR_B5", "landsat-8", "nir08"),
        ("SR_B4", "landsat-7", "nir08"),
        ("B04", "", ""),
        ("NIR", "", "nir"),
        ("near infrared", "", "nir"),
        ("nir08", "", "nir08"),
        ("RedEdge1", "", "rededge071"),
        ("rededge075", "", "rededge075"),
        ("swir16", "", "swir16"),
        ("SWIR 2", "", "swir22"),
        ("thermal infrared", "", ""),
        ("coastal blue", "", "coastal"),
        ("Red", "", "red"),
        ("Green I", "", ""),
        ("VV", "", "VV"),
        ("Sigma0_VH_db", "", "VH"),
        ("VV/VH", "", ""),
        ("Band 1", "", ""),
    ],
)
def test_a_name_means_one_part_of_the_spectrum(text, sensor, key):
    assert band_key(text, sensor) == key


def test_files_that_name_no_band_are_in_the_order_of_their_sensor():
    nameless = facts([None] * 12)
    assert keys_of(nameless, "", "sentinel-2")[:4] == ("coastal", "blue", "green", "red")
    assert keys_of(nameless, "", "sentinel-2")[-3:] == ("nir09", "swir16", "swir22")
    assert keys_of(facts([None] * 13), "", "sentinel-2")[10] == "cirrus"
    assert keys_of(facts([None] * 2), "", "sentinel-1") == ("VV", "VH")
    # Of five bands nothing is delivered in such an order.
    assert keys_of(facts([None] * 5), "sentinel-2", "sentinel-2") == ("",) * 5


def test_colours_are_told_by_their_interpretation_where_nothing_else_is():
    said = facts([None] * 4, ("red", "green", "blue", "undefined"))
    assert keys_of(said, "") == ("red", "green", "blue", "")


def test_bands_in_words():
    names = facts(["B04", None, "nir"])
    assert named_bands(names, ("red", "", "nir")) == "B04 (red), band 2 (unnamed), nir"
