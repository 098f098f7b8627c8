"""Opening rasters and reading chips."""

import numpy as np
import pytest
from PIL import Image
from rasterio.enums import ColorInterp

from harma.errors import ConfigError, DataError, MissingFileError
from harma.scenes.bands import parse_bands
from harma.scenes.raster import Reading, open_scene
from harma.scenes.windows import Window

ALL = Window(0, 0, 50, 40)


def bands(*values, dtype=np.uint8):
    return np.stack([np.full((40, 50), value, dtype=dtype) for value in values])


def read(path, window=ALL, **options):
    with open_scene(str(path), Reading(**options)) as scene:
        pixels, empty = scene.read(window)
        return scene.facts, pixels, empty


def test_rgb_is_read_as_it_is(make_raster):
    facts, pixels, empty = read(make_raster(values=bands(10, 20, 30)))
    assert pixels.shape == (40, 50, 3)
    assert (pixels == [10, 20, 30]).all()
    assert (empty, facts.stretch, facts.crs) == (0, "", "EPSG:32631")
    assert facts.gsd == pytest.approx(10, rel=0.01)


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
def test_bands(make_raster, options, count, wanted, expected):
    values = bands(*(10 * (i + 1) for i in range(count)))
    facts, pixels, _ = read(make_raster(values=values, **options), bands=wanted)
    assert facts.bands == expected
    shown = expected if len(expected) == 3 else expected * 3
    assert pixels[0, 0].tolist() == [10 * band for band in shown]


def test_bands_that_are_not_there(make_raster):
    with pytest.raises(DataError, match=r"it has 3 bands, and bands 7, 2, 1 were asked for"):
        read(make_raster(), bands=(7, 2, 1))
    with pytest.raises(ConfigError, match=r"bands is '0,1,2'; allowed are auto, sentinel-2"):
        parse_bands("0,1,2")
    assert parse_bands("3, 2, 1") == (3, 2, 1)


def test_nodata_is_black_and_counted(make_raster):
    values = bands(0, 0, 0)
    values[:, :, 25:] = 200
    _, pixels, empty = read(make_raster(values=values, nodata=0))
    assert empty == 0.5
    assert (pixels[:, :25] == 0).all()
    assert (pixels[:, 25:] == 200).all()


def test_alpha_is_a_mask(make_raster):
    values = bands(90, 90, 90, 255)
    values[3, :10] = 0
    rgba = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    _, pixels, empty = read(make_raster(values=values, interpretation=rgba))
    assert empty == 0.25
    assert (pixels[:10] == 0).all()


def test_nodata_of_a_persons_own(make_raster):
    values = bands(7, 7, 7)
    values[:, :20] = 100
    _, _, empty = read(make_raster(values=values), nodata=7)
    assert empty == 0.5
    with pytest.raises(
        ConfigError, match=r"nodata is -9999, which its values \(uint8\) cannot hold"
    ):
        read(make_raster(values=values), nodata=-9999)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32, np.float64])
def test_other_types_are_stretched_by_percentiles(make_raster, dtype):
    ramp = np.linspace(1000, 3000, 40 * 50).reshape(40, 50)
    values = np.stack([ramp, ramp * 2, ramp * 3]).astype(dtype)
    facts, pixels, _ = read(make_raster(values=values), percentiles=(0, 100))
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels[-1, -1].tolist() == [255, 255, 255]
    assert facts.stretch == "1000 to 3000; 2000 to 6000; 3000 to 9000"
    narrow, _, _ = read(make_raster(values=values), percentiles=(10, 90))
    assert [round(float(end), -1) for end in narrow.stretch.split(";")[0].split(" to ")] == [
        1200,
        2800,
    ]


def test_values_that_are_not_numbers_are_nodata(make_raster):
    values = bands(1, 2, 3, dtype=np.float32)
    values[0, :20] = np.nan
    values[1, 20, 0] = np.inf
    _, pixels, empty = read(make_raster(values=values))
    assert empty == pytest.approx(0.5 + 1 / 2000)
    assert (pixels[:20] == 0).all()


def test_a_scene_without_any_valid_value(make_raster):
    with pytest.raises(DataError, match="no valid pixel"):
        read(make_raster(values=bands(np.nan, np.nan, np.nan, dtype=np.float32)))


def test_palettes(make_raster):
    values = np.zeros((1, 40, 50), dtype=np.uint8)
    values[0, :20] = 5
    _, pixels, empty = read(
        make_raster(values=values, colormap={0: (1, 2, 3, 255), 5: (200, 100, 50, 255)})
    )
    assert pixels[0, 0].tolist() == [200, 100, 50]
    assert pixels[-1, 0].tolist() == [1, 2, 3]
    assert empty == 0


def test_windows_over_the_edge_are_filled_with_nodata(make_raster):
    _, pixels, empty = read(make_raster(), Window(40, 30, 20, 20))
    assert (pixels[:10, :10] == 100).all()
    assert (pixels[10:] == 0).all()
    assert empty == 0.75


def test_complex_values_are_refused(make_raster):
    with pytest.raises(DataError, match="complex numbers"):
        read(make_raster(values=bands(1, 2, 3, dtype=np.complex64)))


def test_pictures_have_no_place(tmp_path):
    Image.new("CMYK", (30, 20), (0, 255, 255, 0)).save(tmp_path / "20150926.jpg")
    facts, pixels, empty = read(tmp_path / "20150926.jpg", Window(0, 0, 30, 20))
    assert (facts.crs, facts.gsd, facts.taken.year) == ("", None, 2015)
    assert pixels[0, 0, 0] > 200
    assert empty == 0


def test_a_raster_without_georeference_has_no_place(make_raster):
    with open_scene(str(make_raster(crs=None, pixel=None))) as scene:
        assert scene.place is None
        assert scene.facts.gsd is None


def test_the_date_of_the_metadata_comes_first(make_raster):
    path = make_raster("20090818.tif", tags={"ACQUISITION_DATE": "2015-09-26"})
    assert read(path)[0].taken.year == 2015


def test_unusable_files(make_raster, tmp_path):
    with pytest.raises(MissingFileError, match="it is not there"):
        read(tmp_path / "gone.tif")
    (tmp_path / "empty.tif").write_bytes(b"")
    (tmp_path / "text.tif").write_text("not a raster")
    for name in ("empty.tif", "text.tif"):
        with pytest.raises(DataError, match="cannot be read as a raster or picture"):
            read(tmp_path / name)
    whole = make_raster(
        values=np.random.default_rng(0).integers(0, 255, (3, 400, 500)).astype(np.uint8)
    )
    whole.write_bytes(whole.read_bytes()[:200_000])
    with pytest.raises(DataError, match="damaged|cannot be read"):
        read(whole, Window(0, 0, 500, 400))


def test_scenes_of_an_address_are_read_over_http(make_raster):
    import functools
    import threading
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    from harma.scenes.sources import source_named

    path = make_raster(values=np.full((3, 40, 50), 77, dtype=np.uint8))

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *told):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=path.parent))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        with open_scene(source_named(f"{base}/{path.name}").opened_as) as scene:
            assert scene.place is not None
            assert (scene.read(Window(0, 0, 50, 40))[0] == 77).all()
        with (
            pytest.raises((DataError, MissingFileError)),
            open_scene(source_named(f"{base}/none.tif").opened_as),
        ):
            pass
    finally:
        server.shutdown()
