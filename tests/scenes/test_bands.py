"""Which bands are shown, and why."""

import pytest
from rasterio.enums import ColorInterp

from harma.errors import ConfigError, DataError
from harma.scenes.bands import BandFacts, choose_bands, parse_bands

NAIP = "m_4709963_se_14_1_20090818.tif"
BY_NAME = "bands of NAIP, by its name or tags"
NOT_SAID = "the first three bands: the file does not say which"


def unknown(count):
    """A raster that says nothing of its bands."""
    return BandFacts("a.tif", ["gray"] * count, [None] * count)


@pytest.mark.parametrize(
    ("options", "count", "wanted", "expected"),
    [
        (
            {"interpretation": [ColorInterp.blue, ColorInterp.green, ColorInterp.red]},
            3,
            "auto",
            (3, 2, 1),
        ),
        (
            {"descriptions": ["B02", "B03", "B04", "B08"], "photometric": "MINISBLACK"},
            4,
            "auto",
            (3, 2, 1),
        ),
        (
            {"name": "m_4709963_se_14_1_20090818.tif", "photometric": "MINISBLACK"},
            4,
            "auto",
            (1, 2, 3),
        ),
        ({"photometric": "MINISBLACK"}, 6, "auto", (1, 2, 3)),
        ({"photometric": "MINISBLACK"}, 6, "landsat-7", (3, 2, 1)),
        ({"photometric": "MINISBLACK"}, 6, (5, 4, 3), (5, 4, 3)),
        ({}, 1, "auto", (1,)),
        ({}, 2, "auto", (1,)),
    ],
)
def test_bands_of_files(make_raster, options, count, wanted, expected, bands, read):
    values = bands(*(10 * (i + 1) for i in range(count)))
    facts, pixels, _ = read(make_raster(values=values, **options), bands=wanted)
    assert facts.bands == expected
    shown = expected if len(expected) == 3 else expected * 3
    assert pixels[0, 0].tolist() == [10 * band for band in shown]


def test_bands_that_are_not_there(make_raster, read):
    with pytest.raises(
        DataError,
        match=r"scene.tif: it has 3 bands, and bands 7, 2, 1 were asked for \(as asked for\)",
    ):
        read(make_raster(), bands=(7, 2, 1))
    with pytest.raises(
        DataError, match=r"it has 1 band, and bands 4, 3, 2 .* \(preset sentinel-2\); choose with"
    ):
        choose_bands("sentinel-2", BandFacts("a.tif", ["gray"], [None]))
    assert choose_bands((3,), unknown(3)).bands == (3,)


@pytest.mark.parametrize(
    ("name", "interpretation", "descriptions", "bands", "reason"),
    [
        # Programs write that three 8-bit bands are red, green and blue; descriptions people write.
        ("a.tif", "red green blue", "B2 B3 B4", (3, 2, 1), "by band descriptions"),
        ("a.tif", "red green blue", "", (1, 2, 3), "by colour interpretation"),
        ("a.tif", "alpha blue red green", "", (3, 4, 2), "by colour interpretation"),
        ("a.tif", "red green gray", "B04 B03 B02", (1, 2, 3), "by band descriptions"),
        ("a.tif", "gray gray gray", "Blue GREEN r", (3, 2, 1), "by band descriptions"),
        ("a.tif", "gray gray gray", "blue green", (1, 2, 3), NOT_SAID),
        (NAIP, "gray gray gray gray", "blue green red", (3, 2, 1), "by band descriptions"),
        (NAIP, "gray gray gray gray", "", (1, 2, 3), BY_NAME),
        (NAIP.upper(), "gray gray gray", "", (1, 2, 3), BY_NAME),
        (NAIP, "gray gray", "", (1,), "the first band, as grey"),
        ("x" + NAIP, "gray gray gray", "", (1, 2, 3), NOT_SAID),
        ("a.tif", "alpha gray gray gray", "", (2, 3, 4), NOT_SAID),
        ("a.tif", "alpha gray gray", "", (2,), "the first band, as grey"),
    ],
)
def test_the_choice_and_its_reason(name, interpretation, descriptions, bands, reason):
    colors = interpretation.split()
    texts = [*descriptions.split(), *[None] * len(colors)][: len(colors)]
    choice = choose_bands("auto", BandFacts(name, colors, texts))
    assert choice.bands == bands
    assert choice.reason.startswith(reason)


def test_a_mask_alone_is_no_picture():
    with pytest.raises(DataError, match="all its bands are alpha"):
        choose_bands("auto", BandFacts("a.tif", ["alpha"], [None]))


@pytest.mark.parametrize(
    ("text", "bands"),
    [("3, 2, 1", (3, 2, 1)), ("7", (7,)), ("auto", "auto"), ("landsat-8", "landsat-8")],
)
def test_bands_that_people_write(text, bands):
    assert parse_bands(text) == bands


@pytest.mark.parametrize("text", ["0,1,2", "1,2", "1,2,3,4", "", "r,g,b", "-1", "²"])
def test_what_names_no_bands(text):
    with pytest.raises(ConfigError, match=rf"bands is '{text}'; allowed are auto, sentinel-2, "):
        parse_bands(text)


@pytest.mark.parametrize(
    ("preset", "bands"),
    [
        ("sentinel-2", (4, 3, 2)),
        ("landsat-8", (4, 3, 2)),
        ("landsat-7", (3, 2, 1)),
        ("naip", (1, 2, 3)),
    ],
)
def test_presets(preset, bands):
    assert parse_bands(preset) == preset
    choice = choose_bands(preset, unknown(4))
    assert choice == (bands, f"preset {preset}", False, "")
    with pytest.raises(DataError, match=f"it has {max(bands) - 1} bands, and bands"):
        choose_bands(preset, unknown(max(bands) - 1))


@pytest.mark.parametrize(
    "names", ["red green blue", "r g b", "b04 b03 b02", "b4 b3 b2", " RED  G  blue "]
)
def test_names_of_bands_in_descriptions(names):
    texts = [f" {name} " for name in names.split()]
    facts = BandFacts("a.tif", ["gray"] * 4, [None, *reversed(texts)])
    choice = choose_bands("auto", facts)
    assert choice.bands == (4, 3, 2)
    assert choice.reason.startswith("by band descriptions")
    assert not choice.is_guess
    # Two of three are not enough.
    for lacking in range(3):
        some = [text if index != lacking else "x" for index, text in enumerate(texts)]
        choice = choose_bands("auto", BandFacts("a.tif", ["gray"] * 3, some))
        assert choice.reason.startswith(NOT_SAID)
        assert choice.is_guess
