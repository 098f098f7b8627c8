"""What is nodata."""

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.enums import ColorInterp

from harma.errors import ConfigError
from harma.scenes.nodata import check_nodata
from harma.scenes.stretch_rule import SCENE, StretchRule
from harma.scenes.windows import Window

PER_SCENE = StretchRule(SCENE, (2.0, 98.0), each=True)

RGBA = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]


def test_nodata_is_black_and_counted(make_raster, bands, read):
    values = bands(0, 0, 0)
    values[:, :, 25:] = 200
    _, pixels, empty = read(make_raster(values=values, nodata=0))
    assert empty == 0.5
    assert (pixels[:, :25] == 0).all()
    assert (pixels[:, 25:] == 200).all()


def test_alpha_is_a_mask(make_raster, bands, read):
    values = bands(90, 90, 90, 255)
    values[3, :10] = 0
    _, pixels, empty = read(make_raster(values=values, interpretation=RGBA))
    assert empty == 0.25
    assert (pixels[:10] == 0).all()


def test_nodata_of_a_persons_own(make_raster, bands, read):
    values = bands(7, 7, 7)
    values[:, :20] = 100
    values[0, 20, :] = 8  # of a pixel, all bands must have the value
    _, pixels, empty = read(make_raster(values=values), nodata=7)
    assert empty == 19 / 40
    assert pixels[20, 0].tolist() == [8, 7, 7]
    with pytest.raises(
        ConfigError, match=r"scene.tif: nodata is -9999, which its values \(uint8\) cannot hold"
    ):
        read(make_raster(values=values), nodata=-9999)


def test_a_value_of_a_persons_own_takes_the_place_of_the_files(make_raster, bands, read):
    values = bands(0, 0, 0)
    values[:, :10] = 7
    path = make_raster(values=values, nodata=0)
    assert read(path)[2] == 0.75
    assert read(path, nodata=7)[2] == 0.25
    assert read(path, nodata=float("nan"))[2] == 0


def test_what_is_transparent_stays_so(make_raster, bands, read):
    values = bands(7, 7, 7, 255)
    values[:3, :20] = 100
    values[3, :10] = 0
    values[3, 10] = 1  # hardly opaque, but data
    path = make_raster(values=values, interpretation=RGBA)
    assert read(path, nodata=7)[2] == 0.75
    assert read(path, nodata=float("nan"))[2] == 0.25


def test_a_mask_of_the_file(make_raster, bands, read):
    mask = np.full((40, 50), 255, dtype=np.uint8)
    mask[:, :5] = 0
    path = make_raster(values=bands(7, 7, 7), mask=mask)
    assert read(path)[2] == pytest.approx(0.1)
    assert read(path, nodata=7)[2] == 1


def test_values_that_are_not_numbers_are_nodata(make_raster, bands, read):
    values = bands(1, 2, 3, dtype=np.float32)
    values[0, :20] = np.nan
    values[1, 20, 0] = np.inf
    _, pixels, empty = read(make_raster(values=values))
    assert empty == pytest.approx(0.5 + 1 / 2000)
    assert (pixels[:20] == 0).all()


@pytest.mark.parametrize(
    ("value", "kind", "fits"),
    [
        (0, "uint8", True),
        (255, "uint8", True),
        (256, "uint8", False),
        (-1, "uint8", False),
        (65535, "uint16", True),
        (-32768, "int16", True),
        (0.5, "uint16", False),
        (float("inf"), "uint16", False),
        (float("nan"), "uint16", True),
        (None, "uint16", True),
        (-9999.5, "float32", True),
    ],
)
def test_values_that_a_type_can_hold(value, kind, fits):
    types = [np.dtype("float32"), np.dtype(kind)]
    if fits:
        check_nodata(value, types)
        return
    with pytest.raises(ConfigError, match=rf"which its values \({kind}\) cannot hold"):
        check_nodata(value, types)


