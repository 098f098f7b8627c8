"""Deliveries with a file for each band."""

import pytest

from harma.scenes.sources import find_scenes

THEIA = "SENTINEL2A_20180710-105431-567_L2A_T31TCJ_C_V2-2"


@pytest.mark.parametrize(
    ("form", "bands", "expected", "when"),
    [
        (f"{THEIA}_FRE_B{{}}.tif", "2 3 4 5 8 8A", [4, 3, 2, 8], "2018-07-10 10:54:31"),
        ("CBERS_4A_WPM_20200103_200_100_L4_BAND{}.tif", "0 1 2 3 4", [3, 2, 1, 4], "2020-01-03"),
        ("CBERS_4_MUX_20200103_200_100_L4_BAND{}.tif", "5 6 7 8", [7, 6, 5, 8], "2020-01-03"),
        (
            "CBERS_4A_WFI_20200103_200_100_L4_BAND{}.tif",
            "13 14 15 16",
            [15, 14, 13, 16],
            "2020-01-03",
        ),
        ("CBERS4A_WPM20200103_200_100_L4_BAND{}.tif", "1 2 3 4", [3, 2, 1, 4], ""),
    ],
)
def test_bands_by_number(form, bands, expected, when, write_raster, tmp_path, values_of):
    for band in bands.split():
        write_raster(form.format(band), int(band.rstrip("A")) + 100 * band.endswith("A"))
    found = find_scenes([tmp_path])
    (source,) = found.sources
    assert values_of(source) == (expected, ("red", "green", "blue", "nir"))
    assert str(source.taken.start if source.taken else "").startswith(when)
    assert len(found.left_out) == len(bands.split()) - 4


@pytest.mark.parametrize(
    "form",
    [
        "field_{}.tif",
        "field {}.TIF",
        "{}.tif",
        "B_{}.tif",
        "2020-05-01 band-{}.jp2",
        "scene.{}.tif",
    ],
)
def test_files_named_by_colour(form, write_raster, tmp_path, values_of):
    driver = "JP2OpenJPEG" if form.endswith("jp2") else "GTiff"
    for color, value in {"red": 10, "Green": 20, "BLUE": 30}.items():
        path = form.format(color)
        write_raster(path, value, dtype="uint8", driver=driver, QUALITY=100, REVERSIBLE="YES")
    write_raster("other.tif", 1)
    sources = find_scenes([tmp_path]).sources
    stack = next(source for source in sources if source.opened_as.startswith("<"))
    assert len(sources) == 2
    assert values_of(stack) == ([10, 20, 30], ("red", "green", "blue"))


def test_ikonos(write_raster, tmp_path, values_of):
    for color, value in {"blu": 1, "grn": 2, "nir": 4, "red": 3, "pan": 9}.items():
        size = 80 if color == "pan" else 20
        write_raster(f"po_12345_{color}_0000000.tif", value, size=size, pixel=200 / size)
    found = find_scenes([tmp_path])
    (source,) = found.sources
    assert values_of(source)[0] == [3, 2, 1, 4]
    assert list(found.left_out) == [str(tmp_path / "po_12345_pan_0000000.tif")]


def test_masks_and_other_reflectances_of_theia_are_left_out(write_raster, tmp_path):
    for kind in ("FRE", "SRE"):
        for band in (2, 3, 4, 8):
            write_raster(f"{THEIA}_{kind}_B{band}.tif", band)
    write_raster(f"MASKS/{THEIA}_CLM_R1.tif", 1)
    write_raster(f"{THEIA}_QKL_ALL.jpg", 1, 1, 1, dtype="uint8", driver="JPEG")
    found = find_scenes([tmp_path])
    assert len(found.sources) == 1
    assert len(found.left_out) == 6


def test_colours_that_are_no_bands(write_raster, tmp_path):
    # Pictures of colours, of other places, incomplete, or words that only end so.
    for color in ("red", "green", "blue"):
        write_raster(f"pictures/roof_{color}.tif", 1, 2, 3, dtype="uint8")
        write_raster(f"places/roof_{color}.tif", 1, pixel=5 + len(color))
        write_raster(f"words/covered{color}.tif", 1)
    write_raster("part/a_red.tif", 1)
    write_raster("part/a_green.tif", 1)
    found = find_scenes([tmp_path])
    assert len(found.sources) == 11
    assert found.left_out == {}
