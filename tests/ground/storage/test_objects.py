"""Objects of buckets: whole, conditional, listed as a stream; what goes wrong in plain words."""

import itertools
import time

import pytest

from harma.errors import MissingFileError, StorageError
from harma.ground.storage import objects
from harma.ground.storage.objects import (
    create_object,
    described,
    exchange_object,
    first_names,
    listed,
    read_object,
    remove_objects,
    write_object,
)


def test_written_and_read(bucket):
    place = f"{bucket.address}/a/b.txt"
    assert read_object(place) is None
    assert described(place) is None
    etag = write_object(place, b"one")
    assert read_object(place) == (b"one", etag)
    assert bucket.read("a/b.txt") == b"one"
    facts = described(place)
    assert (facts.size, facts.etag) == (3, etag)
    assert abs(facts.mtime_ns / 1e9 - time.time()) < 60
    # Another content, another ETag: so a change is seen without reading.
    assert write_object(place, b"two") != etag


def test_conditional_writes(bucket):
    place = f"{bucket.address}/lease"
    first = create_object(place, b"one")
    assert first
    assert create_object(place, b"two") is None
    second = exchange_object(place, b"three", first)
    assert second
    assert exchange_object(place, b"four", first) is None
    assert read_object(place) == (b"three", second)


def test_an_answer_that_is_lost_is_not_taken_for_a_refusal(bucket):
    place = f"{bucket.address}/lease"
    lost = itertools.count()
    bucket.server.loses = lambda method, path, _: method == "PUT" and next(lost) == 0
    assert create_object(place, b"mine")
    assert next(lost) >= 2
    assert create_object(place, b"yours") is None


def test_listing_streams_pages(bucket, monkeypatch):
    for number in range(7):
        bucket.write(f"p/{number}.tif", b"x" * number)
    bucket.write("pq/other", b"")
    entries = list(listed(f"{bucket.address}/p"))
    assert [(entry.name, entry.size) for entry in entries] == [
        (f"{number}.tif", number) for number in range(7)
    ]
    assert all(entry.etag for entry in entries)
    assert [entry.name for entry in listed(bucket.address)][-1] == "pq/other"
    assert list(listed(f"{bucket.address}/nothing")) == []


def test_names_of_the_first_level(bucket):
    for key in ("p/a", "p/d/e", "p/d/f", "q"):
        bucket.write(key, b"")
    assert first_names(f"{bucket.address}/p") == ["a", "d"]
    assert first_names(bucket.address) == ["p", "q"]


def test_removed(bucket, monkeypatch):
    monkeypatch.setattr(objects, "LISTED_AT_ONCE", 2)
    for number in range(5):
        bucket.write(f"p/{number}", b"")
    remove_objects(f"{bucket.address}/p", ["0", "1", "2", "nothing", "4"])
    assert bucket.keys() == ["p/3"]


def test_a_store_that_is_busy_for_some_seconds(bucket):
    bucket.server.down_until = time.monotonic() + 2.5
    write_object(f"{bucket.address}/a", b"x")
    assert bucket.read("a") == b"x"


def test_no_bucket(bucket):
    for act in (
        lambda: read_object("s3://not-there/a"),
        lambda: write_object("s3://not-there/a", b""),
        lambda: create_object("s3://not-there/a", b""),
        lambda: list(listed("s3://not-there/a")),
        lambda: first_names("s3://not-there/a"),
    ):
        with pytest.raises(MissingFileError, match="there is no bucket not-there"):
            act()


def test_no_rights(bucket):
    bucket.server.refuses = lambda *_: "403 Forbidden"
    for act in (
        lambda: read_object(f"{bucket.address}/a"),
        lambda: write_object(f"{bucket.address}/a", b""),
        lambda: create_object(f"{bucket.address}/a", b""),
        lambda: list(listed(f"{bucket.address}/a")),
    ):
        with pytest.raises(StorageError, match="does not allow it to these credentials"):
            act()


def test_nobody_answers(bucket, monkeypatch):
    monkeypatch.setattr(objects, "MAX_RETRIES", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StorageError, match=r"cannot be reached, .*AWS_ENDPOINT_URL"):
        read_object(f"{bucket.address}/a")
