"""A server that is killed while people mark: no answered mark is lost."""

import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from harma.searches.book import SearchBook

SERVER = """
import socket, sys
from pathlib import Path
import uvicorn
from harma.serve.app import make_app
from harma.serve.service import Service
from harma.serve.settings import ServeSettings

service = Service.of(ServeSettings(indexes={"archive": Path(sys.argv[1])}))
service.index("archive").warm_up()
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
# From here on callers wait instead of being refused.
listener.listen(16)
print(listener.getsockname()[1], flush=True)
server = uvicorn.Server(uvicorn.Config(make_app(service), log_level="error"))
server.run(sockets=[listener])
"""


class KilledServer:
    """A server in a process of its own; a context, which kills it whatever happens."""

    def __init__(self, archive):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, archive], stdout=subprocess.PIPE, text=True
        )
        self.address = ""

    def __enter__(self):
        try:
            self.address = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_):
        self.kill()

    def put(self, path, body):
        request = urllib.request.Request(
            self.address + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def kill(self):
        self.process.kill()
        self.process.communicate()


@pytest.mark.slow
def test_no_answered_mark_is_lost(archive, service):
    store = service.index("archive").index.store
    chips = store.rows(["id"])["id"].to_pylist()
    with SearchBook.open(archive) as book:
        search = book.create("roofs", {"text": "a red roof"}).id
        answered = {}
        for life in range(3):
            has_enough = threading.Event()
            with KilledServer(archive) as server:
                threads = [
                    threading.Thread(
                        target=_mark, args=[server, search, chips, n, answered, has_enough]
                    )
                    for n in range(4)
                ]
                for thread in threads:
                    thread.start()
                assert has_enough.wait(120)
            for thread in threads:
                thread.join(60)
            notes = {mark.chip: mark.note for mark in book.marks(search)}
            for chip, number in answered.items():
                # A later one may have been kept without its answer having come.
                assert int(notes[chip]) >= number, f"life {life}"
        assert len(answered) > 4


def _mark(server, search, chips, first, answered, has_enough):
    """Mark chips of one's own again and again, with a number that counts up."""
    mine = chips[first::4]
    number = max([answered.get(chip, 0) for chip in mine])
    while True:
        number += 1
        chip = mine[number % len(mine)]
        body = {"marks": [{"chip": chip, "mark": "good", "note": str(number)}]}
        try:
            server.put(f"/v1/searches/{search}/marks", body)
        except (urllib.error.URLError, OSError, ValueError):
            return
        answered[chip] = number
        if number % 20 == 0:
            has_enough.set()
