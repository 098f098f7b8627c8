"""The receiver of webhooks that docs/watch.md shows: it takes what is signed, and nothing else."""

import os
import re
import socket
import subprocess
import sys
import time

import pytest
from tests.docs.shown import blocks_of
from tests.docs.test_documentation import scheduled_commands
from tests.searches.made_events import event

from harma.searches.webhook import body_of, post
from harma.searches.webhook_hosts import NotToldError, target_of

SECRET = "0123456789abcdef"


def free_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


@pytest.fixture
def receiver(tmp_path):
    """The receiver of the page as a process; its host, and the process."""
    (shown,) = [block.text for block in blocks_of("docs/watch.md") if "receiver.py" in block.text]
    file = tmp_path / "receiver.py"
    file.write_text(shown)
    port = free_port()
    environ = {**os.environ, "HARMA_WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    process = subprocess.Popen([sys.executable, str(file)], env=environ, stdout=subprocess.PIPE)
    patience = time.monotonic() + 30
    while time.monotonic() < patience:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"127.0.0.1:{port}", process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_receiver_takes_what_is_signed_and_drops_repeats(receiver):
    host, process = receiver
    target = target_of(f"http://{host}/", [host])
    body = body_of("s1", "harbours", [event(1), event(2)])
    post(target, body, SECRET.encode())
    post(target, body_of("s1", "harbours", [event(2), event(3, standing="weak")]), SECRET.encode())
    with pytest.raises(NotToldError, match="status 403"):
        post(target, body, b"another secret, as long as it")
    process.terminate()
    shown = process.stdout.read().decode().splitlines()
    assert shown == ["a_20200102.tif clear", "a_20200102.tif clear", "a_20200102.tif weak"]


def test_schedules_on_the_page_run_watches():
    texts = [
        block.text for block in blocks_of("docs/watch.md") if block.language in ("cron", "ini")
    ]
    commands = [command for text in texts for command in scheduled_commands(text)]
    assert commands == ["harma watch run archive", "harma watch run archive"]
    assert re.search("OnCalendar=hourly", texts[2])
