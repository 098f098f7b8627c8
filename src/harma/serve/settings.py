"""Settings of a server: address, base map, keys, limits of what a client may ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harma.ground.storage.home import Place

MEGA = 1_000_000
USUAL_K = 50
# Begins the ids of collections that are saved searches; no index is called so.
SEARCH_PREFIX = "search-"


@dataclass(frozen=True)
class Limits:
    """How much one client may ask for.

    Attributes:
        k: hits of one answer.
        kept_hits: hits of a kept result list.
        text: characters of a text.
        examples: examples of a search, good and bad ones together.
        vertices: corners of a polygon.
        upload_bytes: of an uploaded picture.
        upload_pixels: of it, by its header.
        body_bytes: of any other request.
        threads: searches, and tiles, that are worked on at once; each has threads of its own.
        waiting: requests that wait for them; more get 503.
    """

    k: int = 1000
    kept_hits: int = 1000
    text: int = 500
    examples: int = 200
    vertices: int = 10_000
    upload_bytes: int = 10 * MEGA
    upload_pixels: int = 25 * MEGA
    body_bytes: int = 2 * MEGA
    threads: int = 2
    waiting: int = 64

    @property
    def usual_k(self) -> int:
        """Hits of an answer unless a client says how many."""
        return min(USUAL_K, self.k)


@dataclass(frozen=True)
class ServeSettings:
    """How indexes are served.

    Attributes:
        indexes: id → directory or address of each index.
        groups: id → directories of several indexes that are searched as one.
        host: address that is listened on.
        port: of it; 0 takes a free one.
        root_path: where a proxy has the server, such as /harma; "" at its root.
        basemap: address of tiles with {z}, {x}, {y}, or of a WMS; "" shows land only.
        attribution: of the base map.
        key_file: hashes of the keys that clients give; None asks for none.
        trust_header: header in which a proxy names the person; "" trusts none.
        trusted_proxies: addresses whose forwarded headers are believed.
        is_read_only: nothing may be saved, marked or watched.
        has_metrics: /metrics answers.
        state: address of PostgreSQL, or a directory for the files of SQLite; "" keeps them beside
            each index.
        webhook_hosts: hosts that watches may tell.
        webhook_secret_file: holds the secret that signs webhooks; None takes it from the
            environment.
        runs_watches: the server runs watches when an index has a new version.
        can_notify: watches may tell addresses of `apprise` that clients name.
        hosts: names under which the server is reached, besides those of this machine.
        origins: pages of other origins that may call the API.
        frame_ancestors: origins that may show the page in a frame.
        model: where the model is now, if not where the indexes say.
        backbone: where its backbone is now.
        limits: of what one client may ask for.
    """

    indexes: Mapping[str, Place]
    groups: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 8000
    root_path: str = ""
    basemap: str = ""
    attribution: str = ""
    key_file: Path | None = None
    trust_header: str = ""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1",)
    is_read_only: bool = False
    has_metrics: bool = False
    state: str = ""
    webhook_hosts: tuple[str, ...] = ()
    webhook_secret_file: Path | None = None
    runs_watches: bool = True
    can_notify: bool = False
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ()
    model: str | None = None
    backbone: str | None = None
    limits: Limits = field(default_factory=Limits)
