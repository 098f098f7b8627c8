"""Contact sheets of an audit: each pair side by side, so that a person can judge it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from PIL import Image, ImageDraw, ImageOps

from harma.curation.audit.audit import Audit
from harma.curation.audit.copies import Copy
from harma.errors import ConfigError
from harma.ground.drawing import INK, PAPER, SOFT, data_uri, sheet_font, write_line
from harma.ground.files import replacing, write_text
from harma.scenes.picture import MAX_PIXELS
from harma.scenes.rendering import read_rgb

PICTURE_SIDE = 160  # of a picture
BETWEEN = 2  # the pictures of a pair
COLUMNS = 4
MARGIN = 24
GAP = 18  # between pairs
LINE = 17  # height of a line of text
SMALL = 12  # fonts
LARGE = 20
KIND_NAMES = {"file": "same file", "pixels": "same pixels"}
# Near copies stand first: they are to be looked at, equal files need no second look.
KIND_ORDER = ("near", "pixels", "file")
# Copies that show less of each other than this say how much.
WHOLE_OVERLAP = 0.97


@dataclass(frozen=True)
class Pair:
    """Two images as they stand on a sheet.

    Attributes:
        head: what they are to each other, such as "near 0.93, mirrored".
        names: "data split image" of each.
        paths: their files.
        is_across: they lie in different splits or data sets.
    """

    head: str
    names: tuple[str, str]
    paths: tuple[Path, Path]
    is_across: bool


def pairs_of(result: Audit, most: int) -> list[Pair]:
    """The pairs of an audit: those across splits or data sets first, then those least alike."""

    def rank(copy: Copy) -> tuple[bool, int, float]:
        return result.is_within(copy), KIND_ORDER.index(copy.kind), copy.agreement

    return [_pair(result, copy) for copy in sorted(result.copies, key=rank)[:most]]


def _pair(result: Audit, copy: Copy) -> Pair:
    first, second = result.pair(copy)
    return Pair(
        head_of(copy),
        names=(str(first), str(second)),
        paths=(first.path, second.path),
        is_across=not result.is_within(copy),
    )


def head_of(copy: Copy) -> str:
    """What two images are to each other."""
    if copy.kind != "near":
        return KIND_NAMES[copy.kind]
    parts = [f"near {copy.agreement:.2f}"]
    if copy.turn:
        parts.append(copy.turn)
    if copy.overlap < WHOLE_OVERLAP:
        parts.append(f"{100 * copy.overlap:.0f} % in common")
    return ", ".join(parts)


def write_pair_sheets(directory: Path, result: Audit, *, most: int) -> list[Path]:
    """Write `pairs.html` and `pairs.png`.

    Args:
        directory: where they go.
        result: of the audit.
        most: pairs shown; the sheet says how many are not.
    """
    pairs = pairs_of(result, most)
    title = f"{len(result.copies):,} pairs of copies among {len(result.images):,} images"
    if len(pairs) < len(result.copies):
        title += f"; {len(pairs):,} are shown"
    page = directory / "pairs.html"
    write_text(page, html_pairs(pairs, title))
    picture = directory / "pairs.png"
    image = png_pairs(pairs, title)
    with replacing(picture) as temporary:
        image.save(temporary, "PNG")
    return [page, picture]


def html_pairs(pairs: Sequence[Pair], title: str) -> str:
    """A page of pairs without any request to elsewhere, readable in light and dark."""
    # Names and captions of a data set are foreign text: everything is escaped.
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harma.curation.audit"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["picture"] = lambda path: data_uri(_thumbnail(path))
    return environment.get_template("pairs.html.jinja").render(pairs=pairs, title=title)


def png_pairs(pairs: Sequence[Pair], title: str) -> Image.Image:
    """A picture of pairs, four in a row.

    Raises:
        ConfigError: there are so many that nothing could open the picture.
    """
    # At least two wide, so that the title has room.
    columns = min(COLUMNS, max(2, len(pairs)))
    rows = max(1, -(-len(pairs) // columns))
    tile_width = 2 * PICTURE_SIDE + BETWEEN
    tile_height = PICTURE_SIDE + 4 + 3 * LINE
    top = MARGIN + LARGE + GAP
    width = 2 * MARGIN + columns * (tile_width + GAP) - GAP
    height = top + rows * (tile_height + GAP) + MARGIN - GAP
    if width * height > MAX_PIXELS:
        raise ConfigError(
            f"{len(pairs):,} pairs make a picture of {width}×{height} pixels; show fewer"
        )
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    write_line(draw, (MARGIN, MARGIN), title, INK, sheet_font(LARGE), width - 2 * MARGIN)
    for index, pair in enumerate(pairs):
        row, column = divmod(index, columns)
        left = MARGIN + column * (tile_width + GAP)
        upper = top + row * (tile_height + GAP)
        _draw_pair(sheet, pair, left, upper, number=index + 1)
    return sheet


def _draw_pair(sheet: Image.Image, pair: Pair, left: int, upper: int, *, number: int) -> None:
    """Two pictures side by side, below them what they are and their names."""
    for side, path in enumerate(pair.paths):
        sheet.paste(_thumbnail(path), (left + side * (PICTURE_SIDE + BETWEEN), upper))
    draw = ImageDraw.Draw(sheet)
    lines = (
        (f"{number}. {pair.head}", INK, "-Bold"),
        (pair.names[0], SOFT, ""),
        (pair.names[1], SOFT, ""),
    )
    for row, (text, color, style) in enumerate(lines):
        place = (left, upper + PICTURE_SIDE + 4 + row * LINE)
        write_line(draw, place, text, color, sheet_font(SMALL, style), 2 * PICTURE_SIDE + BETWEEN)


def _thumbnail(path: Path) -> Image.Image:
    # Padded, not cut: what one of a pair has and the other lacks must be seen.
    return ImageOps.pad(
        read_rgb(path), (PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BICUBIC, color=PAPER
    )
