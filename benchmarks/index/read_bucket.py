"""A folder as a bucket of S3 on loopback that is read: answers from disk, counted, and delayed.

moto reads an object whole for each range that is asked for, which takes longer than the search.
"""

import threading
import time
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from tests.buckets import CREDENTIALS
from werkzeug.serving import WSGIRequestHandler, make_server


class ReadBucket:
    """Serves a folder as s3://benchmark until it is closed.

    Attributes:
        num_requests: since `reset`.
        num_sent: bytes of answers.
        delay: seconds before each answer.
    """

    def __init__(self, folder):
        class Quiet(WSGIRequestHandler):
            protocol_version = "HTTP/1.1"

            def log(self, *_):
                pass

        self.folder = Path(folder)
        self.delay = 0.0
        self._lock = threading.Lock()
        self.reset()
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=Quiet
        )
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reset(self):
        self.num_requests = 0
        self.num_sent = 0

    def environment(self):
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.url}

    def close(self):
        self._server.shutdown()

    def _answer(self, environ, start_response):
        time.sleep(self.delay)
        key = environ["PATH_INFO"].removeprefix("/benchmark").strip("/")
        asked = parse_qs(urlsplit("?" + environ["QUERY_STRING"]).query, keep_blank_values=True)
        if "list-type" in asked:
            status, headers, body = self._listed({name: said[0] for name, said in asked.items()})
        else:
            status, headers, body = self._read(key, environ)
        with self._lock:
            self.num_requests += 1
            self.num_sent += len(body)
        length = headers.pop("Length", len(body))
        start_response(status, [*headers.items(), ("Content-Length", str(length))])
        return [body]

    def _read(self, key, environ):
        path = self.folder / key
        if not path.is_file():
            return "404 Not Found", {}, b"<Error><Code>NoSuchKey</Code></Error>"
        facts = path.stat()
        headers = {"ETag": f'"{facts.st_mtime_ns:x}"', "Last-Modified": date_of(facts)}
        if environ["REQUEST_METHOD"] == "HEAD":
            return "200 OK", {**headers, "Length": facts.st_size}, b""
        first, last = 0, facts.st_size - 1
        said = environ.get("HTTP_RANGE", "").removeprefix("bytes=")
        if said:
            start, _, end = said.partition("-")
            first = int(start) if start else facts.st_size - int(end)
            last = min(last, int(end)) if start and end else last
            headers["Content-Range"] = f"bytes {first}-{last}/{facts.st_size}"
        with path.open("rb") as file:
            file.seek(first)
            body = file.read(last - first + 1)
        return "206 Partial Content" if said else "200 OK", headers, body

    def _listed(self, asked):
        prefix = asked.get("prefix", "")
        folders, entries = set(), []
        for path in sorted(self.folder.rglob("*")):
            key = path.relative_to(self.folder).as_posix()
            if (
                not path.is_file()
                or not key.startswith(prefix)
                or key <= asked.get("start-after", "")
            ):
                continue
            inner, slash, _ = key[len(prefix) :].partition("/")
            if slash and asked.get("delimiter"):
                folders.add(f"{prefix}{inner}/")
                continue
            facts = path.stat()
            when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(facts.st_mtime))
            entries.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{when}</LastModified>"
                f"<ETag>{facts.st_mtime_ns:x}</ETag><Size>{facts.st_size}</Size></Contents>"
            )
        parts = [
            f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"
            for name in sorted(folders)
        ]
        body = (
            f"<ListBucketResult><Name>benchmark</Name><Prefix>{escape(prefix)}</Prefix>"
            f"<KeyCount>{len(entries)}</KeyCount><MaxKeys>100000</MaxKeys>"
            f"<IsTruncated>false</IsTruncated>{''.join(entries)}{''.join(parts)}</ListBucketResult>"
        )
        return "200 OK", {"Content-Type": "application/xml"}, body.encode()


def date_of(facts):
    return formatdate(facts.st_mtime, usegmt=True)
