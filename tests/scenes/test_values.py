"""Values for models of several bands: bands by name, units, nodata, refusals."""

import numpy as np
import pytest
import rasterio
from affine import Affine

from harma.errors import DataError
from harma.scenes.model_bands import BAND_SETS, ModelBands
from harma.scenes.raster import open_scene
from harma.scenes.reading import Reading
from harma.scenes.windows import Window

S2 = "S2B_MSIL2A_20230101T101010_N0509_R022_T32TQM_20230101T101010.tif"
OLD_S2 = "S2B_MSIL2A_20190101T101010_N0211_R022_T32TQM_20190101T101010.tif"
FOUR = BAND_SETS["sentinel-2-4"]


def write(path, names, values, *, nodata=None, scale=None, transform=None, tags=None):
    """A raster of bands, each of one value or an array."""
    arrays = [np.broadcast_to(value, (6, 8)) for value in values]
    stacked = np.stack(arrays)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=8,
        height=6,
        count=len(arrays),
        dtype=stacked.dtype,
        nodata=nodata,
        crs="EPSG:32632",
        transform=transform or Affine(10, 0, 600000, 0, -10, 5000000),
    ) as dataset:
        dataset.write(stacked)
        dataset.descriptions = names
        if scale is not None:
            dataset.scales = (scale[0],) * len(arrays)
            dataset.offsets = (scale[1],) * len(arrays)
        dataset.update_tags(**(tags or {}))
    return str(path)


def read(path, wanted=FOUR, **options):
    with open_scene(path, Reading(values=wanted, **options)) as scene:
        return scene.read_values(Window(0, 0, 8, 6))


def u16(*values):
    return [np.uint16(value) for value in values]


@pytest.mark.parametrize(("name", "offset"), [(S2, 0.1), (OLD_S2, 0.0)])
def test_sentinel_2_is_reflectance_with_its_offset(tmp_path, name, offset):
    path = write(
        tmp_path / name, ("B08", "B11", "B04", "B03", "B02"), u16(5000, 1, 4000, 3000, 2000)
    )
    values, nodata = read(path)
    assert values.dtype == np.float32
    assert nodata == 0
    np.testing.assert_allclose(values[2, 3], np.array([0.2, 0.3, 0.4, 0.5]) - offset, atol=1e-6)


def test_twelve_bands_without_names_are_in_the_order_of_the_sensor(tmp_path):
    path = write(tmp_path / OLD_S2, (None,) * 12, u16(*range(100, 1300, 100)))
    ten, _ = read(path, BAND_SETS["sentinel-2-10"])
    expected = np.array([200, 300, 400, 500, 600, 700, 800, 900, 1100, 1200]) / 10000
    np.testing.assert_allclose(ten[0, 0], expected, atol=1e-6)
    twelve, _ = read(path, BAND_SETS["sentinel-2-12"])
    np.testing.assert_allclose(twelve[0, 0], np.arange(1, 13) / 100, atol=1e-6)
    # A person says whose order it is where the name does not.
    nameless = write(tmp_path / "a.tif", (None,) * 12, u16(*range(100, 1300, 100)))
    said, _ = read(nameless, BAND_SETS["sentinel-2-12"], bands="sentinel-2")
    np.testing.assert_allclose(said, twelve)
    with pytest.raises(DataError, match=r"band 1 \(unnamed\).*lacking: B02, B03, B04, B08"):
        read(nameless)


def test_what_the_file_states_counts_more(tmp_path):
    path = write(
        tmp_path / "a.tif", ("B02", "B03", "B04", "B08"), u16(10, 20, 30, 40), scale=(0.01, -0.05)
    )
    np.testing.assert_allclose(read(path)[0][0, 0], [0.05, 0.15, 0.25, 0.35], atol=1e-6)


def test_nodata_is_told(tmp_path):
    column = np.arange(8)[None, :]
    values = [np.where(column < 2, 0, level).astype(np.uint16) for level in (10, 20, 30, 40)]
    path = write(tmp_path / OLD_S2, ("B02", "B03", "B04", "B08"), values, nodata=0)
    seen, nodata = read(path)
    assert nodata == pytest.approx(0.25)
    assert np.isnan(seen[:, :2]).all()
    assert np.isfinite(seen[:, 2:]).all()
    # Beyond the scene there is none either.
    with open_scene(path, Reading(values=FOUR)) as scene:
        padded, share = scene.read_values(Window(4, 0, 8, 6))
    assert share == pytest.approx(0.5)
    assert np.isnan(padded[:, 4:]).all()


