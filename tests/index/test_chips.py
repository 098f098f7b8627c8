"""What the table says of a chip."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import shapely
from PIL import Image
from tests.index.parts import FACTS

from harma.index.chips import Cutting, chip_id, chip_record
from harma.scenes.period import Period
from harma.scenes.source import Source
from harma.scenes.windows import Window

WINDOW = Window(10, 20, 30, 40)


def cutting(footprint=None, shape=(40, 30, 3)):
    picture = np.full(shape, 77, dtype=np.uint8)
    return Cutting(WINDOW, picture, 0.25, footprint, seen=picture)


def test_every_part_of_a_name_counts():
    ids = {
        chip_id("a", "c", WINDOW),
        chip_id("b", "c", WINDOW),
        chip_id("a", "d", WINDOW),
        chip_id("a", "c", Window(20, 10, 30, 40)),
        chip_id("a", "c", Window(10, 20, 40, 30)),
        chip_id("a", "c", Window(10, 20, 30, 41)),
    }
    assert len(ids) == 6
    assert chip_id("a", "c", WINDOW) == chip_id("a", "c", Window(10, 20, 30, 40))


def test_a_record_has_the_window_the_box_and_the_dates_of_a_list_first():
    footprint = shapely.Polygon([(1, 2), (5, 2), (4, 7)])
    taken = datetime(1999, 2, 3, tzinfo=UTC)
    facts = replace(FACTS, taken=Period.moment(datetime(2020, 1, 1, tzinfo=UTC)))
    record = chip_record(Source("a", "a", Period.moment(taken)), "c", facts, cutting(footprint))
    assert (record.xmin, record.ymin, record.xmax, record.ymax) == (1, 2, 5, 7)
    assert shapely.from_wkb(record.geometry).equals(footprint)
    assert (record.column, record.row, record.width, record.height) == (10, 20, 30, 40)
    assert (record.id, record.content) == (chip_id("a", "c", WINDOW), "c")
    assert (record.datetime, record.gsd, record.nodata) == (taken, 2.0, 0.25)
    assert chip_record(Source("a", "a"), "c", facts, cutting()).datetime == facts.taken.start


def test_a_scene_without_a_place_gives_chips_without_one():
    record = chip_record(Source("a", "a"), "c", FACTS, cutting())
    assert record.geometry is None
    assert (record.xmin, record.ymin, record.xmax, record.ymax) == (None,) * 4


def test_thumbnails_are_small_and_small_chips_are_not_enlarged():
    sizes = []
    for shape in ((400, 200, 3), (40, 30, 3)):
        record = chip_record(Source("a", "a"), "c", FACTS, cutting(shape=shape))
        sizes.append(Image.open(io.BytesIO(record.thumbnail)).size)
    assert sizes == [(48, 96), (30, 40)]
