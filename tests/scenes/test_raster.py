"""Opening rasters and reading chips."""

import zipfile
from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from PIL import Image

from harma.errors import DataError, MissingFileError
from harma.scenes.place import Place
from harma.scenes.raster import open_scene
from harma.scenes.scene import Scene
from harma.scenes.windows import Window

ALL = Window(0, 0, 50, 40)


def test_rgb_is_read_as_it_is(make_raster, bands, read):
    facts, pixels, empty = read(make_raster(values=bands(10, 20, 30)))
    assert pixels.shape == (40, 50, 3)
    assert (pixels == [10, 20, 30]).all()
    assert (empty, facts.stretch, facts.crs) == (0, "", "EPSG:32631")
    assert facts.gsd == pytest.approx(10, rel=0.01)


def test_a_picture_of_16_bits_looks_as_a_raster_of_them_does(make_raster, tmp_path, read):
    values = np.linspace(0, 4095, 2000).astype(np.uint16).reshape(1, 40, 50)
    Image.fromarray(values[0]).save(tmp_path / "thermal.png")
    facts, of_picture, _ = read(tmp_path / "thermal.png")
    _, of_raster, _ = read(make_raster(values=values, pixel=None, crs=None))
    assert facts.bands == (1,)
    assert (of_picture == of_raster).all()
    assert of_picture.mean() == pytest.approx(127, abs=3)


def test_pictures_have_no_place(tmp_path, read):
    Image.new("CMYK", (30, 20), (0, 255, 255, 0)).save(tmp_path / "20150926.jpg")
    facts, pixels, empty = read(tmp_path / "20150926.jpg", Window(0, 0, 30, 20))
    assert (facts.crs, facts.gsd, facts.taken.start.year) == ("", None, 2015)
    assert pixels[0, 0, 0] > 200
    assert empty == 0


def test_a_raster_without_georeference_has_no_place(make_raster):
    with open_scene(str(make_raster(crs=None, pixel=None))) as scene:
        assert scene.place is None
        assert scene.facts.gsd is None


def test_the_date_of_the_metadata_comes_first(make_raster, read):
    path = make_raster("20090818.tif", tags={"ACQUISITION_DATE": "2015-09-26"})
    assert read(path)[0].taken.start.year == 2015


def test_unusable_files(make_raster, tmp_path, read):
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


def test_scenes_of_an_address_are_read_over_http(make_raster, read):
    import functools
    import threading
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    from harma.scenes.source import source_named

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


def test_a_survey_knows_all_but_the_stretch(make_raster):
    values = np.arange(3 * 40 * 50, dtype=np.uint16).reshape(3, 40, 50)
    path = make_raster("20150926.tif", values)
    with open_scene(str(path), survey=True) as surveyed, open_scene(str(path)) as scene:
        assert surveyed.facts.stretch == ""
        assert replace(surveyed.facts, stretch=scene.facts.stretch) == scene.facts
        assert (scene.facts.width, scene.facts.height) == (50, 40)
        assert scene.facts.source == str(path)


def test_a_survey_reads_no_pixel(make_raster):
    values = np.random.default_rng(0).integers(0, 4000, (3, 40, 50)).astype(np.uint16)
    path = make_raster(values=values, compress="deflate")
    data = bytearray(path.read_bytes())
    for place in range(600, 4000):
        data[place] ^= 0xFF
    path.write_bytes(bytes(data))
    with open_scene(str(path), survey=True) as scene:
        assert scene.facts.width == 50
    with pytest.raises(DataError, match="scene.tif: it is damaged"), open_scene(str(path)):
        pass


def test_errors_name_the_scene(make_raster, tmp_path):
    path = make_raster()
    with open_scene(str(path)) as scene:
        outside = Scene(scene.facts, Place(scene.place.crs, Affine.scale(1e12)), scene.reader)
        with pytest.raises(DataError, match=r"scene\.tif: .*(lies outside|longitude)") as caught:
            outside.footprint(ALL)
    assert caught.value.source == str(path)
    with pytest.raises(MissingFileError) as caught, open_scene(str(tmp_path / "gone.tif")):
        pass
    assert str(caught.value) == f"{tmp_path / 'gone.tif'}: it is not there"


def test_what_the_caller_does_is_not_about_the_scene(make_raster):
    with (
        pytest.raises(DataError, match="^another file$"),
        open_scene(str(make_raster())),
    ):
        raise DataError("another file")


def test_a_picture_in_an_archive_is_read_by_gdal(tmp_path, read):
    Image.new("L", (50, 40), 7).save(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(tmp_path / "a.png", "a.png")
    facts, pixels, _ = read(tmp_path / "a.png")
    assert (facts.bands, facts.bands_reason) == ((1, 2, 3), "a picture")
    assert (pixels == 7).all()
    facts, pixels, _ = read(f"/vsizip/{tmp_path}/x.zip/a.png")
    assert (facts.bands, facts.bands_reason) == ((1,), "the first band, as grey")
    assert (pixels == 7).all()


def test_a_survey_of_a_picture_reads_its_header_alone(tmp_path):
    Image.effect_noise((50, 40), 60).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(data[: len(data) // 2])
    with open_scene(str(tmp_path / "a.png"), survey=True) as scene:
        assert (scene.facts.width, scene.facts.height) == (50, 40)
    with pytest.raises(DataError), open_scene(str(tmp_path / "a.png")):
        pass


def test_the_first_date_that_is_there_and_its_place(make_raster, read):
    facts, _, _ = read(make_raster("20090818.tif"))
    assert facts.taken.start.year == 2009
    assert facts.bands_reason == "by colour interpretation"
    assert read(make_raster("plain.tif", crs=None, pixel=None))[0].crs == ""
