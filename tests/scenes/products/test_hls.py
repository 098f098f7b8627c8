"""HLS deliveries are a scene a tile and time."""

from datetime import UTC, datetime

import pytest

from harma.scenes.sources import find_scenes


@pytest.mark.parametrize(
    ("name", "near_infrared"),
    [
        ("HLS.L30.T17TPH.2020123T155510.v2.0", 5),
        ("HLS.S30.T17TPH.2020123T160251.v2.0", 80),
        ("HLS.S30.T31TCJ.2021001T105421.v2.0", 80),
        ("HLS.L30.T31TCJ.2021001T105421.v1.5", 5),
        ("HLS.L30.T01ABC.2016366T000000.v2.0", 5),
    ],
)
def test_bands_are_put_together(name, near_infrared, write_raster, tmp_path, values_of):
    bands = {"B01": 1, "B02": 2, "B03": 3, "B04": 4, "B05": 5, "B8A": 80, "B10": 10}
    for band, value in bands.items():
        write_raster(f"{name}.{band}.tif", value, dtype="int16", nodata=-9999)
    for layer in ("Fmask", "SAA", "VZA"):
        write_raster(f"{name}.{layer}.tif", 1, dtype="uint8")
    found = find_scenes([tmp_path])
    (source,) = found.sources
    assert values_of(source) == ([4, 3, 2, near_infrared], ("red", "green", "blue", "nir"))
    assert source.name.endswith(".B04.tif")
    assert source.sensor == "hls"
    year_and_day, clock = name.split(".")[3].split("T")
    expected = datetime.strptime(year_and_day + clock, "%Y%j%H%M%S").replace(tzinfo=UTC)
    assert source.taken.start == expected
    assert len(found.left_out) == len(bands) - 4 + 3


def test_a_mask_alone_is_no_scene(write_raster, tmp_path):
    write_raster("HLS.L30.T17TPH.2020123T155510.v2.0.Fmask.tif", 1)
    write_raster("HLS.L30.T17TPH.2020123T155510.v2.0.B06.tif", 1)
    found = find_scenes([tmp_path])
    assert [source.name[-7:] for source in found.sources] == ["B06.tif"]
    assert len(found.left_out) == 1


@pytest.mark.parametrize("layer", ["stack", "RGB", "B04-B02", "NDVI"])
def test_a_file_of_another_name_is_a_scene(layer, write_raster, tmp_path):
    own = write_raster(f"HLS.L30.T10SEG.2021128T184505.v2.0.{layer}.tif", 5)
    assert [source.name for source in find_scenes([tmp_path]).sources] == [str(own)]
