"""Reading windows of rasters, palettes and pictures."""

import numpy as np
import pytest
import rasterio
from PIL import Image

from harma.errors import DataError
from harma.scenes import readers
from harma.scenes.raster import open_scene
from harma.scenes.readers import OVERVIEW_SIDE
from harma.scenes.reading import Reading
from harma.scenes.windows import Window

# A virtual raster whose palette says of number 1 what no 8-bit colour can be.
PALETTE_VRT = """<VRTDataset rasterXSize="4" rasterYSize="2">
  <VRTRasterBand dataType="{kind}" band="1">
    <ColorInterp>Palette</ColorInterp>{table}
    <SimpleSource>
      <SourceFilename relativeToVRT="1">{source}</SourceFilename><SourceBand>1</SourceBand>
    </SimpleSource>
  </VRTRasterBand>
</VRTDataset>"""
TABLE = """
    <ColorTable>
      <Entry c1="10" c2="20" c3="30" c4="255"/><Entry c1="300" c2="0" c3="-5" c4="255"/>
      <Entry c1="9" c2="9" c3="9" c4="0"/>
    </ColorTable>"""


def test_palettes(make_raster, read):
    values = np.zeros((1, 40, 50), dtype=np.uint8)
    values[0, :20] = 5
    _, pixels, empty = read(
        make_raster(values=values, colormap={0: (1, 2, 3, 255), 5: (200, 100, 50, 255)})
    )
    assert pixels[0, 0].tolist() == [200, 100, 50]
    assert pixels[-1, 0].tolist() == [1, 2, 3]
    assert empty == 0


def test_windows_over_the_edge_are_filled_with_nodata(make_raster, read):
    _, pixels, empty = read(make_raster(), Window(40, 30, 20, 20))
    assert (pixels[:10, :10] == 100).all()
    assert (pixels[10:] == 0).all()
    assert empty == 0.75


@pytest.mark.parametrize("kind", ["Byte", "Float32", "Int16"])
def test_colours_and_numbers_that_no_palette_should_have(make_raster, tmp_path, read, kind):
    values = np.array([[[0, 1, 0, 1], [999, 2, np.nan, -7]]], dtype=np.float32)
    make_raster("numbers.tif", values)
    vrt = PALETTE_VRT.format(kind=kind, table=TABLE, source="numbers.tif")
    (tmp_path / "odd.vrt").write_text(vrt)
    facts, pixels, empty = read(tmp_path / "odd.vrt", Window(0, 0, 4, 2))
    assert pixels[0].tolist() == [[10, 20, 30], [255, 0, 0]] * 2
    # Neither a number without a colour nor one whose colour is transparent is data.
    assert (pixels[1, :2] == 0).all()
    assert empty >= 2 / 8
    assert facts.bands_reason == "colours of its palette"


def test_a_palette_without_colours_is_refused(make_raster, tmp_path, read):
    make_raster("numbers.tif", np.zeros((1, 2, 4), dtype=np.uint8))
    vrt = PALETTE_VRT.format(kind="Byte", table="", source="numbers.tif")
    (tmp_path / "odd.vrt").write_text(vrt)
    with pytest.raises(DataError, match=r"odd.vrt: the colours of its palette cannot be read \("):
        read(tmp_path / "odd.vrt", Window(0, 0, 4, 2))


def test_percentiles_of_a_large_scene_are_those_of_a_thinned_out_copy(make_raster, read):
    length = 3 * OVERVIEW_SIDE
    ramp = np.arange(length, dtype=np.uint16)
    values = ramp[None, None, :].repeat(3, axis=1)
    facts, pixels, _ = read(
        make_raster(values=values), Window(0, 0, length, 3), bands=(1,), stretch="scene"
    )
    low, _, high = facts.stretch.partition(" to ")
    assert float(low) == pytest.approx(0.02 * length, rel=0.02)
    assert float(high) == pytest.approx(0.98 * length, rel=0.02)
    assert (pixels[0, 0, 0], pixels[0, -1, 0]) == (0, 255)
    # Of three columns the middle one is looked at.
    values[..., ramp % 3 != 1] = 60_000
    facts, _, _ = read(
        make_raster(values=values), Window(0, 0, length, 3), bands=(1,), stretch="scene"
    )
    assert float(facts.stretch.partition(" to ")[2]) < length