def by_numpy(shown, nodata):
    """Share of pixels without data: all bands have the value."""
    return float((shown == nodata).all(axis=0).mean())


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "float32"])
@pytest.mark.parametrize("fill_of_qa", [1, 21824, 7])
def test_extra_bands_say_nothing(make_raster, read, kind, fill_of_qa):
    """A QA band whose fill is 1, as Landsat's, has data where the bands shown have none."""
    rng = np.random.default_rng(1)
    values = rng.integers(1, 100, (4, 40, 50)).astype(kind)
    values[:3, :, :20] = 0
    values[0, :10, 20:] = 0  # of one band only: a colour
    values[3] = min(fill_of_qa, 255) if kind == "uint8" else fill_of_qa
    path = make_raster(values=values, nodata=0, photometric="MINISBLACK")
    facts, pixels, empty = read(path, stretch=PER_SCENE)
    assert facts.bands == (1, 2, 3)
    assert empty == pytest.approx(by_numpy(values[:3], 0))
    assert (pixels[:, :20] == 0).all()
    # The stretch is of valid pixels alone.
    if kind != "uint8":
        low, high = np.percentile(values[1, :, 20:].astype(float), (2, 98))
        wanted = np.clip(np.round((values[1, 30:, 20:] - low) * 255 / (high - low)), 0, 255)
        assert np.abs(pixels[30:, 20:, 1] - wanted).max() <= 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int16", -9999), ("uint16", 65535), ("float32", -9999), ("float64", -3.4e38), ("int32", -1)],
)
def test_values_that_nobody_measures_are_nodata_in_one_band_too(make_raster, read, kind, value):
    values = np.arange(6000).reshape(3, 40, 50).astype(kind)
    values[:, :10] = value
    values[2, 10:14] = value  # bands that do not quite overlap
    _, pixels, empty = read(make_raster(values=values, nodata=value), stretch=PER_SCENE)
    assert empty == pytest.approx(14 / 40)
    assert (pixels[:14] == 0).all()
    valid = values[2, 14:].astype(float)
    low, high = np.percentile(valid, (2, 98))
    wanted = np.clip(np.round((valid - low) * 255 / (high - low)), 0, 255)
    assert np.abs(pixels[14:, :, 2] - wanted).max() <= 1


VRT_BAND = """  <VRTRasterBand dataType="{kind}" band="{band}">{said}
    <ComplexSource><SourceFilename relativeToVRT="1">scene.tif</SourceFilename>
    <SourceBand>{band}</SourceBand><SrcRect xOff="0" yOff="0" xSize="50" ySize="40"/>
    <DstRect xOff="0" yOff="0" xSize="50" ySize="40"/></ComplexSource>
  </VRTRasterBand>
"""


def vrt(path, kind, said, height=40):
    """A virtual raster of scene.tif whose bands say things of themselves."""
    bands = "".join(
        VRT_BAND.format(kind=kind, band=band, said=text) for band, text in enumerate(said, 1)
    )
    (path.parent / "x.vrt").write_text(
        f'<VRTDataset rasterXSize="50" rasterYSize="{height}">\n{bands}</VRTDataset>'
    )
    return path.parent / "x.vrt"


@pytest.mark.parametrize("fills", [(0, 0, 7), (1, 2, 3), (9, 9, 9), (0, 5, 250), (3, 0, 0)])
def test_nodata_values_that_differ_from_band_to_band(make_raster, read, fills):
    values = np.random.default_rng(2).integers(20, 99, (3, 40, 50)).astype(np.uint8)
    for band, fill in enumerate(fills):
        values[band, 5:25] = fill
        values[band, 30 + band] = fill  # in one band only
    said = [f"<NoDataValue>{fill}</NoDataValue>" for fill in fills]
    _, pixels, empty = read(vrt(make_raster(values=values), "Byte", said))
    assert empty == 0.5
    assert (pixels[5:25] == 0).all()
    assert (pixels[25:] == np.moveaxis(values[:, 25:], 0, -1)).all()


def test_a_band_without_a_nodata_value_has_data(make_raster, read, bands):
    said = ["<NoDataValue>0</NoDataValue>", "<NoDataValue>0</NoDataValue>", ""]
    assert read(vrt(make_raster(values=bands(0, 0, 0)), "Byte", said))[2] == 0


def test_rows_that_a_virtual_raster_fills(make_raster, read, bands):
    said = ["<NoDataValue>0</NoDataValue>"] * 3
    path = vrt(make_raster(values=bands(9, 9, 9)), "Byte", said, height=80)
    assert read(path, Window(0, 0, 50, 80))[2] == 0.5


