"""Uploaded pictures: what is read, as what, how long it is kept."""

from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image
from tests.serve import pictures
from tests.serve.pictures import encoded, noise

from harma.errors import MediaTypeError, QueryError, TooLargeError
from harma.scenes.picture import to_rgb
from harma.serve.problems import STATUS_OF
from harma.serve.settings import Limits
from harma.serve.uploads import Uploads, format_of

WHOLE = pictures.whole_pictures()


@pytest.fixture(scope="module")
def uploads():
    """What all of these tests send to."""
    uploads = Uploads()
    yield uploads
    uploads.close()


@pytest.mark.parametrize("name", WHOLE)
def test_pictures_of_every_kind_are_read(uploads, name):
    upload = uploads.add(WHOLE[name])
    picture = uploads.picture(upload.id)
    assert picture.mode == "RGB"
    assert (upload.width, upload.height) == picture.size
    assert np.asarray(picture).std() > 5, "not one colour"


@pytest.mark.parametrize("name", ["plain", "palette with a clear colour", "16 bits", "cmyk"])
def test_pixels_are_those_of_files_in_an_index(uploads, name):
    import io

    upload = uploads.add(WHOLE[name])
    expected = to_rgb(Image.open(io.BytesIO(WHOLE[name])))
    assert np.array_equal(uploads.picture(upload.id), expected)


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
    assert own.picture(upload.id).size == (48, 48)
    clock.now = 1061
    with pytest.raises(QueryError, match="kept for an hour; upload it again"):
        own.picture(upload.id)


def test_what_is_no_id_is_told(uploads):
    for upload in ("", "../../etc/passwd", "0" * 32, "\ud800", "x" * 10_000):
        with pytest.raises(QueryError, match="there is no uploaded picture"):
            uploads.picture(upload)


def test_statuses():
    assert (STATUS_OF[TooLargeError], STATUS_OF[MediaTypeError]) == (413, 415)
