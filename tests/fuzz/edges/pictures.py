"""Pictures: as data sets and builds decode them; compared with Pillow itself."""

import io
import struct
import warnings
import zlib

import numpy as np
from PIL import Image, PngImagePlugin
from tests.fuzz.damage import damaged
from tests.fuzz.edge import Edge, Verdict
from tests.fuzz.judging import judge_message

from harma.data.transforms import eval_resize
from harma.errors import HarmaError
from harma.index.known_sources import KnownSources
from harma.index.reading import SceneCache, Task, read
from harma.index.settings import Settings
from harma.index.survey import survey
from harma.scenes.picture import picture_size, read_image, read_scaled, to_uint8_rgb
from harma.scenes.reading import Reading
from harma.scenes.sources import find_scenes
from harma.scenes.windows import Tiling

WHOLE = Tiling(size=None)
SETTINGS = Settings("m", None, "m", 4, WHOLE, Reading(), 1.0)
# Format → suffix and the modes that it is written in.
FORMATS = {
    "PNG": ("png", ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    "JPEG": ("jpg", ("L", "RGB", "CMYK")),
    "WEBP": ("webp", ("RGB", "RGBA")),
    "TIFF": ("tif", ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "YCbCr", "I;16", "I", "F")),
    "GIF": ("gif", ("L", "P", "RGB")),
    "BMP": ("bmp", ("1", "L", "P", "RGB")),
    "JPEG2000": ("jp2", ("L", "LA", "RGB", "RGBA", "I;16")),
    "AVIF": ("avif", ("RGB", "RGBA")),
    "PPM": ("ppm", ("1", "L", "RGB")),
    "TGA": ("tga", ("L", "LA", "P", "RGB", "RGBA")),
    "ICO": ("ico", ("RGBA",)),
    "PCX": ("pcx", ("1", "L", "P", "RGB")),
    "SGI": ("sgi", ("L", "RGB", "RGBA")),
    "MPO": ("mpo", ("RGB",)),
    "EPS": ("eps", ("L", "RGB")),
    "IM": ("im", ("L", "LAB", "YCbCr", "F", "I;16")),
    "DDS": ("dds", ("L", "LA", "RGB", "RGBA")),
    "MSP": ("msp", ("1",)),
    "SPIDER": ("spi", ("F",)),
}
# Modes that damage tells of, in PNG and TIFF.
SIDES = (1, 2, 3, 16, 33, 64)
BOMBS = (1000, 9_999, 10_001, 13_000, 13_378, 30_000, 65_535, 100_000, 2**31 - 1)


def make(chance, folder):
    kind = chance.choices(
        ("good", "damaged", "cut", "bomb", "exif", "wrong name"), (4, 12, 3, 2, 2, 1)
    )[0]
    name = chance.choice([*FORMATS, "PNG", "JPEG", "TIFF", "WEBP", "PNG", "JPEG", "TIFF"])
    suffix, modes = FORMATS[name]
    if kind == "bomb":
        data, suffix = _bomb(chance)
    else:
        data = _picture(chance, name, chance.choice(modes), exif=kind == "exif")
    if kind in ("damaged", "exif"):
        data = damaged(chance, data, head=chance.choice((32, 200, len(data) or 1)))
    elif kind == "cut":
        data = data[: chance.randrange(len(data) + 1)]
    elif kind == "wrong name":
        suffix = chance.choice(("png", "jpg", "tif", "webp", "gif", "bmp"))
    path = folder / f"picture.{suffix}"
    path.write_bytes(data)
    return path.name


def _picture(chance, name: str, mode: str, *, exif: bool) -> bytes:
    rng = np.random.default_rng(chance.getrandbits(64))
    width, height = chance.choice(SIDES), chance.choice(SIDES)
    form = chance.choice(("noise", "one", "slope"))
    values = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if form == "one":
        values[:] = chance.randrange(256)
    elif form == "slope":
        values[:] = np.linspace(0, 255, width, dtype=np.uint8)[None, :, None]
    image = Image.fromarray(values)
    if mode in ("I;16", "I", "F"):
        image = Image.fromarray(
            values[..., 0].astype({"I;16": "uint16", "I": "int32", "F": "float32"}[mode])
        )
    elif mode == "LAB":
        image = Image.merge("LAB", image.split())
    else:
        image = image.convert(mode)
    options = _options(chance, name, mode)
    if exif and name in ("JPEG", "PNG", "WEBP", "TIFF"):
        options["exif"] = _exif(chance)
    buffer = io.BytesIO()
    try:
        image.save(buffer, name, **options)
    except (OSError, ValueError, KeyError, SystemError, TypeError, RuntimeError, struct.error):
        buffer = io.BytesIO()
        Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def _options(chance, name: str, mode: str) -> dict:
    options: dict = {}
    if name == "JPEG":
        options = {"progressive": chance.random() < 0.4, "quality": chance.choice((1, 50, 95))}
        if chance.random() < 0.2:
            options["icc_profile"] = chance.randbytes(300)
    elif name == "TIFF":
        options = {
            "compression": chance.choice(
                (None, "tiff_lzw", "tiff_deflate", "packbits", "jpeg", "group4")
            )
        }
    elif name == "PNG" and chance.random() < 0.3:
        text = PngImagePlugin.PngInfo()
        text.add_text("k", "x" * 5000, zip=True)
        options = {"pnginfo": text}
        if mode in ("L", "RGB", "P"):
            options["transparency"] = chance.choice((0, b"\0\x80")) if mode == "P" else 0
    elif name in ("GIF", "WEBP") and chance.random() < 0.3:
        options = {"save_all": True, "append_images": [Image.new("RGB", (9, 5), "red")]}
    return options


