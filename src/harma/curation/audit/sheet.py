"""Contact sheets of copies: each pair side by side, so that a person can judge it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from PIL import Image, ImageDraw, ImageOps

from harma.curation.audit.audit import Audit
from harma.curation.audit.copies import Copy
from harma.data.images import MAX_PIXELS, read_image
from harma.errors import ConfigError
from harma.ground.drawing import INK, PAPER, SOFT, data_uri, sheet_font, write_line
from harma.ground.files import replacing, write_text

SIDE = 160
COLUMNS = 4
MARGIN, GAP, LINE, SMALL, LARGE = 24, 18, 17, 12, 20
NAMES = {"file": "same file", "pixels": "same pixels", "near": "near"}


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


def pairs_of(found: Audit, most: int) -> list[Pair]:
    """The pairs of an audit, those across splits or data sets first, then near ones, the least alike first."""
    kinds = {"near": 0, "pixels": 1, "file": 2}
    ordered = sorted(
        found.copies, key=lambda copy: (_is_within(found, copy), kinds[copy.kind], copy.agreement)
    )
    return [
        Pair(
            head_of(copy),
            (str(found.images[copy.first]), str(found.images[copy.second])),
            (found.images[copy.first].path, found.images[copy.second].path),
            not _is_within(found, copy),
        )
        for copy in ordered[:most]
    ]


def _is_within(found: Audit, copy: Copy) -> bool:
    first, second = found.parts(copy)
    return first == second


def head_of(copy: Copy) -> str:
    """What two images are to each other."""
    if copy.kind != "near":
        return NAMES[copy.kind]
    seen = f"{100 * copy.overlap:.0f} % in common" if copy.overlap < 0.97 else ""
    return ", ".join(part for part in (f"near {copy.agreement:.2f}", copy.turn, seen) if part)


def write_sheets(directory: Path, found: Audit, *, most: int) -> list[Path]:
    """Write `pairs.html` and `pairs.png`.

    Args:
        directory: where they go.
        found: the audit.
        most: pairs shown; the sheet says how many are not.
    """
    pairs = pairs_of(found, most)
    title = f"{len(found.copies):,} pairs of copies among {len(found.images):,} images"
    if len(pairs) < len(found.copies):
        title += f"; {len(pairs):,} are shown"
    write_text(directory / "pairs.html", html_sheet(pairs, title))
    image = png_sheet(pairs, title)
    with replacing(directory / "pairs.png") as temporary:
        image.save(temporary, "PNG")
    return [directory / "pairs.html", directory / "pairs.png"]


def html_sheet(pairs: Sequence[Pair], title: str) -> str:
    """A page of pairs without any request to elsewhere, readable in light and dark."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harma.curation.audit"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["picture"] = lambda path: data_uri(_thumbnail(path))
    return environment.get_template("pairs.html.jinja").render(pairs=pairs, title=title)


def png_sheet(pairs: Sequence[Pair], title: str) -> Image.Image:
    """A picture of pairs, four in a row.

    Raises:
        ConfigError: there are so many that nothing could open the picture.
    """
    columns = min(COLUMNS, max(2, len(pairs)))
    width, height = 2 * SIDE + 2, SIDE + 4 + 3 * LINE
    top = MARGIN + LARGE + GAP
    rows = -(-len(pairs) // columns)
    total = (
        2 * MARGIN + columns * (width + GAP) - GAP,
        top + max(1, rows) * (height + GAP) + MARGIN - GAP,
    )
    if total[0] * total[1] > MAX_PIXELS:
        raise ConfigError(
            f"{len(pairs):,} pairs make a picture of {total[0]}×{total[1]} pixels; show fewer"
        )
    sheet = Image.new("RGB", total, PAPER)
    draw = ImageDraw.Draw(sheet)
    write_line(draw, (MARGIN, MARGIN), title, INK, sheet_font(LARGE), total[0] - 2 * MARGIN)
    for number, pair in enumerate(pairs):
        left, upper = (
            MARGIN + number % columns * (width + GAP),
            top + number // columns * (height + GAP),
        )
        for side, path in enumerate(pair.paths):
            sheet.paste(_thumbnail(path), (left + side * (SIDE + 2), upper))
        lines: Iterable[tuple[str, str, str]] = (
            (f"{number + 1}. {pair.head}", INK, "-Bold"),
            (pair.names[0], SOFT, ""),
            (pair.names[1], SOFT, ""),
        )
        for row, (text, color, style) in enumerate(lines):
            place = (left, upper + SIDE + 4 + row * LINE)
            write_line(draw, place, text, color, sheet_font(SMALL, style), width)
    return sheet


def _thumbnail(path: Path) -> Image.Image:
    return ImageOps.pad(read_image(path), (SIDE, SIDE), Image.Resampling.BICUBIC, color=PAPER)
