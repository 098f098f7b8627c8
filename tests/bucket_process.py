"""The S3 server of `tests.buckets` in a process of its own, for tests in which GDAL reads from it.

GDAL and obstore may wait for an answer while they hold Python's lock: a server of the same process
would never give it.
"""

import json
import os
import subprocess
import sys
import urllib.request

import pytest
from tests.buckets import OTHERS, Bucket, BucketServer

CONTROL = "/_control"


class ServerProcess:
    """A `BucketServer` in another process.

    Attributes:
        url: of it.
    """

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bucket_process"], stdout=subprocess.PIPE, text=True
        )
        self.url = self._process.stdout.readline().strip()

    environment = BucketServer.environment
    make_bucket = BucketServer.make_bucket

    def log(self):
        """(method, path, query, range) of each request since the last call."""
        return [tuple(entry) for entry in self._control({})]

    def answer(self, statuses):
        """Answer the next requests so, such as ["503 Slow Down", "403 Forbidden"]."""
        self._control({"answers": statuses})

    def close(self):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()

    def _control(self, order):
        request = urllib.request.Request(self.url + CONTROL, json.dumps(order).encode())
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())


@pytest.fixture(scope="session")
def server_process():
    pytest.importorskip("moto")
    server = ServerProcess()
    yield server
    server.close()


@pytest.fixture
def far_bucket(server_process, monkeypatch):
    """A new bucket on the server of another process; the environment says where that is."""
    for name in OTHERS:
        monkeypatch.delenv(name, raising=False)
    for name, value in server_process.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    bucket = Bucket(server_process, f"scenes-{next(_NUMBERS)}")
    server_process.log()
    return bucket


_NUMBERS = iter(range(1, 1_000_000))


def serve():
    """Serve until the process is ended."""
    server = BucketServer()
    log = []
    answers = []
    answer_of = server._answer

    def answer(environ, start_response):
        path = environ["PATH_INFO"]
        if path == CONTROL:
            length = int(environ["CONTENT_LENGTH"])
            answers.extend(json.loads(environ["wsgi.input"].read(length)).get("answers", ()))
            body = json.dumps(log).encode()
            log.clear()
            start_response("200 OK", [("Content-Length", str(len(body)))])
            return [body]
        query = environ.get("QUERY_STRING", "")
        log.append((environ["REQUEST_METHOD"], path, query, environ.get("HTTP_RANGE", "")))
        if answers:
            return server._error(environ, start_response, answers.pop(0))
        return answer_of(environ, start_response)

    server._server.app = answer
    print(server.url, flush=True)  # noqa: T201
    server._thread.join()


if __name__ == "__main__":
    serve()