def test_real_numbers_are_reflectance_unless_they_are_too_large(tmp_path):
    names = ("B02", "B03", "B04", "B08")
    small = write(tmp_path / "a.tif", names, [np.float32(value) for value in (0.1, 0.2, 0.3, 0.4)])
    np.testing.assert_allclose(read(small)[0][0, 0], [0.1, 0.2, 0.3, 0.4])
    large = write(tmp_path / OLD_S2, names, [np.float32(value) for value in (1e3, 2e3, 3e3, 4e3)])
    np.testing.assert_allclose(read(large)[0][0, 0], [0.1, 0.2, 0.3, 0.4], atol=1e-6)


@pytest.mark.parametrize("kind", [np.uint16, np.uint8])
def test_what_nothing_says_is_refused(tmp_path, kind):
    bands = ModelBands(("red", "nir"), (0.1, 0.2), (0.1, 0.1))
    path = write(tmp_path / "drone.tif", ("red", "nir"), [kind(10), kind(20)])
    with pytest.raises(DataError, match=r"nothing says how its values \(uint.*become reflectance"):
        read(path, bands)
    stored = ModelBands(("red", "nir"), (0.1, 0.2), (0.1, 0.1), "stored")
    np.testing.assert_array_equal(read(path, stored)[0][0, 0], [10, 20])


def test_numbers_of_bands_are_those_of_the_file_s_own_sensor(tmp_path):
    # B5 is near infrared to Landsat 8, and red edge to Sentinel-2.
    name = "LC08_L2SP_195028_20200720_20200911_02_T1_SR_stack.tif"
    path = write(
        tmp_path / name, ("SR_B2", "SR_B3", "SR_B4", "SR_B5"), u16(8000, 9000, 10000, 20000)
    )
    common = ModelBands(("blue", "green", "red", "nir"), (0.1,) * 4, (0.1,) * 4)
    np.testing.assert_allclose(read(path, common)[0][0, 0, 3], 20000 * 0.0000275 - 0.2, rtol=1e-5)
    with pytest.raises(DataError, match=r"SR_B5 \(nir08\).*lacking: B08"):
        read(path)


def test_sentinel_1_is_in_decibels(tmp_path):
    radar = BAND_SETS["sentinel-1"]
    name = "S1A_IW_GRDH_1SDV_20200101T054010_rtc.tif"
    db = write(tmp_path / name, ("VH", "VV"), [np.float32(-20), np.float32(-12)])
    np.testing.assert_allclose(read(db, radar)[0][0, 0], [-12, -20])
    power = write(tmp_path / "power.tif", ("VV", "VH"), [np.float32(0.1), np.float32(0.01)])
    np.testing.assert_allclose(read(power, radar)[0][0, 0], [-10, -20], rtol=1e-5)
    amplitude = write(tmp_path / "s1.tif", ("VV", "VH"), u16(300, 100))
    with pytest.raises(DataError, match="amplitudes that are not calibrated"):
        read(amplitude, radar)


def test_a_pixel_without_an_echo_has_no_data(tmp_path):
    vh = np.full((6, 8), 0.01, dtype=np.float32)
    vh[0, 0] = 0
    path = write(tmp_path / "a.tif", ("VV", "VH"), [np.float32(0.1), vh])
    values, nodata = read(path, BAND_SETS["sentinel-1"])
    assert np.isnan(values[0, 0]).all()
    assert nodata == pytest.approx(1 / 48)


def test_a_scene_that_is_not_north_up_is_read_upright(tmp_path):
    ramp = np.arange(48, dtype=np.uint16).reshape(6, 8)
    names = ("B02", "B03", "B04", "B08")
    upright = write(tmp_path / "a.tif", names, [ramp + n for n in range(4)], scale=(1.0, 0.0001))
    flipped = write(
        tmp_path / "b.tif",
        names,
        [ramp[::-1] + n for n in range(4)],
        scale=(1.0, 0.0001),
        transform=Affine(10, 0, 600000, 0, 10, 5000000 - 60),
    )
    np.testing.assert_array_equal(read(flipped)[0], read(upright)[0])


def test_a_survey_reads_no_pixel_and_refuses_all_the_same(tmp_path):
    path = write(tmp_path / OLD_S2, ("B02", "B03", "B04"), u16(1, 2, 3))
    with (
        pytest.raises(DataError, match="lacking: B08"),
        open_scene(path, Reading(values=FOUR), survey=True),
    ):
        pass


def test_pictures_for_people_stay_as_they_are(tmp_path):
    path = write(tmp_path / S2, ("B02", "B03", "B04", "B08"), u16(2000, 3000, 4000, 5000))
    with open_scene(path) as plain, open_scene(path, Reading(values=FOUR)) as scene:
        window = Window(0, 0, 8, 6)
        np.testing.assert_array_equal(plain.read(window)[0], scene.read(window)[0])
        assert plain.values is None
