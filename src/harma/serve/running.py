"""Runs a server: binds its address, says where it is and how it loads, ends cleanly."""

import logging
import os
import socket
import threading
import time
import webbrowser
from collections.abc import Callable
from types import FrameType

import uvicorn

from harma.errors import ConfigError
from harma.serve.app import make_app
from harma.serve.embedding import share_cores
from harma.serve.rasters import bound_blocks
from harma.serve.service import Service
from harma.serve.settings import ServeSettings
from harma.serve.settings_checks import check_serve_settings
from harma.serve.state_check import check_state

Say = Callable[[str], None]
# Seconds that requests have to end when the server does.
PATIENCE_S = 5
# After which it is told that something is still waited for.
TOLD_AFTER_S = 1.0
STILL_WORKS = "waiting for requests that are being worked on …  (Ctrl-C again ends at once)"
# Connections that wait to be taken.
BACKLOG = 128


def run_server(settings: ServeSettings, say: Say, *, opens_browser: bool = False) -> None:
    """Serve until somebody interrupts.

    Args:
        settings: of the server.
        say: is told where the server is, and how far it is with loading.
        opens_browser: open the page when the server listens.

    Raises:
        ConfigError: the settings are not usable, or the address is taken.
        StateError: saved searches cannot be kept where they are to be.
    """
    check_serve_settings(settings)
    bound_blocks()
    service = Service.of(settings)
    check_state(service, say)
    app = make_app(service)
    share_cores(settings.limits.threads)
    listening = listen(settings.host, settings.port)
    address = address_of(settings, listening)
    say(f"serving at {address}  (Ctrl-C ends it)")
    threading.Thread(target=_tell_states, args=[service, say], daemon=True).start()
    if opens_browser:
        webbrowser.open(address)
    config = uvicorn.Config(
        app,
        log_level=logging.WARNING,
        access_log=False,
        # Headers of proxies are read by `harma.serve.proxies`.
        proxy_headers=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=PATIENCE_S,
    )
    server = EndingServer(config, say)
    with listening:
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:
            # Raised anew when all requests have ended.
            server.has_ended()
            say("ended")


class EndingServer(uvicorn.Server):
    """A server that says what it waits for when it ends, and waits no longer when asked twice.

    Args:
        config: of uvicorn.
        say: is told.
    """

    def __init__(self, config: uvicorn.Config, say: Say) -> None:
        super().__init__(config)
        self._patience = threading.Timer(TOLD_AFTER_S, say, [STILL_WORKS])
        self._patience.daemon = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; the second time end at once: what was answered is on disk."""
        if self.should_exit:
            os._exit(128 + sig)
        self._patience.start()
        super().handle_exit(sig, frame)

    def has_ended(self) -> None:
        """Note that nothing is waited for any more."""
        self._patience.cancel()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; of port 0 the system chooses a free one.

    Raises:
        ConfigError: the address is not this machine's, or is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OverflowError as error:
        raise ConfigError(f"the port is {port}; give one from 0 to 65535") from error
    except OSError as error:
        raise ConfigError(
            f"{host}, port {port} cannot be listened on ({error.strerror or error}); choose"
            " another --port, or 0 for a free one"
        ) from error
    # Connections inherit it: without it, answers wait 40 ms for a sign of the client.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def address_of(settings: ServeSettings, listening: socket.socket) -> str:
    """The address of the page on this machine."""
    host = settings.host
    if ":" in host:
        host = f"[{host}]"
    port = listening.getsockname()[1]
    return f"http://{host}:{port}{settings.root_path}/"


def _tell_states(service: Service, say: Say) -> None:
    """Say of each index when it is ready, or that it cannot be served."""
    start = time.perf_counter()
    for index in service.indexes.values():
        say(f"{index.id}: loading the index and its model …")
        while index.state == "loading":
            time.sleep(0.1)
        if index.state == "ready":
            seconds = time.perf_counter() - start
            say(f"{index.id}: ready, {len(index.index):,} chips, after {seconds:.1f} s")
        else:
            say(f"{index.id}: {index.problem}")
