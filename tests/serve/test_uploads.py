"""Uploaded pictures: what is read, as what, how long it is kept."""

import random
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image
from tests.serve import pictures
from tests.serve.pictures import NAMES, encoded, noise, raster

from harma.errors import MediaTypeError, QueryError, TooLargeError
from harma.scenes.model_bands import BAND_SETS
from harma.scenes.picture import to_rgb
from harma.scenes.reading import Reading
from harma.serve.problems import STATUS_OF
from harma.serve.settings import Limits
from harma.serve.uploads import Uploads, format_of

WHOLE = pictures.whole_pictures()
PICTURES = Reading()
NUM_MUTATED = 150


@pytest.fixture(scope="module")
def uploads():
    """What all of these tests send to."""
    uploads = Uploads()
    yield uploads
    uploads.close()


@pytest.mark.parametrize("name", WHOLE)
def test_pictures_of_every_kind_are_read(uploads, name):
    upload = uploads.add(WHOLE[name])
    picture = uploads.seen(upload.id, PICTURES)
    assert picture.mode == "RGB"
    assert (upload.width, upload.height) == picture.size
    assert np.asarray(picture).std() > 5, "not one colour"


@pytest.mark.parametrize("name", ["plain", "palette with a clear colour", "16 bits", "cmyk"])
def test_pixels_are_those_of_files_in_an_index(uploads, name):
    import io

    upload = uploads.add(WHOLE[name])
    expected = to_rgb(Image.open(io.BytesIO(WHOLE[name])))
    assert np.array_equal(uploads.seen(upload.id, PICTURES), expected)