def test_a_nodata_value_that_the_type_cannot_hold_says_nothing(make_raster, read):
    values = np.arange(2000).reshape(1, 40, 50).astype(np.uint16)
    said = ["<NoDataValue>-9999</NoDataValue>"]
    assert read(vrt(make_raster(values=values), "UInt16", said))[2] == 0


@pytest.mark.parametrize("internal", [True, False])
@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_masks_in_and_beside_the_file(make_raster, read, bands, kind, internal):
    mask = np.zeros((40, 50), dtype=np.uint8)
    mask[10:, 7:] = 255
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal):
        path = make_raster(values=bands(7, 8, 9, 10, dtype=kind), mask=mask)
    beside = path.with_name("scene.tif.msk")
    assert beside.exists() != internal
    with rasterio.open(path) as dataset:
        wanted = 1 - (dataset.dataset_mask() > 0).mean()
    assert wanted == pytest.approx(1 - 30 * 43 / 2000)
    assert read(path)[2] == pytest.approx(wanted)


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_masks_of_each_band(make_raster, read, bands, kind):
    """A pixel holds data where one of the bands shown does; what others say does not matter."""
    path = make_raster(values=bands(7, 8, 9, 10, dtype=kind), photometric="MINISBLACK")
    masks = np.zeros((4, 40, 50), dtype=np.uint8)
    masks[0, :10] = 255
    masks[2, :20] = 255
    masks[3] = 255
    with rasterio.open(
        f"{path}.msk", "w", driver="GTiff", count=4, height=40, width=50, dtype="uint8"
    ) as beside:
        beside.write(masks)
        # Not one for the whole file, as 2 would say.
        beside.update_tags(**{f"INTERNAL_MASK_FLAGS_{band}": "0" for band in (1, 2, 3, 4)})
    with rasterio.open(path) as dataset:
        assert dataset.mask_flag_enums == ([],) * 4
    assert read(path)[2] == 0.5


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_alpha_of_8_and_16_bits_beside_nodata(make_raster, read, kind):
    values = np.random.default_rng(3).integers(1, 200, (4, 40, 50)).astype(kind)
    values[3] = np.iinfo(kind).max
    values[3, :10] = 0
    values[:3, 20:30] = 0
    path = make_raster(values=values, interpretation=RGBA)
    assert read(path)[2] == 0.25
    path = make_raster("other.tif", values, interpretation=RGBA, nodata=0)
    assert read(path)[2] == 0.5


@pytest.mark.parametrize("shore", [0, 10, 20, 30, 35, 40])
def test_infrared_that_is_declared_as_alpha(make_raster, read, shore):
    """Near infrared is 0 over water: no reason to leave it out."""
    values = np.random.default_rng(4).integers(1, 200, (4, 40, 50)).astype(np.uint8)
    values[3, :shore] = 0
    path = make_raster(values=values, interpretation=RGBA)
    _, pixels, empty = read(path)
    assert empty == 0
    assert (pixels == np.moveaxis(values[:3], 0, -1)).all()


def test_alpha_that_is_asked_for_is_a_picture(make_raster, read, bands):
    values = bands(1, 2, 3, 255)
    values[3, :10] = 0
    _, pixels, empty = read(make_raster(values=values, interpretation=RGBA), bands=(4, 1, 2))
    assert empty == 0
    assert pixels[20, 0].tolist() == [255, 1, 2]


def test_black_collars_of_infrared_that_is_declared_as_alpha(make_raster, read):
    values = np.random.default_rng(4).integers(1, 200, (4, 40, 50)).astype(np.uint8)
    values[3, :20] = 0  # water
    values[:, :5] = 0  # nothing
    assert read(make_raster(values=values, interpretation=RGBA))[2] == 0.125


