"""The page of the architecture: its picture comes from the code, its paths are there."""

import re
from pathlib import Path

import pytest

import harma
from docs import draw_house

SOURCE = Path(harma.__file__).parent
PAGE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"


def test_the_picture_shows_every_room_with_its_size_above_what_it_imports():
    picture = draw_house.draw()
    facts = draw_house.room_facts(SOURCE)
    shown = re.findall(r'y="(\d+)"[^>]*font-weight="bold">(\w+)</text>', picture)
    heights = {room: int(y) for y, room in shown}
    assert heights.keys() == facts.keys()
    for room, (lines, _) in facts.items():
        assert f">{lines:,} lines</text>" in picture, room
    edges = draw_house.arrows(draw_house.read_package(SOURCE))
    assert all(heights[room] < heights[other] for room, other in edges)
    assert picture.count("marker-end") == len(draw_house.shortest(edges))


def test_an_arrow_that_a_longer_way_replaces_is_left_out():
    edges = {("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")}
    assert draw_house.shortest(edges) == [("a", "b"), ("a", "d"), ("b", "c")]
    assert draw_house.floors(edges, ["a", "b", "c", "d"]) == [["c", "d"], ["b"], ["a"]]


def test_rooms_that_import_each_other_cannot_be_drawn():
    with pytest.raises(ValueError, match="import each other"):
        draw_house.floors({("a", "b"), ("b", "a")}, ["a", "b"])


def test_paths_of_the_page_are_there():
    text = PAGE.read_text()
    for path in re.findall(r"`([a-z_]+(?:/[a-z_]*)*(?:\.py|/))`", text):
        home = PAGE.parents[1] if path.startswith("tests/") else SOURCE
        nearby = [SOURCE / path, home / path, *(SOURCE.glob(f"*/{path}"))]
        assert any(place.exists() for place in nearby), path


def test_every_room_is_told():
    rooms = set(re.findall(r"`(\w+)`", PAGE.read_text().split("## Walls")[0]))
    assert set(draw_house.room_facts(SOURCE)) <= rooms
