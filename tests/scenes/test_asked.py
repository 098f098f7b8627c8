"""What servers say of single scenes."""

import email.utils

import pytest
from tests.buckets import bucket, bucket_server  # noqa: F401
from tests.servers import FolderServer

from harma.scenes import asked
from harma.scenes.asked import is_asked, is_gone_from_bucket, stamp_asked, stamped_lately
from harma.scenes.source import Source, source_named
from harma.scenes.stamps import Stamp

OTHERWISE = Stamp(1, 2, "as it was")


@pytest.fixture(autouse=True)
def _asked_anew():
    asked._stamp_asked.cache_clear()


@pytest.fixture
def say():
    """A server that says these headers of what it has; a status alone refuses."""
    servers = []

    def start(status=200, **headers):
        from http.server import BaseHTTPRequestHandler

        class Saying(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()

        server = FolderServer("/nowhere")
        server._server.RequestHandlerClass = Saying
        servers.append(server)
        return source_named(f"{server.base}/a.tif?sig=secret")

    yield start
    for server in servers:
        server.close()


WHEN = 1_600_000_000
DATE = email.utils.formatdate(WHEN, usegmt=True)


def test_time_and_size_are_said(say):
    stamp = stamp_asked(say(Last_Modified=DATE, Content_Length="12"))
    assert (stamp.size, stamp.mtime_ns // 1_000_000_000) == (12, WHEN)


def test_servers_behind_one_name_may_have_an_etag_each(say):
    one = say(Last_Modified=DATE, Content_Length="12", ETag='"1"')
    other = say(Last_Modified=DATE, Content_Length="12", ETag='"2"')
    assert stamp_asked(one) == stamp_asked(other)
    # Where it says no time, they are what there is.
    one = say(Content_Length="12", ETag='"1"')
    other = say(Content_Length="12", ETag='"2"')
    assert stamp_asked(one).content != stamp_asked(other).content


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {}),
        (200, {"Content_Length": "12"}),
        (200, {"Last_Modified": "yesterday"}),
        (200, {"Last_Modified": DATE, "Content_Length": "many"}),
        (403, {"ETag": '"1"'}),
        (405, {"ETag": '"1"'}),
    ],
)
def test_what_says_nothing(status, headers, say):
    source = say(status, **headers)
    assert stamp_asked(source) is None
    assert stamped_lately(source, OTHERWISE).stamp == OTHERWISE


def test_of_files_nobody_is_asked():
    assert not is_asked(source_named("/data/a.tif"))
    assert not is_asked(source_named("/vsizip//data/a.zip/a.tif"))
    assert is_asked(source_named("s3://bucket/a.tif"))
    assert is_asked(source_named("/vsizip//vsis3/bucket/a.zip/a.tif"))
    assert is_asked(source_named("https://example.org/a.tif"))


def test_objects(bucket):  # noqa: F811
    bucket.write("a.tif", b"abc")
    source = source_named(f"{bucket.address}/a.tif")
    stamp = stamp_asked(source)
    assert stamp.size == 3
    several = Source(source.name, "<VRTDataset/>", files=(f"{bucket.address}/b.tif",))
    assert stamp_asked(several) is None
    bucket.write("b.tif", b"de")
    assert stamp_asked(several).size == 5
    assert stamp_asked(source) == stamp


def test_an_answer_is_good_for_a_moment(bucket, monkeypatch):  # noqa: F811
    bucket.write("a.tif", b"abc")
    source = source_named(f"{bucket.address}/a.tif")
    first = stamped_lately(source, OTHERWISE).stamp
    bucket.write("a.tif", b"abcd")
    assert stamped_lately(source, OTHERWISE).stamp == first
    now = asked.time.monotonic()
    monkeypatch.setattr(asked.time, "monotonic", lambda: now + 2 * asked.LATELY)
    assert stamped_lately(source, OTHERWISE).stamp.size == 4


def test_what_is_gone(bucket):  # noqa: F811
    bucket.write("a.tif", b"abc")
    assert not is_gone_from_bucket(f"{bucket.address}/a.tif")
    assert is_gone_from_bucket(f"{bucket.address}/b.tif")
    bucket.server.refuses = lambda *_: "403 Forbidden"
    assert not is_gone_from_bucket(f"{bucket.address}/b.tif")
