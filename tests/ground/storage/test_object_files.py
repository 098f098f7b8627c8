"""Objects as files, read by ranges."""

import io

import pytest
from tests.buckets import bucket, bucket_server  # noqa: F401

from harma.errors import MissingFileError
from harma.ground.storage.object_files import BUFFER_BYTES, open_object

CONTENT = bytes(range(256)) * 16384


def test_an_object_is_read_as_a_file(bucket):  # noqa: F811
    bucket.write("a.bin", CONTENT)
    with open_object(f"{bucket.address}/a.bin") as file:
        assert file.read(5) == CONTENT[:5]
        assert file.seek(-7, io.SEEK_END) == len(CONTENT) - 7
        assert file.read() == CONTENT[-7:]
        assert file.read(1) == b""
        file.seek(10)
        file.seek(10, io.SEEK_CUR)
        assert file.read(3) == CONTENT[20:23]
        file.seek(0)
        assert file.read() == CONTENT


def test_small_reads_are_few_requests(bucket):  # noqa: F811
    bucket.write("a.bin", CONTENT)
    bucket.server.reset()
    with open_object(f"{bucket.address}/a.bin") as file:
        while file.read(1000):
            pass
    assert bucket.server.requests["GET"] == len(CONTENT) // BUFFER_BYTES


def test_what_is_not_there(bucket):  # noqa: F811
    with pytest.raises(MissingFileError, match="there is no object s3://"):
        open_object(f"{bucket.address}/none")
