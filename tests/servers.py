"""A small web server on loopback: a folder's files, signatures that run out, what was asked."""

import json
import re
import threading
from email.utils import formatdate
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class FolderServer:
    """Serves a folder until it is closed.

    Args:
        folder: whose files are served.
        admits: called with the parameters of a request for a file; False is answered with 403.
        answers: path → function of the parameters that gives (status, text) in place of a file.
        dated: whether it says when a file was changed.
    """

    def __init__(self, folder, *, admits=None, answers=None, dated=False):
        self.folder = Path(folder)
        self.dated = dated
        self.admits = admits
        self.answers = answers or {}
        self.requests = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, site, *args):
        self.site = site
        super().__init__(*args)

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_POST(self):
        self.do_GET()

    def do_GET(self):
        parts = urlsplit(self.path)
        parameters = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            parameters |= json.loads(self.rfile.read(length))
        self.site.requests.append((parts.path, parameters))
        answer = self.site.answers.get(parts.path)
        if answer is not None:
            status, text = answer(parameters)
            self._send(status, text.encode(), "application/json")
            return
        if self.site.admits is not None and not self.site.admits(parameters):
            self._send(403, b"the signature has run out", "text/plain")
            return
        path = self.site.folder / unquote(parts.path).lstrip("/")
        if not path.is_file():
            self._send(404, b"not here", "text/plain")
            return
        headers = {}
        if self.site.dated:
            headers["Last-Modified"] = formatdate(path.stat().st_mtime, usegmt=True)
        self._send_file(path.read_bytes(), headers)

    def _send_file(self, content, headers):
        match = RANGE.fullmatch(self.headers.get("Range", ""))
        if match is None:
            self._send(200, content, "application/octet-stream", headers)
            return
        first = int(match[1])
        last = min(int(match[2] or len(content)), len(content) - 1)
        where = f"bytes {first}-{last}/{len(content)}"
        part = content[first : last + 1]
        self._send(206, part, "application/octet-stream", {"Content-Range": where, **headers})

    def _send(self, status, content, kind, headers=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
