"""What contact sheets of every kind share: colours, fonts, text that fits, pictures inside HTML."""

import base64
from functools import cache
from io import BytesIO
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

JPEG_QUALITY = 85
# Colours of the page, of text, and of text that matters less.
PAPER = "#fbfaf7"
INK = "#1c2321"
SOFT = "#5b6460"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def data_uri(image: Image.Image) -> str:
    """A picture as a JPEG inside an address."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def write_line(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, color: str, font: Font, width: int
) -> None:
    """Write text on one line; what is too long loses its middle, as names differ at their ends.

    Args:
        draw: what is drawn on.
        place: left and upper edge of the text, pixels.
        text: line breaks in it become spaces.
        color: of the text.
        font: of the text.
        width: of the space there is, pixels.
    """
    text = " ".join(text.split())
    shown = text
    length = len(text)
    while length > 1 and draw.textlength(shown, font) > width:
        length -= 1
        half = length // 2
        shown = f"{text[: length - half]}…{text[len(text) - half :]}"
    draw.text(place, shown, color, font)


@cache
def sheet_font(size: int, style: str = "") -> Font:
    """The font of sheets, in pixels; `style` may be "-Bold"."""
    # Pillow's own font has no accents, arrows or other alphabets; matplotlib, which draws the
    # reports, brings one.
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"DejaVuSans{style}.ttf"
    try:
        return ImageFont.truetype(str(path), size)
    except OSError:  # taken out by a distribution
        return ImageFont.load_default(size)
