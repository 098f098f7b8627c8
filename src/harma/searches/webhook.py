"""Webhooks: events posted as JSON, signed (HMAC-SHA256), to hosts that were named; no redirects."""

import hashlib
import hmac
import http.client
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harma.errors import ConfigError
from harma.ground.messages import first_line
from harma.ground.version import __version__
from harma.searches.event_forms import event_feature
from harma.searches.records import Event
from harma.searches.webhook_hosts import NotToldError, WebhookTarget, resolved

# Seconds until a receiver has answered.
TIMEOUT_S = 5.0
SECRET_VARIABLE = "HARMA_WEBHOOK_SECRET"
LEAST_SECRET = 16
TIMESTAMP = "X-HarMA-Timestamp"
SIGNATURE = "X-HarMA-Signature"


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """The signature of a message: of its time too, so that an old one cannot be sent again.

    Args:
        secret: that sender and receiver share.
        timestamp: seconds since 1970, as in its header.
        body: as it is sent.
    """
    digest = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


def read_secret(file: Path | None, environ: Mapping[str, str] = os.environ) -> bytes | None:
    """The secret of webhooks, from a file, or else from HARMA_WEBHOOK_SECRET; None without one.

    Raises:
        ConfigError: the file cannot be read, or the secret can be guessed.
    """
    secret = environ.get(SECRET_VARIABLE, "").strip()
    if file is not None:
        try:
            secret = file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise ConfigError(f"the secret of webhooks cannot be read from {file}") from error
    if not secret and file is None:
        return None
    if len(secret) < LEAST_SECRET:
        raise ConfigError(
            f"the secret of webhooks has {len(secret)} characters; give {LEAST_SECRET} or more,"
            " such as those of `openssl rand -hex 32`"
        )
    return secret.encode()


def body_of(search: str, name: str, events: Sequence[Event]) -> bytes:
    """What a receiver is sent.

    Args:
        search: id of the saved search.
        name: of it.
        events: new ones; each has an id, by which a receiver knows one that comes again.
    """
    message: dict[str, Any] = {
        "search": search,
        "name": name,
        "events": [event_feature(event) for event in events],
    }
    return json.dumps(message).encode()


def post(target: WebhookTarget, body: bytes, secret: bytes) -> None:
    """Post a message.

    Args:
        target: where.
        body: JSON.
        secret: that signs it.

    Raises:
        NotToldError: the receiver is not there, may not be told, or does not take it.
    """
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"HarMA/{__version__}",
        TIMESTAMP: timestamp,
        SIGNATURE: signature(secret, timestamp, body),
    }
    address = resolved(target)
    connection = _connection(target, address)
    try:
        status = _answer(connection, target, body, headers)
    except (OSError, http.client.HTTPException) as error:
        raise NotToldError(
            f"the webhook's host {target.host} does not answer ({first_line(error)})"
        ) from error
    finally:
        connection.close()
    if 300 <= status < 400:
        raise NotToldError(
            f"the webhook's host {target.host} sends elsewhere (status {status}), which is not"
            " followed; watch with the address that takes it"
        )
    if not 200 <= status < 300:
        raise NotToldError(f"the webhook's host {target.host} refuses it (status {status})")


def _answer(
    connection: http.client.HTTPConnection,
    target: WebhookTarget,
    body: bytes,
    headers: Mapping[str, str],
) -> int:
    """The status that a receiver answers with."""
    connection.connect()
    # A timeout of a socket is of each byte: one that sends them slowly is cut off by this.
    timer = threading.Timer(TIMEOUT_S, _cut_off, [connection.sock])
    timer.start()
    try:
        connection.request("POST", target.path, body, dict(headers))
        return connection.getresponse().status
    finally:
        timer.cancel()


def _cut_off(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It has ended by itself.
        return


def _connection(target: WebhookTarget, address: str) -> http.client.HTTPConnection:
    """A connection to an address that was looked at; its name is what the certificate says."""
    if target.scheme == "http":
        return _PinnedHTTP(target, address)
    return _PinnedHTTPS(target, address)


class _PinnedHTTP(http.client.HTTPConnection):
    """Connects to one address, whatever the name leads to by then."""

    def __init__(self, target: WebhookTarget, address: str) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT_S)
        self._pinned = (address, target.port)

    def connect(self) -> None:
        """Connect."""
        self.sock = socket.create_connection(self._pinned, TIMEOUT_S)


class _PinnedHTTPS(_PinnedHTTP):
    """The same, encrypted."""

    def connect(self) -> None:
        """Connect, and check the certificate."""
        super().connect()
        context = ssl.create_default_context()
        self.sock = context.wrap_socket(self.sock, server_hostname=self.host)
