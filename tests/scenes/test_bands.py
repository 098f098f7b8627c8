"""Which bands are shown, and why."""

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from harma.errors import ConfigError, DataError
from harma.scenes.bands import BandFacts, choose_bands, parse_bands
from harma.scenes.raster import open_scene
from harma.scenes.windows import Window

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
        ("a.tif", "red green blue gray", "b1 b2 b3 b4", (1, 2, 3), "by colour interpretation"),
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


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [
        ("20210601_103015_1040_3B_AnalyticMS.tif", 4, (3, 2, 1)),
        ("20210601_103015_10_1040_3B_AnalyticMS_SR_8b_clip.tif", 8, (6, 4, 2)),
        ("3457114_2012-05-05_RE3_3A_Analytic.tif", 5, (3, 2, 1)),
        ("20200814_162132_ssc4d3_0021_analytic.tif", 4, (3, 2, 1)),
        ("10FEB22094856-M2AS-052298844010_01_P001.TIF", 8, (5, 3, 2)),
        ("10FEB22094856-M2AS-052298844010_01_P001.TIF", 4, (3, 2, 1)),
        ("LT05_L2SP_044034_19940318_20200911_02_T1.tif", 6, (3, 2, 1)),
        ("LE07_L1TP_044034_20020318_20200911_02_T1.tif", 8, (3, 2, 1)),
        ("LC08_L1TP_044034_20140318_20200911_02_T1.tif", 11, (4, 3, 2)),
        ("LC09_L2SP_044034_20220318_20220911_02_T1.tif", 7, (4, 3, 2)),
        ("S2A_MSIL2A_20200101T103421_N0213_R108_T31TFJ_20200101T124052.tif", 12, (4, 3, 2)),
        ("m_4709963_se_14_1_20090818.tif", 4, (1, 2, 3)),
    ],
)
def test_orders_of_files_as_delivered(make_raster, read, bands, name, count, expected):
    values = bands(*range(10, 10 * count + 1, 10), dtype="uint16")
    values[:, 0, 0] = 0
    facts, _, _ = read(make_raster(name, values, photometric="MINISBLACK"))
    assert facts.bands == expected
    assert not facts.is_guess
    assert facts.bands_reason.endswith("by its name or tags")


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [
        ("LC08_SR_QA_stack.tif", 4, (1, 2, 3)),
        ("LC08_L2SP_044034_20140318_20200911_02_T1.tif", 8, (4, 3, 2)),  # 7 bands and a mask
        ("S2A_MSIL2A_20200101T103421.tif", 4, (1, 2, 3)),
        ("20210601_103015_1040_3B_AnalyticMS.tif", 6, (3, 2, 1)),
        ("x.tif", 4, (1, 2, 3)),
    ],
)
def test_another_number_of_bands_is_a_guess(name, count, expected):
    choice = choose_bands("auto", BandFacts(name, ["gray"] * count, [None] * count))
    assert (choice.bands, choice.is_guess) == (expected, True)
    assert choice.reason.endswith("(--bands)")
    if name != "x.tif":
        assert f"but not of {count} bands as delivered" in choice.reason


@pytest.mark.parametrize(
    ("name", "descriptions", "expected", "is_guess"),
    [
        ("LC08_044034_20140318_SR.tif", "SR_B2 SR_B3 SR_B4 SR_B5", (3, 2, 1), False),
        ("LE07_044034_20020318.tif", "SR_B1 SR_B2 SR_B3 SR_B4", (3, 2, 1), False),
        ("a.tif", "S2_B02 S2_B03 S2_B04 S2_B08", (3, 2, 1), False),
        ("a.tif", "SR_B1 SR_B2 SR_B3 SR_B4 SR_B5 SR_B7", (3, 2, 1), False),
        ("a.tif", "B1 B2 B3 B4 B5 B6 B7 B8 B8A B9 B11 B12", (4, 3, 2), False),
        ("a.tif", "B1 B2 B3 B4", (4, 3, 2), True),
        ("MOD09GA.tif", "sur_refl_b01 sur_refl_b02 sur_refl_b03 sur_refl_b04", (1, 4, 3), False),
        ("S3A_OL_2.tif", "Oa04_radiance Oa06_radiance Oa08_radiance", (3, 2, 1), False),
        ("a.tif", "sur_refl_b01 sur_refl_b02 sur_refl_b03 sur_refl_b04", (1, 4, 3), False),
        ("a.tif", "SR_B1 SR_B2 SR_B3 SR_B4 SR_B5 SR_B7 SR_QA ST_B6", (3, 2, 1), False),
        ("a.tif", "SR_B1 SR_B2 SR_B3 SR_B4 SR_B5 SR_B6 SR_B7 ST_B10", (4, 3, 2), False),
        ("a.tif", "0_B2 0_B3 0_B4 0_B8", (3, 2, 1), False),
        ("a.tif", "band_1_blue band_2_green band_3_red band_4_nir", (3, 2, 1), False),
        ("a.tif", "coastal_blue blue green_i green yellow red rededge nir", (6, 4, 2), False),
        ("S1A_IW_GRDH.tif", "VH VV", (2,), False),
        ("a.tif", "Band_1 Band_2 Band_3 Band_4", (1, 2, 3), True),
    ],
)
def test_names_that_agencies_write(
    make_raster, read, bands, name, descriptions, expected, is_guess
):
    texts = descriptions.split()
    values = bands(*range(10, 10 * len(texts) + 1, 10), dtype="uint16")
    path = make_raster(name, values, descriptions=texts, photometric="MINISBLACK")
    facts, _, _ = read(path)
    assert (facts.bands, facts.is_guess) == (expected, is_guess)


