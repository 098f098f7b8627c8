"""Contact sheets, and the pictures on them."""

import base64
import io
import os
import re
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from PIL import Image

import harma.index.pictures
from harma.errors import ConfigError, DataError
from harma.exchange.sheet import GAP, MARGIN, html_sheet, png_sheet, write_sheet
from harma.exchange.tile import Tile
from harma.index.hits import Hit
from harma.index.index import Index
from harma.index.pictures import ChipPicture, pictures_of
from harma.scenes.place import middle
from harma.scenes.raster import open_scene
from harma.scenes.windows import Window


@pytest.fixture
def index(write_scenes, build_index, model, tmp_path):
    write_scenes(tmp_path / "scenes", 3)
    build_index(tmp_path / "scenes")
    return Index.open(tmp_path / "index", model=model[0])


def hit(**other):
    values = {
        "score": 0.25,
        "percentile": 99.98,
        "standing": "clear",
        "id": "0a1b2c",
        "source": "/data/scene.tif",
        "window": Window(64, 32, 16, 8),
        "geometry": shapely.box(4, 50, 5, 51),
        "datetime": datetime(2015, 9, 26, tzinfo=UTC),
        "crs": "EPSG:32631",
        "gsd": 2.0,
        "nodata": 0.0,
        **other,
    }
    return Hit(**values)


def picture(color="#ff0000", size=(16, 16), **other):
    return ChipPicture(Image.new("RGB", size, color), **other)


# -- pictures --------------------------------------------------------------------------------------


def test_pictures_are_the_scenes_own_pixels_and_every_scene_is_opened_once(index, monkeypatch):
    opened = []

    def counting(source, *options, **others):
        opened.append(source)
        return open_scene(source, *options, **others)

    monkeypatch.setattr(harma.index.pictures, "open_scene", counting)
    hits = index.search("a river", k=20)
    pictures = pictures_of(index.store, hits)
    assert len(pictures) == 20
    assert sorted(opened) == sorted({hit.source for hit in hits})
    for found, shown in zip(hits, pictures, strict=True):
        with open_scene(found.source) as scene:
            assert np.array_equal(np.asarray(shown.image), scene.read(found.window)[0])
        assert shown.problem == ""
    assert pictures_of(index.store, hits[:1], size=16)[0].image.size == (16, 16)
    assert pictures_of(index.store, []) == []


def test_without_its_scene_a_hit_has_the_indexs_thumbnail_and_says_so(index, tmp_path):
    hits = index.search("a river", k=27)
    gone, changed, touched = sorted((tmp_path / "scenes").iterdir())
    before = {
        found.id: shown.image
        for found, shown in zip(hits, pictures_of(index.store, hits), strict=True)
    }
    gone.unlink()
    changed.write_bytes(changed.read_bytes() + b" ")
    os.utime(touched, (1, 1))  # another time, the same bytes
    for found, shown in zip(hits, pictures_of(index.store, hits), strict=True):
        expected = {
            str(gone): "it is not there",
            str(changed): "it has changed since it was indexed",
            str(touched): "",
        }
        assert shown.problem == expected[found.source]
        assert shown.image.mode == "RGB"
        difference = np.asarray(shown.image, dtype=float) - np.asarray(
            before[found.id], dtype=float
        )
        assert np.abs(difference).mean() < (0.001 if found.source == str(touched) else 20)


def test_a_hit_that_left_the_index_is_an_error(index, tmp_path):
    found = index.search("a river", k=1)
    with pytest.raises(
        DataError, match="1 hits are not in the index any more, such as nowhere; search again"
    ):
        pictures_of(index.store, [*found, hit(id="nowhere")])


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


# -- places and shares -----------------------------------------------------------------------------


def test_the_middle_of_a_footprint_across_the_180th_meridian():
    both = shapely.MultiPolygon([shapely.box(179, 0, 180, 2), shapely.box(-180, 0, -177, 2)])
    assert middle(both) == pytest.approx((-179, 1))
    assert middle(shapely.box(-10, 40, -8, 42)) == pytest.approx((-9, 41))


def test_only_all_of_the_index_is_100_percent():
    assert Tile(hit(percentile=99.99), ()).percentile == "99.9 %"
    assert Tile(hit(percentile=100.0), ()).percentile == "100.0 %"
    assert (
        Tile(hit(datetime=datetime(2015, 9, 26, 10, 30, tzinfo=UTC)), ()).date == "2015-09-26 10:30"
    )