def _exif(chance) -> bytes:
    exif = Image.Exif()
    exif[274] = chance.choice((*range(10), 2**15, 65535))
    exif[306] = chance.choice(("2015:09:26 10:30:00", "0000:00:00 00:00:00", "x", "9999:99:99"))
    gps = exif.get_ifd(34853)
    degrees = chance.choice(((45.0, 30.0, 1.0), (1e9, 0.0, 0.0), (0.0, 0.0, 0.0)))
    gps[1], gps[2], gps[3], gps[4] = chance.choice("NSX"), degrees, chance.choice("EWX"), degrees
    return exif.tobytes()


def _bomb(chance) -> tuple[bytes, str]:
    """A few kilobytes that say they are a picture of gigabytes."""
    width, height = chance.choice(BOMBS), chance.choice(BOMBS)
    kind = chance.choice(("png", "png", "bmp", "gif", "text", "tiff"))
    if kind == "bmp":
        return b"BM" + struct.pack(
            "<IHHIIiiHHIIiiII",
            100,
            0,
            0,
            54,
            40,
            width & 0x7FFFFFFF,
            height & 0x7FFFFFFF,
            1,
            24,
            0,
            0,
            0,
            0,
            0,
            0,
        ), "bmp"
    if kind == "gif":
        size = struct.pack("<HH", width & 0xFFFF, height & 0xFFFF)
        return b"GIF89a" + size + b"\0\0\0,\0\0\0\0" + size + b"\0\x02\x02D\x01\0;", "gif"
    if kind == "tiff":
        buffer = io.BytesIO()
        side = min(width, 13_378)
        Image.new("1", (side, min(height, 200))).save(buffer, "TIFF", compression="group4")
        data = bytearray(buffer.getvalue())
        return damaged(chance, bytes(data), head=len(data)), "tif"
    color, depth = chance.choice(((0, 1), (0, 8), (0, 16), (2, 8), (3, 8), (4, 8), (6, 16)))
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, chance.choice((0, 0, 1)))
    rows = min(height, 3000)
    line = 1 + min(width, 100_000) * depth // 8
    packer = zlib.compressobj()
    body = b"".join(packer.compress(b"\0" * line) for _ in range(min(rows, 30_000_000 // line + 1)))
    body += packer.flush()
    chunks = [(b"IHDR", header), (b"PLTE", b"\0" * 768)] if color == 3 else [(b"IHDR", header)]
    if kind == "text":
        chunks.append((b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 30_000_000)))
    chunks += [(b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks)), "png"


def _chunk(named: tuple[bytes, bytes]) -> bytes:
    name, data = named
    checksum = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def judge(folder, made):
    path = folder / made
    verdict = _of_data_set(path)
    if verdict is not None and not verdict.passes:
        return verdict
    return _of_build(str(path), made) or verdict


def _of_data_set(path) -> Verdict | None:
    """As training and embedding read it; what they refuse has to be refused by its size, too."""
    try:
        image = read_image(path)
    except HarmaError as error:
        return judge_message(str(error), [path.name])
    if image.mode != "RGB":
        return Verdict("wrong", f"a picture of mode {image.mode}")
    pixels = to_uint8_rgb(image)
    size = picture_size(path)
    if (pixels.shape[2], pixels.shape[1]) != size or image.size != size:
        return Verdict("wrong", "another size than its header says")
    if read_scaled(path, 8).size != size:
        return Verdict("wrong", "another size where it is read smaller")
    # A thumbnail, as the report and the index keep it.
    thumbnail = image.copy()
    thumbnail.thumbnail((96, 96))
    thumbnail.save(io.BytesIO(), "JPEG")
    return _differs(path, image)


def _differs(path, image) -> Verdict | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as opened:
                if opened.mode not in ("RGB", "L") or opened.has_transparency_data:
                    return None
                if _is_turned(opened):
                    return None
                theirs = np.asarray(opened.convert("RGB"))
        except Exception as error:
            return Verdict("silent", "read, though Pillow cannot", repr(error))
    if not np.array_equal(theirs, np.asarray(image)):
        return Verdict("wrong", "other pixels than Pillow reads")
    return None


def _is_turned(opened) -> bool:
    try:
        return opened.getexif().get(274, 1) != 1
    except SyntaxError:
        # EXIF that is damaged says nothing of its picture.
        return False


def _of_build(path: str, made: str) -> Verdict | None:
    found = find_scenes([path])
    for problem in found.problems.values():
        return judge_message(f"{path}: {problem}", [made])
    for surveyed in survey(found.sources, KnownSources(None), WHOLE, Reading(), num_workers=1):
        if surveyed.problem:
            return judge_message(f"{path}: {surveyed.problem}", [made])
        task = Task(surveyed.source, surveyed.content, [0], 1, picture=surveyed.picture)
        cache = SceneCache(16)
        chip = read(task, SETTINGS, eval_resize((32, 32)), cache)
        cache.close()
        if chip.problem:
            return judge_message(f"{path}: {chip.problem}", [made])
        if len(chip.chips) + chip.num_skipped != 1:
            return Verdict("silent", "its chip is nowhere")
    return None


EDGE = Edge("pictures", make, judge, share=14)
