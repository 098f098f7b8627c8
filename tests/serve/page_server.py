"""A server of the map page on a socket, under a sub-path as behind a proxy; a browser for it."""

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn

SUB_PATH = "/harma"
# Of Debian; a browser of one's own machine does as well.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_S = 20


def browser_path() -> str | None:
    """Where the browser is, or None."""
    found = [path for name in BROWSERS if (path := shutil.which(name))]
    return found[0] if found else None


@contextlib.contextmanager
def page_server(app) -> Iterator[str]:
    """Serve an application that knows its sub-path; gives the page's address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    give_up = time.monotonic() + START_S
    while not server.started:
        assert time.monotonic() < give_up, "the server did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}{SUB_PATH}/"
    finally:
        server.should_exit = True
        thread.join(START_S)


def axe_script() -> Path:
    """The accessibility rules of axe-core, which `make page-check` installs."""
    return Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
