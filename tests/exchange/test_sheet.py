"""Contact sheets, and the pictures on them."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from tests.exchange.made import hit, picture

from harma.errors import ConfigError
from harma.exchange.sheet import GAP, LARGE, LINE, MARGIN, PAD, html_sheet, png_sheet, write_sheet
from harma.exchange.tile import Tile

# -- HTML ------------------------------------------------------------------------------------------


def test_the_page_says_everything_of_a_hit():
    page = html_sheet(
        [Tile(hit(), (picture(),), ("then 0.21 → now 0.35",))],
        title="a river",
        query={"dates": "2015"},
    )
    text = " ".join(re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL).split())
    for expected in (
        "a river",
        "dates 2015",
        "hits 1",
        "1 0.250 clear above 99.9 %",
        "then 0.21 → now 0.35",
        "date 2015-09-26",
        "lon, lat 4.50000, 50.50000",
        "ground 32 m × 16 m",
        "source scene.tif",
        "window 16 × 8 px at 64, 32",
        "chip:0a1b2c",
    ):
        assert expected in text
    assert 'title="/data/scene.tif"' in page
    assert "humbnail" not in text


def test_the_page_holds_its_pictures_and_asks_nobody_for_anything():
    page = html_sheet([Tile(hit(), (picture(),))], title="a")
    (encoded,) = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    image = Image.open(io.BytesIO(base64.b64decode(encoded)))
    assert image.size == (16, 16)
    assert np.asarray(image)[8, 8] == pytest.approx([255, 0, 0], abs=3)
    assert not re.search(
        r"https?:|//|@import|url\(|<link|src=\"(?!data:)", page.replace(encoded, "")
    )
    assert "prefers-color-scheme: dark" in page


def test_hostile_text_stays_text():
    bad = '"><script>alert(1)</script>'
    tile = Tile(hit(source=f"/data/{bad}", id=bad), (picture(problem=bad, heading=bad),), (bad,))
    page = html_sheet([tile], title=bad, query={bad: bad})
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 8


def test_thumbnails_and_pairs_are_marked():
    pair = (picture(heading="2009"), picture("#00ff00", heading="2020", problem="it is not there"))
    page = html_sheet([Tile(hit(), pair)], title="a")
    assert page.count("<img") == 2
    assert "<span>2009</span>" in page
    assert page.count("<span>thumbnail</span>") == 1
    assert "cannot be read: it is not there" in page
    assert 'class="several"' in page


def test_what_is_unknown_is_left_out():
    bare = hit(geometry=None, datetime=None, gsd=None, standing="")
    page = html_sheet([Tile(bare, (picture(),))], title="a")
    for label in ("date", "lon, lat", "ground"):
        assert f"<dt>{label}</dt>" not in page
    assert "The index is too small to tell" in page
    assert "Nothing matches" in html_sheet([], title="a")


# -- picture ---------------------------------------------------------------------------------------


def test_the_picture_is_a_grid():
    colors = ["#ff0000", "#00ff00", "#0000ff", "#ffff00", "#ff00ff"]
    tiles = [Tile(hit(), (picture(color, (64, 64)),)) for color in colors]
    sheet = png_sheet(tiles, title="a river", size=200, columns=3)
    assert sheet.width == 2 * MARGIN + 3 * 200 + 2 * GAP
    pixels = np.asarray(sheet)
    rows, columns = [
        np.flatnonzero((pixels == (255, 0, 0)).all(axis=-1).any(axis=axis)) for axis in (1, 0)
    ]
    assert columns[0] == MARGIN
    assert np.ptp(columns) == np.ptp(rows) == 197  # a hair less than 200
    across, down = 200 + GAP, (sheet.height - rows[0] - MARGIN + GAP) // 2
    for number, color in enumerate(colors):
        x, y = MARGIN + 100 + number % 3 * across, rows[0] + 100 + number // 3 * down
        assert pixels[y, x].tolist() == list(bytes.fromhex(color[1:]))
    below = pixels[rows[-1] + 2 : rows[0] + down - GAP, :MARGIN]
    assert (below == pixels[0, 0]).all()  # nothing is written outside the grid


def test_labels_are_written_within_their_tile():
    long = hit(source="/data/" + "a_very_long_name_of_a_scene" * 8 + ".tif")
    bare, full = (
        np.asarray(png_sheet([Tile(found, (picture(),))], title=title, size=200))
        for found, title in (
            (hit(), ""),
            (long, "a title\nof two lines that is " + "far " * 40 + "too long"),
        )
    )
    assert bare.shape == full.shape
    assert (full[:, -MARGIN:] == full[0, 0]).all()
    assert (full[: MARGIN + 24] != full[0, 0]).any()


def test_pairs_stand_side_by_side():
    tiles = [
        Tile(hit(), (picture(), picture("#00ff00")), ("then 0.21 → now 0.35",)) for _ in range(3)
    ]
    sheet = np.asarray(png_sheet(tiles, title="a", size=100))
    assert sheet.shape[1] == 2 * MARGIN + 2 * 200 + GAP
    row = sheet[MARGIN + 22 + GAP + 50]
    assert row[MARGIN + 50].tolist() == [255, 0, 0]
    assert row[MARGIN + 150].tolist() == [0, 255, 0]


def test_a_picture_of_too_many_hits_is_refused():
    with pytest.raises(
        ConfigError, match=r"20,000 hits make a picture of \d+×\d+ pixels; write HTML, or fewer"
    ):
        png_sheet([Tile(hit(), (picture(),))] * 20_000, title="a")
    assert png_sheet([], title="nothing").width > 200


def test_writing_by_the_names_ending(tmp_path):
    tiles = [Tile(hit(), (picture(),))]
    write_sheet(tmp_path / "a.html", tiles, title="a river")
    write_sheet(tmp_path / "a.PNG", tiles, title="a river")
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")
    assert Image.open(tmp_path / "a.PNG").format == "PNG"
    with pytest.raises(ConfigError, match=r"a.pdf; a sheet is a .html file or a .png picture"):
        write_sheet(tmp_path / "a.pdf", tiles, title="a river")
    assert {path.name for path in tmp_path.iterdir()} == {"a.html", "a.PNG"}


@pytest.mark.parametrize(
    ("count", "pictures", "columns", "rows"),
    [(0, 1, 1, 1), (1, 1, 1, 1), (5, 1, 5, 1), (6, 1, 5, 2), (3, 2, 2, 2), (2, 6, 1, 2)],
)
def test_five_pictures_stand_in_a_row(count, pictures, columns, rows):
    tiles = [Tile(hit(), (picture(),) * pictures) for _ in range(count)]
    sheet = png_sheet(tiles, title="a", size=210)
    assert sheet.width == 2 * MARGIN + columns * 210 * pictures + (columns - 1) * GAP
    # The score, date, place, source and id stand in five lines below a picture.
    lines = 5 if tiles else 2
    assert sheet.height == 2 * MARGIN + LARGE + GAP + rows * (210 + PAD + lines * LINE + GAP) - GAP


def test_labels_have_room_below_small_pictures():
    sheet = png_sheet([Tile(hit(), (picture(),))] * 2, title="a", size=50)
    assert sheet.width == 2 * MARGIN + 2 * 200 + GAP


def test_pictures_lie_in_the_middle_of_their_height():
    sheet = np.asarray(png_sheet([Tile(hit(), (picture(size=(200, 100)),))], title="a", size=200))
    rows = np.flatnonzero((sheet == (255, 0, 0)).all(axis=-1).any(axis=1))
    top = MARGIN + LARGE + GAP
    assert (rows[0] - top, top + 200 - rows[-1] - 1) == (50, 51)
