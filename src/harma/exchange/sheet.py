"""Contact sheets: hits as one HTML file without any request to elsewhere, or as one picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from PIL import Image, ImageDraw, ImageOps

from harma.errors import ConfigError
from harma.exchange.tile import Tile
from harma.ground.drawing import INK, PAPER, SOFT, data_uri, sheet_font, write_line
from harma.ground.files import replacing, write_text
from harma.index.pictures import ChipPicture
from harma.index.standing import CLEAR, LIKELY
from harma.scenes.picture import MAX_PIXELS

# The picture's measures, pixels: around the grid, between tiles, below a picture, a line of text.
MARGIN = 24
GAP = 16
PAD = 5
LINE = 18
# Sizes of letters, pixels.
SMALL = 13
LARGE = 22
# Labels have no room below narrower pictures.
NARROWEST = 200
PICTURES_PER_ROW = 5
COLOR_OF_STANDING = {"clear": "#2e7d4f", "likely": "#96690a", "weak": SOFT, "": INK}


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


# -- HTML -----------------------------------------------------------------------------------------


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


# -- picture --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grid:
    """Where the tiles of a picture lie; all in pixels.

    Attributes:
        columns: tiles in a row.
        rows: of tiles.
        width: of a tile.
        height: of a tile.
        picture: side of a picture.
    """

    columns: int
    rows: int
    width: int
    height: int
    picture: int

    @property
    def top(self) -> int:
        """Where the first row begins, below the title."""
        return MARGIN + LARGE + GAP

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole sheet."""
        width = 2 * MARGIN + self.columns * (self.width + GAP) - GAP
        return width, self.top + self.rows * (self.height + GAP) + MARGIN - GAP

    def corner(self, position: int) -> tuple[int, int]:
        """The upper left of a tile."""
        row, column = divmod(position, self.columns)
        return MARGIN + column * (self.width + GAP), self.top + row * (self.height + GAP)


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
    labels = [_labels(tile) for tile in tiles]
    grid = _grid(tiles, labels, size, columns)
    width, height = grid.size
    if width * height > MAX_PIXELS:
        raise ConfigError(
            f"{len(tiles):,} hits make a picture of {width}×{height} pixels; write HTML, or fewer"
        )
    sheet = Image.new("RGB", grid.size, PAPER)
    draw = ImageDraw.Draw(sheet)
    write_line(draw, (MARGIN, MARGIN), title, INK, sheet_font(LARGE), width - 2 * MARGIN)
    if not tiles:
        where = (MARGIN, grid.top)
        write_line(draw, where, "nothing matches", SOFT, sheet_font(SMALL), grid.width)
    for number, (tile, lines) in enumerate(zip(tiles, labels, strict=True)):
        corner = grid.corner(number)
        _place_pictures(sheet, tile, corner, size)
        _write_labels(draw, tile, number + 1, lines, corner, grid)
    return sheet


def _grid(
    tiles: Sequence[Tile], labels: Sequence[list[tuple[str, str]]], size: int, columns: int | None
) -> _Grid:
    side_by_side = max((len(tile.pictures) for tile in tiles), default=1)
    columns = columns or max(1, PICTURES_PER_ROW // side_by_side)
    # Few tiles do not need the width of many.
    columns = min(columns, max(1, len(tiles)))
    num_lines = max((len(lines) for lines in labels), default=1)
    return _Grid(
        columns,
        rows=max(1, -(-len(tiles) // columns)),
        width=max(NARROWEST, side_by_side * size),
        # One line more for the rank and score.
        height=size + PAD + LINE * (1 + num_lines),
        picture=size,
    )


def _labels(tile: Tile) -> list[tuple[str, str]]:
    """What stands below a tile's pictures and score: lines and their colours."""
    lines = [(line, INK) for line in (*tile.lines, tile.date, tile.place) if line]
    return [*lines, (tile.source_name, SOFT), (f"chip:{tile.hit.id}", SOFT)]


def _write_labels(
    draw: ImageDraw.ImageDraw,
    tile: Tile,
    rank: int,
    lines: Sequence[tuple[str, str]],
    corner: tuple[int, int],
    grid: _Grid,
) -> None:
    left, upper = corner
    below = upper + grid.picture + PAD
    standing = tile.hit.standing
    head = f"{rank}. {tile.value} {standing}"
    bold = sheet_font(SMALL, "-Bold")
    write_line(draw, (left, below), head, COLOR_OF_STANDING[standing], bold, grid.width)
    for row, (line, color) in enumerate(lines, 1):
        where = (left, below + row * LINE)
        write_line(draw, where, line, color, sheet_font(SMALL), grid.width)


def _place_pictures(sheet: Image.Image, tile: Tile, corner: tuple[int, int], size: int) -> None:
    draw = ImageDraw.Draw(sheet, "RGBA")
    left, upper = corner
    for picture in tile.pictures:
        # A hair between pictures that belong together.
        fitted = ImageOps.contain(picture.image, (size - 2, size), Image.Resampling.BICUBIC)
        sheet.paste(fitted, (left, upper + (size - fitted.height) // 2))
        _write_badge(draw, picture, (left + 8, upper + size - 26))
        left += size


def _write_badge(draw: ImageDraw.ImageDraw, picture: ChipPicture, where: tuple[int, int]) -> None:
    """A year, and whether it is a thumbnail, on the picture."""
    words = [picture.heading] if picture.heading else []
    if picture.problem:
        words.append("thumbnail")
    if not words:
        return
    badge = "  ".join(words)
    left, upper, right, lower = draw.textbbox(where, badge, sheet_font(SMALL))
    draw.rounded_rectangle((left - 5, upper - 4, right + 5, lower + 4), 4, (0, 0, 0, 180))
    draw.text(where, badge, "#ffffff", sheet_font(SMALL))
