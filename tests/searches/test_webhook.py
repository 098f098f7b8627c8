"""Webhooks: signed, to the address that was looked at, without redirects, within seconds."""

import hashlib
import hmac
import json
import socket
import time

import pytest
from tests.searches.made_events import event
from tests.searches.receiver import Receiver

from harma.errors import ConfigError
from harma.searches import webhook
from harma.searches.webhook import body_of, post, read_secret, signature
from harma.searches.webhook_hosts import NotToldError, target_of

SECRET = b"0123456789abcdef"


@pytest.fixture
def receive():
    receivers = []

    def start(**options):
        receivers.append(Receiver(**options))
        return receivers[-1]

    yield start
    for receiver in receivers:
        receiver.close()


def test_a_message_is_signed_with_its_time(receive):
    receiver = receive()
    body = body_of("s1", "harbours", [event(1), event(2)])
    post(target_of(receiver.address, [receiver.host]), body, SECRET)
    (path, headers, received), *_ = receiver.messages
    assert path == "/hook?a=b"
    assert received == body
    assert headers["Host"] == receiver.host
    assert headers["Content-Type"] == "application/json"
    timestamp = headers["X-HarMA-Timestamp"]
    assert abs(time.time() - int(timestamp)) < 60
    expected = hmac.new(SECRET, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-HarMA-Signature"] == f"sha256={expected}"


def test_a_message_says_what_is_new_and_no_paths():
    message = json.loads(body_of("s1", "harbours", [event(1)]))
    assert (message["search"], message["name"]) == ("s1", "harbours")
    assert message["events"][0]["id"] == event(1).id
    assert "secret" not in json.dumps(message)


def test_another_time_or_body_has_another_signature():
    first = signature(SECRET, "1", b"body")
    assert first != signature(SECRET, "2", b"body")
    assert first != signature(SECRET, "1", b"bodY")
    assert first != signature(b"another secret..", "1", b"body")


def test_redirects_are_not_followed(receive):
    other = receive()
    receiver = receive(status=307, headers=[("Location", other.address)])
    with pytest.raises(NotToldError, match="which is not followed"):
        post(target_of(receiver.address, [receiver.host]), b"{}", SECRET)
    assert other.messages == []


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
def test_a_receiver_that_refuses(receive, status):
    receiver = receive(status=status)
    with pytest.raises(NotToldError, match=f"refuses it \\(status {status}\\)"):
        post(target_of(receiver.address, [receiver.host]), b"{}", SECRET)


def test_nobody_listens():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(NotToldError, match="does not answer"):
        post(target_of(f"http://{host}/", [host]), b"{}", SECRET)


def test_a_receiver_that_answers_byte_by_byte_is_cut_off(receive, monkeypatch):
    monkeypatch.setattr(webhook, "TIMEOUT_S", 0.5)

    def drip(file):
        try:
            for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000:
                file.write(bytes([byte]))
                file.flush()
                time.sleep(0.1)
        except OSError:
            return

    receiver = receive(slow=drip)
    started = time.monotonic()
    with pytest.raises(NotToldError, match="does not answer"):
        post(target_of(receiver.address, [receiver.host]), b"{}", SECRET)
    assert time.monotonic() - started < 20


def test_https_is_spoken_to_the_address_with_the_name_of_the_host(receive):
    receiver = receive()
    # It speaks no TLS: the point is that nothing is sent in the clear.
    with pytest.raises(NotToldError, match="does not answer"):
        post(target_of(f"https://{receiver.host}/", [receiver.host]), b"{}", SECRET)
    assert receiver.messages == []


def test_the_secret_is_read_from_a_file_or_the_environment(tmp_path):
    file = tmp_path / "secret"
    file.write_text("a file's secret of some length\n")
    assert read_secret(file, {}) == b"a file's secret of some length"
    variable = {"HARMA_WEBHOOK_SECRET": "0123456789abcdef"}
    assert read_secret(None, variable) == b"0123456789abcdef"
    assert read_secret(None, {}) is None
    with pytest.raises(ConfigError, match="has 5 characters"):
        read_secret(None, {"HARMA_WEBHOOK_SECRET": "short"})
    with pytest.raises(ConfigError, match="cannot be read from"):
        read_secret(tmp_path / "missing", {})
    file.write_text("")
    with pytest.raises(ConfigError, match="has 0 characters"):
        read_secret(file, {})
