"""Addresses of buckets: scheme, bucket, key; what is none."""

from pathlib import Path

import pytest

from harma.errors import ConfigError
from harma.ground.storage.addresses import Address, address_of, in_bucket, local_path


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("s3://bucket/a/b", ("s3", "bucket", "a/b")),
        ("S3://bucket/a//b/", ("s3", "bucket", "a/b")),
        ("gs://bucket", ("gs", "bucket", "")),
        ("az://container/a", ("az", "container", "a")),
        # What a `Path` leaves of it.
        (Path("s3://bucket/a"), ("s3", "bucket", "a")),
    ],
)
def test_parts(text, parts):
    assert address_of(text) == Address(*parts)
    assert in_bucket(text)


def test_as_text_and_below():
    address = address_of("s3://bucket/a/")
    assert str(address) == "s3://bucket/a"
    assert str(address.child("b/c")) == "s3://bucket/a/b/c"
    assert str(address_of("s3://bucket").child("b")) == "s3://bucket/b"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ftp://host/a", "allowed are s3://BUCKET"),
        ("https://host/a", "allowed are s3://BUCKET"),
        ("s3://", "names no bucket"),
        ("s3:///a", "names no bucket"),
        ("gs://[", "names a bucket '\\[', and no store has such"),
        ("s3://a b/c", "names a bucket 'a b'"),
        ("az://-", "names a bucket '-'"),
        ("s3://\u202e/c", "no store has such"),
        (f"s3://{'x' * 300}/c", "no store has such"),
        ("s3://../a", "names no bucket"),
        ("s3://bucket/a/../b", "leave them out"),
    ],
)
def test_refused(text, message):
    with pytest.raises(ConfigError, match=message):
        address_of(text)


def test_local_paths():
    assert local_path("a/b") == "a/b"
    assert local_path("file:///a/b%20c") == "/a/b c"
    assert local_path("s3://bucket/a") is None
    assert not in_bucket("a/s3:/b")
