"""Chips that marks are on: described, there or gone, known again under another name."""

from dataclasses import replace

import pytest
import shapely
from tests.index.made import all_chips
from tests.searches.marked import FIRST, make_grid

from harma.errors import NotFoundError
from harma.searches.chips import chips_there, moved_chips, on_chips, rows_of_chips
from harma.searches.records import Mark


@pytest.fixture
def store(tmp_path):
    return make_grid(tmp_path / "index")


def test_which_chips_are_there(store):
    assert chips_there(store, ["2010-0-0", "none", "o'clock", "nowhere"]) == {"2010-0-0", "nowhere"}
    assert chips_there(store, []) == set()
    many = [f"none{i}" for i in range(1200)]
    assert chips_there(store, [*many, "2010-0-0"]) == {"2010-0-0"}
    assert set(rows_of_chips(store, ["2010-0-0", "none"])) == {"2010-0-0"}


def test_a_mark_knows_its_chip(store):
    [mark] = on_chips(store, [Mark("2010-1-2", "good", "n")])
    assert (mark.mark, mark.note) == ("good", "n")
    assert shapely.from_wkb(mark.geometry).equals(shapely.box(1, 2, 2, 3))
    assert (mark.source, mark.taken, mark.taken_end) == ("/secret/scenes/2010.tif", FIRST, None)
    assert (mark.content, mark.window) == ("bytes of 2010", "9,18,9,9")


def test_chips_that_are_not_there(store):
    with pytest.raises(NotFoundError, match="1 of the chips .*'none'"):
        on_chips(store, [Mark("2010-1-2", "good"), Mark("none", "bad")])


def test_chips_of_a_scene_that_was_renamed_are_known_again(store):
    marks = on_chips(store, [Mark("2010-1-2", "good"), Mark("2010-0-0", "bad")])
    renamed = [
        replace(chip, id=f"new-{chip.id}", source="/elsewhere/2010.tif")
        for chip in all_chips(store)
        if chip.source.endswith("2010.tif")
    ]
    import numpy as np

    store.drop_chips(["/secret/scenes/2010.tif"])
    assert moved_chips(store, marks) == {}
    store.add_chips(renamed, np.ones((len(renamed), 8), dtype=np.float32))
    assert moved_chips(store, marks) == {
        "2010-1-2": "new-2010-1-2",
        "2010-0-0": "new-2010-0-0",
    }


def test_marks_that_do_not_know_their_scene_are_not_moved(store):
    assert moved_chips(store, [Mark("gone", "good")]) == {}
