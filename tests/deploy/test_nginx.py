"""The files for nginx: taken by `nginx -t`, and HarMA served through one, with TLS, by sub-path."""

import json
import re
import shutil
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.serving import PATIENCE, ServerProcess, ask, free_port

from harma.index.index import Index

ROOT = Path(__file__).resolve().parents[2]
FILES = ("nginx.conf", "nginx-oidc.conf")
MAIN = """
user root;
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/harma.conf;
}}
"""
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        NGINX is None or shutil.which("openssl") is None, reason="nginx or openssl is missing"
    ),
]


def set_up(folder, name, replaced):
    """A configuration of nginx with a file of ours, on other ports and with a certificate."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-keyout", folder / "privkey.pem"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-out", folder / "fullchain.pem"),
        ],
        check=True,
        capture_output=True,
    )
    text = (ROOT / "deploy" / name).read_text()
    for shown, used in {"/etc/ssl/harma": str(folder), **replaced}.items():
        assert shown in text
        text = text.replace(shown, used)
    (folder / "harma.conf").write_text(text)
    (folder / "main.conf").write_text(MAIN.format(folder=folder))
    return ["-c", str(folder / "main.conf"), "-p", str(folder)]


@pytest.mark.parametrize("name", FILES)
def test_nginx_takes_it(tmp_path, name):
    arguments = set_up(tmp_path, name, {"listen 443": f"listen 127.0.0.1:{free_port()}"})
    done = subprocess.run([NGINX, "-t", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Proxied:
    """A server of HarMA behind nginx; a context."""

    def __init__(self, folder, arguments):
        self.folder = folder
        self.server = ServerProcess(arguments, folder)
        self.port = free_port()
        self.base = f"https://127.0.0.1:{self.port}"
        replaced = {
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "http://127.0.0.1:8000/": f"{self.server.base}/",
        }
        self.arguments = set_up(folder, "nginx.conf", replaced)
        self.context = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))

    def __enter__(self):
        self.nginx = subprocess.Popen([NGINX, *self.arguments], stderr=subprocess.PIPE)
        self.server.__enter__()
        end = time.monotonic() + PATIENCE
        while not self.ask("/harma/healthz")[0]:
            assert time.monotonic() < end
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.nginx.terminate()
        self.nginx.wait(30)
        self.server.stop()

    def ask(self, path, **options):
        return ask(self.base + path, context=self.context, **options)


@pytest.fixture
def archive(write_scenes, model, tmp_path):
    write_scenes(tmp_path / "scenes", 1)
    Index.build(tmp_path / "archive", [tmp_path / "scenes"], model[1], size=32, num_workers=0)
    return tmp_path / "archive"


def test_below_a_path_with_keys(archive, tmp_path):
    made = subprocess.run(
        [sys.executable, "-m", "harma", "serve", "--make-key", "anna", "--key-file", "keys.txt"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    key = {"Authorization": f"Bearer {made.stdout.split()[0]}"}
    with Proxied(tmp_path, [str(archive), "--key-file", "keys.txt"]) as proxied:
        status, page = proxied.ask("/harma/", headers={"Accept": "text/html"})
        assert status == 200
        assert "<html" in page
        # The page's own addresses are relative, so that they lead below /harma/.
        for address in re.findall(r'(?:src|href)="([^"]+)"', page):
            assert not address.startswith(("/", "http:")), address
            assert proxied.ask(f"/harma/{address}")[0] == 200, address
        assert proxied.ask("/harma", headers={"Accept": "text/html"})[0] == 200
        assert proxied.ask("/v1/indexes", headers=key)[0] == 404
        assert proxied.ask("/harma/v1/indexes")[0] == 401
        status, text = proxied.ask(
            "/harma/v1/indexes/archive/search", body={"text": "a road", "k": 2}, headers=key
        )
        assert status == 200
        following = json.loads(text)["next"]
        if following.startswith("http"):
            assert following.startswith(f"{proxied.base}/harma/v1/")
        status, text = proxied.ask("/harma/?f=json", headers=key)
        assert status == 200
        for link in json.loads(text)["links"]:
            assert link["href"].startswith(f"{proxied.base}/harma"), link
        big = b"x" * 3_000_000
        assert proxied.ask("/harma/v1/searches", body={"a": big.decode()}, headers=key)[0] == 413


def test_nobody_says_who_they_are(archive, tmp_path):
    arguments = [str(archive), "--trust-header", "X-Forwarded-User"]
    with Proxied(tmp_path, arguments) as proxied:
        forged = {"X-Forwarded-User": "root@example.org"}
        assert proxied.ask("/harma/v1/indexes", headers=forged)[0] in (401, 403)
        # The proxy itself may.
        assert proxied.server.ask("/v1/indexes", headers=forged)[0] == 200