def test_8_bit_scenes_are_opened_without_a_look_at_their_pixels(make_raster):
    values = np.random.default_rng(0).integers(0, 255, (3, 100, 100)).astype(np.uint8)
    path = make_raster(values=values, compress="deflate")
    data = bytearray(path.read_bytes())
    for place in range(1000, 20_000):
        data[place] ^= 0xFF
    path.write_bytes(bytes(data))
    with (
        open_scene(str(path)) as scene,
        pytest.raises(DataError, match="it is damaged"),
    ):
        scene.read(Window(0, 0, 100, 100))


def test_parts_of_a_picture(tmp_path, read):
    picture = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
    Image.fromarray(picture).save(tmp_path / "a.png")
    _, pixels, empty = read(tmp_path / "a.png", Window(10, 4, 8, 6))
    assert (pixels == picture[4:10, 10:18]).all()
    assert empty == 0
    _, pixels, empty = read(tmp_path / "a.png", Window(25, 15, 10, 10))
    assert (pixels[:5, :5] == picture[15:, 25:]).all()
    assert empty == 0.75


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(3, 8, (2, 4)), (8, 3, (4, 2)), (1, 12, (1, 4)), (4, 2, (4, 2)), (2, 3, (2, 3))],
)
def test_the_longer_side_of_the_thinned_out_copy(make_raster, monkeypatch, height, width, expected):
    monkeypatch.setattr(readers, "OVERVIEW_SIDE", 4)
    values = np.arange(height * width, dtype=np.uint16).reshape(1, height, width)
    with open_scene(str(make_raster(values=values))) as scene:
        assert scene.reader.look().values.shape == (1, *expected)


def test_percentiles_are_looked_at_where_one_band_is_not_8_bit(make_raster, read):
    values = np.zeros((1, 40, 50), dtype=np.uint16)
    values[0, 0, 0] = 500
    facts, pixels, _ = read(make_raster(values=values), stretch="scene:0,100")
    assert facts.stretch == "0 to 500"
    assert pixels[0, 0].tolist() == [255] * 3


@pytest.mark.parametrize("has_overviews", [False, True])
def test_a_glance_at_a_large_scene_is_small_and_spread(make_raster, monkeypatch, has_overviews):
    monkeypatch.setattr(readers, "OVERVIEW_SIDE", 40)
    monkeypatch.setattr(readers, "PLACE_SIDE", 8)
    rows, columns = np.mgrid[:200, :300]
    values = np.stack([rows, columns]).astype(np.uint16)
    path = make_raster(values=values, nodata=65_535)
    if has_overviews:
        with rasterio.open(path, "r+") as dataset:
            dataset.build_overviews([4], rasterio.enums.Resampling.nearest)
    with open_scene(str(path), Reading(bands=(1,)), survey=True) as scene:
        glance = scene.reader.glance()
        assert glance.values.size <= max(16 * 8 * 8, 40 * 27)
    assert glance.valid.all()
    # Of a ramp any even sample has the same percentiles.
    np.testing.assert_allclose(np.percentile(glance.values, (25, 50, 75)), (50, 100, 150), atol=15)


def test_a_glance_at_a_small_scene_is_all_of_it(make_raster):
    values = np.arange(2000, dtype=np.uint16).reshape(1, 40, 50)
    with open_scene(str(make_raster(values=values)), survey=True) as scene:
        assert (scene.reader.glance().values == values).all()


@pytest.mark.parametrize("shape", [(1, 300), (300, 3), (7, 300)])
def test_a_glance_at_a_narrow_scene(make_raster, monkeypatch, shape):
    monkeypatch.setattr(readers, "OVERVIEW_SIDE", 40)
    monkeypatch.setattr(readers, "PLACE_SIDE", 8)
    values = np.arange(shape[0] * shape[1], dtype=np.uint16).reshape(1, *shape)
    with open_scene(str(make_raster(values=values)), survey=True) as scene:
        glance = scene.reader.glance()
    assert 8 <= glance.values.size < values.size
    assert np.isin(glance.values, values).all()
