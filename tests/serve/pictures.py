"""Pictures as strangers send them: whole ones of every kind, broken ones, and bombs."""

import functools
import io
import random
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms
from rasterio.io import MemoryFile

SIDE = 48
# Of Sentinel-2, as a model of four bands reads them.
NAMES = ("B02", "B03", "B04", "B08")


def encoded(image, kind, **options):
    """The bytes of a picture in a format."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(mode="RGB", width=SIDE, height=SIDE):
    """A picture of noise."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def raster(names=NAMES, dtype="uint16", height=20, width=30, **profile):
    """The bytes of a GeoTIFF of bands with names."""
    rng = np.random.default_rng(1)
    values = rng.integers(1000, 5000, (len(names), height, width)).astype(dtype)
    size = {"count": len(names), "height": height, "width": width, "dtype": dtype}
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", **size, **profile) as dataset:
            dataset.write(values)
            dataset.descriptions = names
        return memory.read()


def whole_pictures():
    """Name → bytes of pictures that are as they should be."""
    sixteen = Image.fromarray(np.arange(SIDE**2, dtype=np.uint16).reshape(SIDE, SIDE) * 20)
    floats = Image.fromarray(np.linspace(0, 1, SIDE**2, dtype=np.float32).reshape(SIDE, SIDE))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = [noise("P"), noise("L").convert("P")]
    return {
        "plain": encoded(noise(), "PNG"),
        "grey": encoded(noise("L"), "PNG"),
        "black and white": encoded(noise("1"), "PNG"),
        "palette": encoded(noise("P"), "PNG"),
        "palette with a clear colour": encoded(noise("P"), "PNG", transparency=3),
        "alpha": encoded(noise("RGBA"), "PNG"),
        "grey and alpha": encoded(noise("LA"), "PNG"),
        "16 bits": encoded(sixteen, "PNG"),
        "with a profile": encoded(noise(), "PNG", icc_profile=profile),
        "animated": encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "jpeg": encoded(noise(), "JPEG"),
        "progressive": encoded(noise(), "JPEG", progressive=True),
        "cmyk": encoded(noise("CMYK"), "JPEG"),
        "turned": encoded(noise(width=SIDE, height=SIDE // 2), "JPEG", exif=exif),
        "webp": encoded(noise(), "WEBP"),
        "lossless webp": encoded(noise("RGBA"), "WEBP", lossless=True),
        "animated webp": encoded(noise(), "WEBP", save_all=True, append_images=[noise("L")]),
        "tiff": encoded(noise(), "TIFF"),
        "packed tiff": encoded(noise(), "TIFF", compression="tiff_lzw"),
        "tiff of floats": encoded(floats, "TIFF"),
        "tiff of 16 bits": encoded(sixteen, "TIFF", compression="tiff_deflate"),
        "pages": encoded(noise(), "TIFF", save_all=True, append_images=[noise(), noise("L")]),
    }


def png_that_says(width, height, *, rows=b""):
    """A PNG whose header says a size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@functools.cache
def bombs():
    """Name → bytes of small files that say, or become, far too much."""
    text = zlib.compress(b"\0" * (64 << 20))
    chunk = b"zTXtComment\0\0" + text
    bomb = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    plain = encoded(noise(), "PNG")
    return {
        "144 megapixels": encoded(Image.new("1", (12_000, 12_000)), "PNG"),
        "4 gigapixels by the header": png_that_says(65_535, 65_535),
        "more than 31 bits": png_that_says(0xFFFFFFFF, 0xFFFFFFFF),
        "no width": png_that_says(0, 100),
        "no pixels": png_that_says(0, 0),
        "text that grows": plain[:33] + bomb + plain[33:],
        "26 megapixels": encoded(Image.new("L", (5200, 5000)), "PNG"),
        "a large webp": encoded(Image.new("L", (6_500, 4_000)), "WEBP", lossless=True),
        "a large tiff": encoded(Image.new("1", (20_000, 20_000)), "TIFF", compression="group4"),
    }


def polyglots():
    """Name → bytes that are two things, or another than they seem."""
    plain = encoded(noise(), "PNG")
    return {
        "a picture and a page": plain + b"<html><script>alert(1)</script>",
        "a picture and an archive": plain + b"PK\x03\x04" + b"\0" * 40,
        "a beginning of PNG": b"\x89PNG\r\n\x1a\n" + encoded(noise(), "JPEG"),
        "a beginning of TIFF": b"II*\0" + b"\xff" * 400,
        "a page": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "a VRT": b"<VRTDataset><SourceFilename>/etc/passwd</SourceFilename></VRTDataset>",
        "a GIF": encoded(noise("P"), "GIF"),
        "a BMP": encoded(noise(), "BMP"),
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "nothing": b"",
    }


def mutated(count, *, seed=15):
    """That many pictures, cut, flipped, filled and joined; the same for the same seed."""
    rng = random.Random(seed)
    whole = list(whole_pictures().values())
    for _ in range(count):
        body = bytearray(rng.choice(whole))
        for _ in range(rng.randint(1, 3)):
            rng.choice(MUTATIONS)(body, rng, whole)
        yield bytes(body)


def _cut(body, rng, _):
    del body[rng.randrange(len(body) + 1) :]


def _flip(body, rng, _):
    for _ in range(rng.randint(1, 12)):
        if body:
            body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)


def _flip_header(body, rng, _):
    for _ in range(rng.randint(1, 6)):
        if len(body) > 12:
            body[rng.randrange(8, min(len(body), 120))] = rng.randrange(256)


def _fill(body, rng, _):
    start = rng.randrange(len(body) + 1)
    body[start : start + rng.randint(1, 64)] = bytes([rng.choice((0, 255))]) * 16


def _number(body, rng, _):
    """A large or a negative number, in one order of bytes or the other."""
    if len(body) > 16:
        start = rng.randrange(4, min(len(body) - 4, 200))
        value = rng.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x10000, 65_500))
        body[start : start + 4] = struct.pack(rng.choice("<>") + "I", value)


def _join(body, rng, whole):
    other = rng.choice(whole)
    start = rng.randrange(len(other))
    place = rng.randrange(len(body) + 1)
    body[place:place] = other[start : start + rng.randint(1, 400)]


MUTATIONS = (_cut, _flip, _flip_header, _fill, _number, _join)