@pytest.mark.parametrize(
    ("name", "fill", "is_fill"),
    [
        ("LC08_044034_20140318.tif", 0, True),
        ("S2A_MSIL2A_20200101T103421.tif", 0, True),
        ("20210601_103015_1040_3B_AnalyticMS.tif", 0, True),
        ("HLS.S30.T31TFJ.2020001T104421.v2.0.tif", -9999, True),
        ("10FEB22094856-M2AS-052298844010_01_P001.TIF", 0, True),
        ("m_4709963_se_14_1_20090818.tif", 0, False),
        ("a.tif", 0, False),
    ],
)
def test_the_fill_of_products_where_the_file_says_nothing(make_raster, read, name, fill, is_fill):
    values = np.random.default_rng(6).integers(1, 200, (4, 40, 50)).astype(np.int16)
    values[:3, :10] = fill
    assert read(make_raster(name, values))[2] == (0.25 if is_fill else 0)
    # A file that says so is believed, and 8 bits are pictures.
    assert read(make_raster(name, values, nodata=-1))[2] == 0
    if fill == 0:
        small = values.astype(np.uint8)
        assert read(make_raster(name, small, photometric="MINISBLACK"))[2] == 0


def test_one_tag_for_all_bands(make_raster, read):
    values = np.random.default_rng(7).integers(30, 200, (4, 40, 50)).astype(np.uint8)
    values[:3, :10] = np.array([1, 2, 3])[:, None, None]
    tags = {"NODATA_VALUES": "1 2 3 4"}
    path = make_raster(values=values, tags=tags, photometric="MINISBLACK")
    assert read(path)[2] == 0.25


def test_a_value_stated_with_fewer_digits(make_raster, read):
    values = np.arange(2000, dtype=np.float32).reshape(1, 40, 50)
    values[0, :10] = np.finfo(np.float32).min
    said = ["<NoDataValue>-3.40282e+38</NoDataValue>"]
    assert read(vrt(make_raster(values=values), "Float32", said))[2] == 0.25


@pytest.mark.parametrize("fill", [-3.4028235e38, 3.4e38, -1e31, np.nan, -np.inf])
def test_fill_that_no_real_number_measures_needs_no_declaration(make_raster, read, fill):
    values = np.linspace(-1, 1, 2000, dtype=np.float32).reshape(1, 40, 50)
    shown = read(make_raster("whole.tif", values=values))[1]
    filled = values.copy()
    filled[0, :, :5] = fill
    _, pixels, empty = read(make_raster(values=filled))
    assert empty == pytest.approx(0.1)
    # The range is of what was measured: all else looks about as without the fill.
    assert np.abs(pixels[:, 5:].astype(int) - shown[:, 5:]).max() <= 3


def transparent(mode):
    """A picture whose left half is transparent."""
    rgba = np.full((40, 50, 4), 255, dtype=np.uint8)
    rgba[..., :3] = np.arange(50)[None, :, None] * 5
    rgba[:, :25, 3] = 0
    picture = Image.fromarray(rgba)
    if mode == "P":
        return picture.convert("RGB").quantize(16), {"transparency": 0}
    return picture.convert(mode), {}


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.gif", "grey.png", "p.png"])
def test_transparent_parts_of_pictures(tmp_path, read, name):
    mode = {"grey.png": "LA", "p.png": "P"}.get(name, "RGBA")
    picture, options = transparent(mode)
    if name.endswith("webp"):
        options["lossless"] = True
    picture.save(tmp_path / name, **options)
    with Image.open(tmp_path / name) as saved:
        alpha = np.asarray(saved.convert("RGBA"))[..., 3]
    assert 0 < (alpha == 0).mean() < 1
    facts, pixels, empty = read(tmp_path / name)
    assert facts.bands_reason == "a picture"
    assert empty == pytest.approx((alpha == 0).mean())
    assert (pixels[alpha == 0] == 0).all()


def test_infrared_as_alpha_of_a_picture(tmp_path, read):
    values = np.random.default_rng(5).integers(1, 200, (40, 50, 4)).astype(np.uint8)
    values[:10, :, 3] = 0
    Image.fromarray(values).save(tmp_path / "a.png")
    _, pixels, empty = read(tmp_path / "a.png")
    assert empty == 0
    assert (pixels == values[..., :3]).all()


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["pix4d_alpha_nodata.tif", "RGB.byte.tif", "OSBS_029.tif", "cogeo.tif", "1985.tif"]
)
def test_real_files(shared_dir, read, name):
    path = shared_dir / "data" / "scenes" / name
    with rasterio.open(path) as dataset:
        wanted = 1 - (dataset.dataset_mask() > 0).mean()
        window = Window(0, 0, dataset.width, dataset.height)
    assert read(path, window)[2] == pytest.approx(wanted, abs=1e-6)