def test_a_picture_is_turned_as_its_exif_says(uploads):
    upload = uploads.add(WHOLE["turned"])
    assert (upload.width, upload.height) == (pictures.SIDE // 2, pictures.SIDE)


def test_of_several_pages_the_first_is_kept(uploads):
    pages = [noise(width=20, height=30), noise(width=50, height=60)]
    upload = uploads.add(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert (upload.width, upload.height) == (20, 30)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_large_pictures_are_reduced(uploads, kind):
    upload = uploads.add(encoded(noise(width=2200, height=1100), kind))
    assert (upload.width, upload.height) == (1024, 512)


def test_the_same_picture_has_the_same_id_and_a_turned_one_another(uploads):
    first = uploads.add(encoded(noise(), "PNG"))
    again = uploads.add(encoded(noise(), "TIFF"))
    assert first.id == again.id
    flat = Image.new("RGB", (40, 10))
    high = Image.new("RGB", (10, 40))
    assert uploads.add(encoded(flat, "PNG")).id != uploads.add(encoded(high, "PNG")).id


@pytest.mark.parametrize("name", pictures.bombs())
def test_bombs_are_refused(uploads, name):
    with pytest.raises((TooLargeError, QueryError), match="picture"):
        uploads.add(pictures.bombs()[name])


def test_too_many_pixels_are_told_in_numbers(uploads):
    with pytest.raises(TooLargeError, match="5200×5000 pixels; at most 25,000,000 are read"):
        uploads.add(pictures.bombs()["26 megapixels"])


def test_too_many_bytes_are_not_decoded():
    uploads = Uploads(Limits(upload_bytes=100))
    with pytest.raises(TooLargeError, match="more than 100 bytes"):
        uploads.add(WHOLE["plain"])


@pytest.mark.parametrize("name", ["a page", "a VRT", "a GIF", "a BMP", "PostScript", "nothing"])
def test_other_files_are_told_by_their_first_bytes(uploads, name):
    with pytest.raises(MediaTypeError, match="no PNG, JPEG, WebP or TIFF"):
        uploads.add(pictures.polyglots()[name])


@pytest.mark.parametrize("name", ["a picture and a page", "a picture and an archive"])
def test_of_two_things_only_the_picture_is_kept(uploads, name):
    plain = uploads.add(WHOLE["plain"])
    assert uploads.add(pictures.polyglots()[name]).id == plain.id


def test_formats_by_their_first_bytes():
    kinds = {name: format_of(body) for name, body in WHOLE.items()}
    assert kinds["plain"] == "PNG"
    assert kinds["jpeg"] == "JPEG"
    assert kinds["webp"] == "WEBP"
    assert kinds["tiff"] == "TIFF"
    with pytest.raises(MediaTypeError):
        format_of(b"RIFF\0\0\0\0WAVEfmt ")


def test_a_picture_is_kept_for_a_while(uploads):
    class Clock:
        now = 1000.0

        def __call__(self):
            return self.now

    clock = Clock()
    own = Uploads(decoder=uploads._decoder, kept_s=60, clock=clock)
    upload = own.add(WHOLE["plain"])
    assert upload.expires == datetime.fromtimestamp(1060, UTC)
    clock.now = 1060
    assert own.seen(upload.id, PICTURES).size == (48, 48)
    clock.now = 1061
    with pytest.raises(QueryError, match="kept for an hour; upload it again"):
        own.seen(upload.id, PICTURES)


def test_what_is_no_id_is_told(uploads):
    for upload in ("", "../../etc/passwd", "0" * 32, "\ud800", "x" * 10_000):
        with pytest.raises(QueryError, match="there is no uploaded picture"):
            uploads.seen(upload, PICTURES)


def test_statuses():
    assert (STATUS_OF[TooLargeError], STATUS_OF[MediaTypeError]) == (413, 415)


# -- rasters --------------------------------------------------------------------------------------

BANDS = Reading(values=BAND_SETS["sentinel-2-4"])


def test_a_raster_is_seen_as_the_index_reads_it(uploads):
    upload = uploads.add(raster())
    assert (upload.width, upload.height) == (30, 20)
    values = uploads.seen(upload.id, BANDS)
    assert (values.shape, values.dtype) == ((20, 30, 4), np.float32)
    assert uploads.seen(upload.id, PICTURES).size == (30, 20)


@pytest.mark.parametrize("name", ["plain", "jpeg", "webp", "tiff", "grey"])
def test_a_picture_has_too_few_bands(uploads, name):
    upload = uploads.add(WHOLE[name])
    with pytest.raises(QueryError, match=r"model reads B02, B03, B04, B08 .*send a GeoTIFF"):
        uploads.seen(upload.id, BANDS)


@pytest.mark.parametrize(
    ("body", "lacking"),
    [
        (raster(("B02", "B03", "B04")), "lacking: B08"),
        (raster(("VV", "VH"), dtype="float32"), "lacking: B02, B03, B04, B08"),
        (WHOLE["tiff of 16 bits"], "B02, B03, B04, B08"),
        (raster((None,) * 5, dtype="uint8"), "B02, B03, B04, B08"),
    ],
)
def test_so_may_a_raster(uploads, body, lacking):
    upload = uploads.add(body)
    with pytest.raises(QueryError, match=lacking):
        uploads.seen(upload.id, BANDS)
    assert uploads.seen(upload.id, PICTURES).mode == "RGB"


def test_rasters_that_differ_in_one_band_have_other_ids(uploads):
    assert uploads.add(raster()).id == uploads.add(raster()).id
    assert uploads.add(raster()).id != uploads.add(raster(dtype="int16")).id


def test_a_raster_of_too_many_pixels_is_told():
    uploads = Uploads(Limits(upload_pixels=599))
    with pytest.raises(TooLargeError, match="30×20 pixels; at most 599 are read"):
        uploads.add(raster())
    uploads.close()


def test_mutated_rasters_are_read_or_refused(uploads):
    """Whatever is done to the bytes, the server says something of it, and goes on."""
    random_ = random.Random(0)
    whole = [raster(), raster(compress="deflate"), raster(tiled=True, blockxsize=16, blockysize=16)]
    seen = 0
    for number in range(NUM_MUTATED):
        body = bytearray(whole[number % len(whole)])
        for _ in range(random_.randint(1, 8)):
            # Its header and tags, and its pixels.
            most = random_.choice([200, len(body)])
            body[random_.randrange(4, most)] = random_.randrange(256)
        try:
            values = uploads.seen(uploads.add(bytes(body)).id, BANDS)
        except (QueryError, TooLargeError):
            continue
        assert values.shape[-1] == len(NAMES)
        seen += 1
    assert 0 < seen < NUM_MUTATED
