"""A server as it is started: it says where it is and how it loads, and ends cleanly."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from harma.errors import ConfigError
from harma.serve.running import address_of, listen
from harma.serve.settings import ServeSettings

PATIENCE_S = 120


def test_a_port_that_is_taken():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} cannot be listened on .*--port"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine():
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", 0)


def test_addresses():
    settings = ServeSettings(indexes={}, root_path="/harma")
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert address_of(settings, listening) == f"http://127.0.0.1:{port}/harma/"
        six = ServeSettings(indexes={}, host="::1")
        assert address_of(six, listening) == f"http://[::1]:{port}/"


@pytest.fixture
def started(archive):
    """A server in a process of its own, and its first line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harma", "serve", f"a={archive}", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    yield process, process.stdout.readline()
    if process.poll() is None:
        process.kill()
    process.wait()
    process.stdout.close()


def status_of(address):
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_from_start_to_end(started):
    process, line = started
    assert line.startswith("serving at http://127.0.0.1:"), line
    address = line.split()[2]
    # It answers while it loads, and says so.
    assert status_of(f"{address}healthz") == 200
    assert process.stdout.readline() == "a: loading the index and its model …\n"
    until = time.monotonic() + PATIENCE_S
    while status_of(f"{address}readyz") != 200:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert process.stdout.readline().startswith("a: ready, 27 chips, after ")
    assert status_of(f"{address}v1/indexes/a/search?q=a+road") == 200
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=PATIENCE_S)
    assert rest.endswith("ended\n")
    assert process.returncode == 0
    host, port = address.removeprefix("http://").rstrip("/").split(":")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)), timeout=5)


def test_a_port_that_none_is():
    with pytest.raises(ConfigError, match="99999; give one from 0 to 65535"):
        listen("127.0.0.1", 99999)


def test_answers_do_not_wait_for_signs_of_the_client():
    with listen("127.0.0.1", 0) as listening:
        client = socket.create_connection(listening.getsockname())
        taken, _ = listening.accept()
        with client, taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_saved_searches_that_cannot_be_kept_are_told_at_the_start(archive):
    command = [sys.executable, "-m", "harma", "serve", archive, "--port", "0"]
    done = subprocess.run(
        [*command, "--state", "mysql://anna:secret@h/x"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2
    assert "saved searches cannot be kept in mysql://…@h/x; name a directory" in done.stderr
    assert done.stdout == ""


# A server whose searches take long, and that waits for them for a short time alone.
SLOW = """
import sys, time
from harma.cli import main
from harma.index.index import Index
import harma.serve.running as running

find = Index.find
def slowly(self, query, *further, **options):
    if query.text == "slow":
        time.sleep({seconds})
    return find(self, query, *further, **options)

Index.find = slowly
running.PATIENCE_S = 1
running.TOLD_AFTER_S = 0.2
sys.exit(main(["serve", sys.argv[1], "--port", "0"]))
"""


@pytest.fixture
def slow(archive):
    """Start such a server with a search under way; gives its process and that search's answer."""
    started = []

    def start(seconds):
        process = subprocess.Popen(
            [sys.executable, "-c", SLOW.format(seconds=seconds), f"a={archive}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        address = process.stdout.readline().split()[2]
        while not process.stdout.readline().startswith("a: ready"):
            assert process.poll() is None
        host, port = address.removeprefix("http://").rstrip("/").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)
        connection.request("GET", "/v1/indexes/a/search?q=slow")
        # Until the search is under way.
        time.sleep(1)
        return process, connection

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_search_that_takes_long_is_told_that_the_server_ends(slow):
    process, connection = slow(4)
    process.send_signal(signal.SIGINT)
    answer = connection.getresponse()
    assert answer.status == 503
    assert "the server ends" in json.loads(answer.read())["detail"]
    rest, _ = process.communicate(timeout=PATIENCE_S)
    assert rest.startswith("waiting for requests")
    assert rest.endswith("ended\n")
    assert process.returncode == 0


def test_who_interrupts_twice_waits_no_longer(slow):
    process, _ = slow(10 * PATIENCE_S)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline().startswith("waiting for requests")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 130
