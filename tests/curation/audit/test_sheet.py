import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.curation.audit.conftest import write_picture

from harma.curation.audit import sheet
from harma.curation.audit.audit import Audit, AuditedImage, audit
from harma.curation.audit.copies import Copy
from harma.curation.audit.sheet import (
    head_of,
    html_pairs,
    pairs_of,
    png_pairs,
    write_pair_sheets,
)
from harma.errors import ConfigError


def test_sheets_show_pairs_across_splits_first_and_say_what_is_left_out(source, tmp_path):
    write_picture(source.root / "images" / "f.png", 2)
    rows = json.loads((source.root / "train.json").read_text())
    rows.append({"image": "f.png", "caption": "<b>a pond", "image_id": 1})
    (source.root / "train.json").write_text(json.dumps(rows))
    found = audit([source])
    pairs = pairs_of(found, 10)
    assert [pair.is_across for pair in pairs] == [True, True, False]
    html = html_pairs(pairs, "3 pairs")
    assert html.count("data:image/jpeg;base64,") == 6
    assert "http" not in html
    # Three of two pictures side by side: 24 + 3 · (322 + 18) - 18 + 24 wide.
    assert png_pairs(pairs, "3 pairs").size == (1050, 24 + 20 + 18 + 215 + 24)
    written = write_pair_sheets(tmp_path / "sheets", found, most=1)
    assert "3 pairs of copies among 6 images; 1 are shown" in written[0].read_text()
    assert Image.open(written[1]).format == "PNG"


def test_the_order_of_pairs():
    """Across before within, near before equal pixels before equal files, the least alike first."""
    images = tuple(
        AuditedImage("x", split, f"{i}.png", Path(f"{i}.png"))
        for i, split in enumerate(("train", "train", "test", "test"))
    )
    copies = (
        Copy(0, 1, "near", 0.83),
        Copy(0, 2, "file"),
        Copy(0, 3, "near", 0.95),
        Copy(1, 2, "pixels"),
        Copy(1, 3, "near", 0.9),
    )
    pairs = pairs_of(Audit(images, copies, (), (), (), True), 5)
    assert [pair.head for pair in pairs] == [
        "near 0.90",
        "near 0.95",
        "same pixels",
        "same file",
        "near 0.83",
    ]
    assert [pair.is_across for pair in pairs] == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("copy", "head"),
    [
        (Copy(0, 1, "file"), "same file"),
        (Copy(0, 1, "near", 0.934, "mirrored"), "near 0.93, mirrored"),
        (Copy(0, 1, "near", 0.9, "", 0.97), "near 0.90"),
        (Copy(0, 1, "near", 0.9, "", 0.962), "near 0.90, 96 % in common"),
    ],
)
def test_what_two_images_are_to_each_other(copy, head):
    assert head_of(copy) == head


def test_an_audit_without_copies_has_sheets_too(tmp_path, source):
    found = audit([replace(source, splits=("test",))])
    paths = write_pair_sheets(tmp_path, found, most=5)
    assert [path.name for path in paths] == ["pairs.html", "pairs.png"]


def test_more_pairs_than_a_picture_can_hold_are_refused(monkeypatch):
    monkeypatch.setattr(sheet, "MAX_PIXELS", 100_000)
    with pytest.raises(ConfigError, match=r"0 pairs make a picture of 710×301 pixels; show fewer"):
        png_pairs([], "none")


@pytest.mark.parametrize(
    ("number", "columns", "rows"),
    [(0, 2, 1), (1, 2, 1), (2, 2, 1), (4, 4, 1), (5, 4, 2), (8, 4, 2)],
)
def test_the_size_of_a_sheet(tmp_path, number, columns, rows):
    write_picture(tmp_path / "a.png", 0)
    pair = sheet.Pair("near 0.90", ("x", "y"), (tmp_path / "a.png",) * 2, True)
    image = png_pairs([pair] * number, "title")
    assert image.size == (48 + columns * 340 - 18, 24 + 20 + 18 + rows * 233 + 24 - 18)
    # The picture of a pair's second image is beside the first, two pixels apart.
    if number:
        pixels = np.asarray(image)[62:222, 24:346]
        assert (pixels[:, :160] == pixels[:, 162:]).all()
        assert not (pixels[:, :160] == pixels[0, 160]).all()


def test_a_sheet_of_just_the_most_pixels_is_drawn(monkeypatch):
    monkeypatch.setattr(sheet, "MAX_PIXELS", 710 * 301)
    assert png_pairs([], "none").size == (710, 301)
    monkeypatch.setattr(sheet, "MAX_PIXELS", 710 * 301 - 1)
    with pytest.raises(ConfigError, match="show fewer"):
        png_pairs([], "none")


def test_all_pairs_need_no_number_of_those_that_are_shown(source, tmp_path):
    found = audit([source])
    page = write_pair_sheets(tmp_path, found, most=2)[0].read_text()
    assert "2 pairs of copies among 5 images" in page
    assert "are shown" not in page
