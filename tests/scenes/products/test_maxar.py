"""Maxar's deliveries are a scene a picture."""

from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio
from affine import Affine

from harma.scenes.raster import open_scene
from harma.scenes.sources import find_scenes

ORDER = "053951940020_01_P001"


def imd(*bands):
    groups = "".join(
        f"BEGIN_GROUP = BAND_{band}\n\tULLon = 1;\nEND_GROUP = BAND_{band}\n" for band in bands
    )
    return f'version = "AA";\nbandId = "Multi";\n{groups}END;\n'


def til(tiles):
    groups = "".join(
        f'BEGIN_GROUP = TILE_{number}\n\tfilename = "{name}";\n\tULColOffset = {column};\n'
        f"\tULRowOffset = {row};\nEND_GROUP = TILE_{number}\n"
        for number, (name, column, row) in enumerate(tiles, 1)
    )
    return f'bandId = "Multi";\nnumTiles = {len(tiles)};\n{groups}END;\n'


@pytest.mark.parametrize(
    ("bands", "shown", "sensor"),
    [
        ("BGRN", (3, 2, 1), "worldview"),
        ("RGBN", (1, 2, 3), "worldview"),
        (("C", "B", "G", "Y", "R", "RE", "N", "N2"), (5, 3, 2), "worldview"),
        ("RGB", (1, 2, 3), "worldview"),
        ("NRG", (1, 2, 3), "worldview"),
    ],
)
def test_bands_are_as_the_metadata_says(bands, shown, sensor, write_raster, tmp_path):
    name = f"14JUL07151413-S2AS-{ORDER}"
    write_raster(f"{name}.TIF", *range(1, len(bands) + 1))
    (tmp_path / f"{name}.IMD").write_text(imd(*bands))
    (source,) = find_scenes([tmp_path]).sources
    assert source.name == str(tmp_path / f"{name}.TIF")
    assert source.sensor == sensor
    assert source.taken.start == datetime(2014, 7, 7, 15, 14, 13, tzinfo=UTC)
    with open_scene(source.opened_as, survey=True) as scene:
        assert scene.facts.bands == shown
    with rasterio.open(source.opened_as) as dataset:
        assert dataset.count == len(bands), "numbers of --bands are those of the file"


@pytest.mark.parametrize(
    ("kinds", "shown"),
    [
        (("M2AS", "P2AS", "S2AS"), "S2AS"),
        (("M2AS", "P2AS"), "M2AS"),
        (("P2AS",), "P2AS"),
        (("M1BS", "P1BS"), "M1BS"),
        (("M3DS", "S3DS"), "S3DS"),
    ],
)
def test_the_best_picture_of_an_order(kinds, shown, write_raster, tmp_path):
    folders = {"M": "MUL", "P": "PAN", "S": "PSH"}
    for kind in kinds:
        folder = f"053951940020_01/{ORDER}_{folders[kind[0]]}"
        write_raster(f"{folder}/14JUL07151413-{kind}-{ORDER}.TIF", 1, 2, 3, 4)
        write_raster(
            f"{folder}/14JUL07151413-{kind}-{ORDER}-BROWSE.JPG", 1, dtype="uint8", driver="JPEG"
        )
    (tmp_path / "053951940020_01" / "GIS_FILES").mkdir()
    (tmp_path / "053951940020_01" / "GIS_FILES" / "x_TILE_SHAPE.shp").write_bytes(b"x")
    found = find_scenes([tmp_path])
    (source,) = found.sources
    assert f"-{shown}-" in source.name
    assert len(found.left_out) == 2 * len(kinds) - 1


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("rows", [1, 2])
def test_tiles_are_put_side_by_side(columns, rows, write_raster, tmp_path, values_of):
    name = f"14JUL07151413-M2AS-{ORDER}"
    listed = []
    for row in range(rows):
        for column in range(columns):
            tile = f"14JUL07151413-M2AS_R{row + 1}C{column + 1}-{ORDER}.TIF"
            place = Affine(10, 0, 500_000 + 200 * column, 0, -10, 5_000_000 - 200 * row)
            value = 100 * row + 10 * column
            write_raster(tile, value + 1, value + 2, value + 3, value + 4, transform=place)
            listed.append((tile, 20 * column, 20 * row))
    (tmp_path / f"{name}.TIL").write_text(til(listed))
    (tmp_path / f"{name}.IMD").write_text(imd(*"BGRN"))
    found = find_scenes([tmp_path])
    (source,) = found.sources
    assert found.left_out == {}
    with rasterio.open(source.opened_as) as dataset:
        assert dataset.shape == (20 * rows, 20 * columns)
        assert dataset.bounds.left == 500_000
        assert dataset.bounds.top == 5_000_000
        ours = dataset.read(1)[10::20, 10::20]
    expected = 1 + 100 * np.arange(rows)[:, None] + 10 * np.arange(columns)[None]
    assert np.array_equal(ours, expected)
    with open_scene(source.opened_as, survey=True) as scene:
        assert scene.facts.bands == (3, 2, 1)
    assert all(str(tmp_path / tile) in source.files for tile, _, _ in listed)


@pytest.mark.parametrize("text", ["", "no list", til([]), til([("gone.TIF", 0, 0)]), None])
def test_without_a_usable_list_tiles_are_scenes(text, write_raster, tmp_path):
    for column in (1, 2):
        write_raster(f"14JUL07151413-P2AS_R1C{column}-{ORDER}.TIF", 7)
    if text is not None:
        (tmp_path / f"14JUL07151413-P2AS-{ORDER}.TIL").write_text(text)
    sources = find_scenes([tmp_path]).sources
    assert len(sources) == 2
    assert sources[0].sensor == "worldview"
