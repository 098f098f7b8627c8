"""Stamps: what tells the objects of a scene apart without their bytes."""

from harma.ground.storage.objects import StoredObject
from harma.scenes.stamps import SECOND, stamp_of

WHEN = 1_700_000_000 * SECOND
ONE = StoredObject("a.tif", 100, '"etag"', WHEN)


def test_size_and_time_are_those_of_all_objects():
    later = StoredObject("b.tif", 20, '"other"', WHEN + 5 * SECOND)
    stamp = stamp_of([ONE, later])
    assert stamp.size == 120
    assert stamp.mtime_ns // SECOND == 1_700_000_005


def test_an_object_that_is_written_again_in_the_same_second_has_another_stamp():
    again = ONE._replace(etag='"again"')
    assert stamp_of([ONE]).mtime_ns != stamp_of([again]).mtime_ns
    assert stamp_of([ONE]).content != stamp_of([again]).content


def test_the_same_content_is_known_under_another_name_and_at_another_time():
    moved = ONE._replace(name="elsewhere.tif", mtime_ns=WHEN + SECOND)
    assert stamp_of([ONE]).content == stamp_of([moved]).content
    assert stamp_of([ONE]).mtime_ns != stamp_of([moved]).mtime_ns


def test_scenes_of_one_object_are_told_apart():
    assert stamp_of([ONE], "a.tif").content != stamp_of([ONE], "b.tif").content


def test_without_an_etag_its_time_tells():
    silent = ONE._replace(etag="")
    assert stamp_of([silent]).content != stamp_of([silent._replace(mtime_ns=WHEN + 1)]).content
