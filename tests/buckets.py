"""An S3 server on loopback (moto): buckets that refuse a second conditional put, and faults.

The fixture `bucket` is known to all tests::

    def test_it(bucket):
        harma.Index.build(f"{bucket.address}/archive", …)

Subprocesses of the test find the server by the environment. `bucket.server` counts requests and
bytes, and makes faults: it answers 503 for a while, ignores conditions, loses answers.
"""

import os
import threading
import time
from collections import Counter

import pytest

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ALLOW_HTTP": "true",
}
# Of the machine that tests run on; nothing of it may reach them.
OTHERS = ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_SKIP_SIGNATURE")
CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH")


class BucketServer:
    """Serves S3 on 127.0.0.1 until it is closed.

    Args:
        host: that it binds.

    Attributes:
        url: of the server.
        honours: whether conditional puts are conditional.
        requests: method → how many.
        num_sent: bytes of answers.
        down_until: `time.monotonic()` until which all is answered with 503.
        delay: seconds before each answer.
        loses: called with (method, path, environ); True: it is done, and answered with 500.
        refuses: called with the same; a status such as "403 Forbidden" is answered in its place.
    """

    def __init__(self, host="127.0.0.1"):
        # Not at the top: moto takes a second.
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            protocol_version = "HTTP/1.1"

            def log(self, *_):
                pass

        self._app = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self.honours = True
        self.down_until = 0.0
        self.delay = 0.0
        self.loses = None
        self.refuses = None
        self.reset()
        self._server = make_server(host, 0, self._answer, threaded=True, request_handler=Quiet)
        self._server.daemon_threads = True
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def reset(self):
        """Count anew."""
        self.requests = Counter()
        self.num_sent = 0

    @property
    def num_requests(self):
        return self.requests.total()

    def environment(self):
        """What a client needs."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.url}

    def make_bucket(self, name):
        import boto3

        client = boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket=name)
        return client

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, environ, start_response):
        method = environ["REQUEST_METHOD"]
        path = environ["PATH_INFO"]
        with self._lock:
            self.requests[method] += 1
        if self.delay:
            time.sleep(self.delay)
        if time.monotonic() < self.down_until:
            return self._error(environ, start_response, "503 Slow Down")
        refusal = self.refuses and self.refuses(method, path, environ)
        if refusal:
            return self._error(environ, start_response, refusal)
        if not self.honours and method == "PUT":
            for name in CONDITIONS:
                environ.pop(name, None)
        if self.loses and self.loses(method, path, environ):
            # Done, and nobody is told.
            b"".join(self._app(environ, lambda *_: None))
            return self._error({}, start_response, "500 Internal Server Error")
        body = b"".join(self._app(environ, start_response))
        with self._lock:
            self.num_sent += len(body)
        return [body]

    @staticmethod
    def _error(environ, start_response, status):
        # What is not read would be taken for the next request of the connection.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length:
            environ["wsgi.input"].read(length)
        code = status.split(" ", 1)[1].replace(" ", "")
        body = f"<Error><Code>{code}</Code><Message>as the test has it</Message></Error>".encode()
        start_response(
            status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
        )
        return [body]


class Bucket:
    """A bucket of its own for each test.

    Attributes:
        name: of it.
        address: s3://NAME.
        server: that it lies on.
        client: boto3's, to look at it from the side.
    """

    def __init__(self, server, name):
        self.name = name
        self.address = f"s3://{name}"
        self.server = server
        self.client = server.make_bucket(name)

    def keys(self, prefix=""):
        """Names of all objects."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix
        )
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def read(self, key):
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def write(self, key, body):
        self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def upload(self, file, key):
        self.write(key, file.read_bytes())


@pytest.fixture(scope="session")
def bucket_server():
    pytest.importorskip("moto")
    server = BucketServer()
    yield server
    server.close()


@pytest.fixture
def bucket(bucket_server, monkeypatch, request):
    """A new bucket; the environment says where its server is."""
    for name in OTHERS:
        monkeypatch.delenv(name, raising=False)
    for name, value in bucket_server.environment().items():
        monkeypatch.setenv(name, value)
    # No profile of the machine's either.
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    bucket_server.honours = True
    bucket_server.down_until = 0.0
    bucket_server.delay = 0.0
    bucket_server.loses = None
    bucket_server.refuses = None
    number = next(_NUMBERS)
    yield Bucket(bucket_server, f"bucket-{number}")
    bucket_server.loses = None
    bucket_server.refuses = None
    bucket_server.down_until = 0.0


_NUMBERS = iter(range(1, 1_000_000))