def test_wavelengths_of_an_envi_file(tmp_path, read):
    lengths = [round(400 + 9.7 * number, 1) for number in range(60)]
    nearest = tuple(
        min(range(60), key=lambda n: abs(lengths[n] - wanted)) + 1 for wanted in (660, 560, 480)
    )
    values = np.arange(60 * 12, dtype=np.int16).reshape(60, 3, 4)
    values.tofile(tmp_path / "a.img")
    listed = ", ".join(map(str, lengths))
    header = "ENVI\nsamples = 4\nlines = 3\nbands = 60\nheader offset = 0\ndata type = 2\n"
    header += "interleave = bsq\nbyte order = 0\nwavelength units = Nanometers\n"
    (tmp_path / "a.hdr").write_text(f"{header}wavelength = {{{listed}}}\n")
    facts, _, _ = read(tmp_path / "a.img", Window(0, 0, 4, 3))
    assert facts.bands == nearest
    assert facts.bands_reason == "by wavelengths"


def test_wavelengths_in_tags_of_bands(make_raster, read, bands):
    path = make_raster(values=bands(1, 2, 3, 4, dtype="uint16"), photometric="MINISBLACK")
    with rasterio.open(path, "r+") as dataset:
        for band, length in enumerate((0.492, 0.559, 0.665, 0.833), 1):
            dataset.update_tags(band, wavelength=length)
    assert read(path)[0].bands == (3, 2, 1)


def test_tags_name_the_sensor(make_raster, read, bands):
    values = bands(*range(7), dtype="uint16")
    path = make_raster(values=values, photometric="MINISBLACK", tags={"platform": "landsat-9"})
    facts, _, _ = read(path)
    assert (facts.bands, facts.sensor, facts.is_guess) == ((4, 3, 2), "landsat-8", False)


def test_what_a_lone_mask_is_told_as(make_raster, read, bands):
    path = make_raster("20210601_103015_1040_3B_udm2.tif", bands(*range(8)))
    facts, _, _ = read(path)
    assert (facts.bands, facts.is_guess) == ((1,), False)
    assert facts.bands_reason == "a mask by its name: the first band, as grey"


def test_two_bands_that_nothing_is_said_of_are_a_guess():
    choice = choose_bands("auto", unknown(2))
    assert (choice.bands, choice.is_guess) == ((1,), True)
    assert not choose_bands("auto", unknown(1)).is_guess
    assert not choose_bands("auto", BandFacts("S1A_IW_x.tif", ["gray"] * 2, [None] * 2)).is_guess


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "expected", "is_guess"),
    [
        ("L7_ETMs.tif", (3, 2, 1), False),
        ("m_4709963_se_14_1_20090818.tif", (1, 2, 3), False),
        ("RGB.byte.tif", (1, 2, 3), False),
        ("ms1.tif", (1, 2, 3), True),
        ("2020.tif", (1, 2, 3), True),
    ],
)
def test_real_files(shared_dir, name, expected, is_guess):
    with open_scene(str(shared_dir / "data" / "scenes" / name), survey=True) as scene:
        assert (scene.facts.bands, scene.facts.is_guess) == (expected, is_guess)
