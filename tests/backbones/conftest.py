"""A tiny CLIP, and a hub of its own on the loopback interface."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from harma.backbones import load_backbone


@pytest.fixture
def config():
    """Width 32, two blocks in each tower, CLIP's vocabulary."""
    return {
        "embed_dim": 16,
        "quick_gelu": True,
        "vision_cfg": {
            "image_size": 32,
            "patch_size": 16,
            "width": 32,
            "layers": 2,
            "head_width": 16,
        },
        "text_cfg": {
            "context_length": 16,
            "vocab_size": 49408,
            "width": 32,
            "heads": 2,
            "layers": 2,
        },
    }


@pytest.fixture
def backbone(config):
    torch.manual_seed(0)
    return load_backbone(config)


@pytest.fixture
def pixels():
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def weight_file(backbone, tmp_path):
    torch.save(backbone.weights(), tmp_path / "own.pt")
    return tmp_path / "own.pt"


class Hub:
    """Serves `root/org/name/file` as the Hugging Face hub does, and counts what is asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.requests: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, body: bool) -> None:
                hub.requests.append(f"{self.command} {self.path}")
                match = re.match(r"/([^/]+)/([^/]+)/resolve/([^/]+)/(.+)", self.path)
                org, name, revision, file = match.groups() if match else [""] * 4
                path = hub.root / org / name / file
                found = bool(file) and path.is_file()
                content = path.read_bytes() if found else b""
                self.send_response(200 if found else 404)
                if found:
                    self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
                else:
                    missing = (
                        "EntryNotFound" if (hub.root / org / name).is_dir() else "RepoNotFound"
                    )
                    self.send_header("X-Error-Code", missing)
                self.send_header("X-Repo-Commit", hashlib.sha1(revision.encode()).hexdigest())
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if body:
                    self.wfile.write(content)

            def do_HEAD(self) -> None:
                self.answer(body=False)

            def do_GET(self) -> None:
                self.answer(body=True)

            def log_message(self, *_) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub and an empty cache; `huggingface_hub` is pointed to them."""
    from huggingface_hub import constants

    (tmp_path / "hub").mkdir()
    hub = Hub(tmp_path / "hub")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        hub.url + "/{repo_id}/resolve/{revision}/{filename}",
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield hub
    hub.server.shutdown()
    hub.server.server_close()
