"""Contact sheets: what a search found as one HTML file without any request to elsewhere, or as one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
from PIL import Image, ImageDraw, ImageOps

from harma.data.images import MAX_PIXELS
from harma.errors import ConfigError
from harma.exchange.tile import Tile
from harma.ground.drawing import INK, PAPER, SOFT, data_uri, sheet_font, write_line
from harma.ground.files import replacing, write_text
from harma.index.standing import CLEAR, LIKELY

# The picture's measures, pixels.
MARGIN, GAP, PAD, LINE, SMALL, LARGE = 24, 16, 5, 18, 13, 22
# Labels have no room beside narrower pictures.
NARROWEST = 200
PICTURES_PER_ROW = 5
STANDINGS = {"clear": "#2e7d4f", "likely": "#96690a", "weak": SOFT, "": INK}


def write_sheet(
    path: Path, tiles: Sequence[Tile], *, title: str, query: Mapping[str, str] | None = None
) -> None:
    """Write a sheet, whole or not at all: HTML or a picture, by the name's ending.

    Raises:
        ConfigError: the name ends in something else, or there are too many hits for a picture.
    """
    if path.suffix.lower() in (".html", ".htm"):
        write_text(path, html_sheet(tiles, title=title, query=query))
    elif path.suffix.lower() == ".png":
        image = png_sheet(tiles, title=title)
        with replacing(path) as temporary:
            image.save(temporary, "PNG")
    else:
        raise ConfigError(
            f"the sheet is called {path.name}; a sheet is a .html file or a .png picture"
        )


# -- HTML
# -------------------------------------------------------------------------------------------------------------


def html_sheet(tiles: Sequence[Tile], *, title: str, query: Mapping[str, str] | None = None) -> str:
    """A page of hits, readable in light and dark.

    Args:
        tiles: the best first.
        title: what was looked for.
        query: what else to state: filters, index, model.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harma.exchange"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = data_uri
    return environment.get_template("sheet.html.jinja").render(
        tiles=tiles,
        title=title,
        query=query or {},
        clear=CLEAR,
        likely=LIKELY,
        judged=any(tile.hit.standing for tile in tiles),
    )


# -- picture
# ----------------------------------------------------------------------------------------------------------


def png_sheet(
    tiles: Sequence[Tile], *, title: str, size: int = 256, columns: int | None = None
) -> Image.Image:
    """A grid of hits with short labels.

    Args:
        tiles: the best first.
        title: what was looked for.
        size: side of a picture, pixels.
        columns: tiles in a row; None takes what five pictures need.

    Raises:
        ConfigError: there are so many hits that nothing could open the picture.
    """
    side_by_side = max((len(tile.pictures) for tile in tiles), default=1)
    columns = min(columns or max(1, PICTURES_PER_ROW // side_by_side), max(1, len(tiles)))
    labels = [_labels(tile) for tile in tiles]
    width = max(NARROWEST, side_by_side * size)
    height = size + PAD + LINE * (1 + max((len(lines) for lines in labels), default=1))
    rows = -(-len(tiles) // columns)
    top = MARGIN + LARGE + GAP
    total = (
        2 * MARGIN + columns * (width + GAP) - GAP,
        top + max(1, rows) * (height + GAP) + MARGIN - GAP,
    )
    if total[0] * total[1] > MAX_PIXELS:
        raise ConfigError(
            f"{len(tiles):,} hits make a picture of {total[0]}×{total[1]} pixels; write HTML, or"
            " fewer"
        )
    sheet = Image.new("RGB", total, PAPER)
    draw = ImageDraw.Draw(sheet)
    write_line(draw, (MARGIN, MARGIN), title, INK, sheet_font(LARGE), total[0] - 2 * MARGIN)
    if not tiles:
        write_line(draw, (MARGIN, top), "nothing matches", SOFT, sheet_font(SMALL), width)
    for number, (tile, lines) in enumerate(zip(tiles, labels, strict=True)):
        left = MARGIN + number % columns * (width + GAP)
        upper = top + number // columns * (height + GAP)
        head = f"{number + 1}. {tile.value} {tile.hit.standing}"
        _place_pictures(sheet, tile, left, upper, size)
        color, bold = STANDINGS[tile.hit.standing], sheet_font(SMALL, "-Bold")
        write_line(draw, (left, upper + size + PAD), head, color, bold, width)
        for row, (line, color) in enumerate(lines, 1):
            write_line(
                draw, (left, upper + size + PAD + row * LINE), line, color, sheet_font(SMALL), width
            )
    return sheet


def _labels(tile: Tile) -> list[tuple[str, str]]:
    """What stands below a tile's pictures and score: lines and their colours."""
    lines = [(line, INK) for line in (*tile.lines, tile.date, tile.place) if line]
    return [*lines, (tile.source_name, SOFT), (f"chip:{tile.hit.id}", SOFT)]


def _place_pictures(sheet: Image.Image, tile: Tile, left: int, upper: int, size: int) -> None:
    draw = ImageDraw.Draw(sheet, "RGBA")
    for number, picture in enumerate(tile.pictures):
        # A hair between pictures that belong together.
        fitted = ImageOps.contain(picture.image, (size - 2, size), Image.Resampling.BICUBIC)
        sheet.paste(fitted, (left + number * size, upper + (size - fitted.height) // 2))
        badge = "  ".join(
            part for part in (picture.heading, picture.problem and "thumbnail") if part
        )
        if badge:
            place = left + number * size + 8, upper + size - 26
            box = draw.textbbox(place, badge, sheet_font(SMALL))
            draw.rounded_rectangle(
                (box[0] - 5, box[1] - 4, box[2] + 5, box[3] + 4), 4, (0, 0, 0, 180)
            )
            draw.text(place, badge, "#ffffff", sheet_font(SMALL))
