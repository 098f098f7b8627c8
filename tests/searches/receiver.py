"""A receiver of webhooks on loopback."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver:
    """Takes messages, and answers with a status."""

    def __init__(self, status=204, headers=(), slow=None):
        self.messages = []
        self.status = status
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.messages.append((self.path, dict(self.headers), body))
                if slow is not None:
                    slow(self.wfile)
                    return
                self.send_response(receiver.status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.address = f"http://{self.host}/hook?a=b"
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
