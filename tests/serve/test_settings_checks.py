"""Settings of a server: what is not usable is told before anything is loaded."""

from dataclasses import replace

import pytest

from harma.errors import ConfigError, MissingFileError, ModelMismatchError
from harma.index.settings import read_settings, write_settings
from harma.serve.settings import ServeSettings
from harma.serve.settings_checks import basemap_kind, check_serve_settings, is_loopback


@pytest.fixture
def check(archive, tmp_path):
    def run(**options):
        check_serve_settings(ServeSettings(**{"indexes": {"archive": archive}, **options}))

    return run


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8", "harma.localhost"])
def test_this_machine_is_served_without_keys(check, host):
    assert is_loopback(host)
    check(host=host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.2", "maps.example", ""])
def test_other_machines_are_not(check, tmp_path, host):
    with pytest.raises(ConfigError, match="--key-file FILE"):
        check(host=host)
    check(host=host, key_file=tmp_path / "keys.txt")
    check(host=host, trust_header="X-Forwarded-User")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"indexes": {}}, "no index is named"),
        ({"root_path": "harma"}, "root path"),
        ({"root_path": "/harma/"}, "root path"),
        ({"root_path": "/a?b"}, "root path"),
        ({"trust_header": "X User"}, "no name of a header"),
        ({"trusted_proxies": ("proxy",)}, "no address or network"),
        ({"origins": ("https://maps.example/",)}, "--origin"),
        ({"origins": ("*",)}, "--origin"),
        ({"origins": ("https://a;script-src *",)}, "--origin"),
        ({"frame_ancestors": ("maps.example",)}, "--frame-ancestor"),
        ({"basemap": "tiles.example/{z}/{x}/{y}"}, "base map"),
        ({"basemap": "https://tiles.example/{z}/{x}"}, "all three"),
        ({"basemap": "https://a.example/{z}/{x}/{y}; script-src *"}, "base map"),
        ({"basemap": "file:///etc/{z}/{x}/{y}"}, "base map"),
        ({"basemap": "https://user:word@tiles.example/{z}/{x}/{y}"}, "base map"),
    ],
)
def test_what_is_not_usable(check, options, words):
    with pytest.raises(ConfigError, match=words):
        check(**options)


def test_indexes(check, archive, tmp_path):
    for name in ("a b", "", "ä", "a/b", "a" * 65):
        with pytest.raises(ConfigError, match="no id of an index"):
            check(indexes={name: archive})
    with pytest.raises(ConfigError, match="collections of saved searches"):
        check(indexes={"search-1": archive})
    with pytest.raises(MissingFileError, match="is no index"):
        check(indexes={"a": tmp_path})


def test_base_maps(check):
    check(basemap="https://{a-c}.tiles.example/{z}/{x}/{y}.png")
    check(basemap="http://wms.example/service?map=a")
    assert basemap_kind("https://tiles.example/{z}/{x}/{y}.png") == "xyz"
    assert basemap_kind("http://wms.example/service?map=a") == "wms"


def test_webhooks_need_a_secret_and_hosts_that_are_some(check, tmp_path, monkeypatch):
    monkeypatch.delenv("HARMA_WEBHOOK_SECRET", raising=False)
    with pytest.raises(ConfigError, match="--webhook-secret-file"):
        check(webhook_hosts=("hooks.example.org",))
    file = tmp_path / "secret.txt"
    file.write_text("0123456789abcdef")
    check(webhook_hosts=("hooks.example.org",), webhook_secret_file=file)
    with pytest.raises(ConfigError, match="is no host that webhooks may tell"):
        check(webhook_hosts=("https://hooks.example.org",), webhook_secret_file=file)


def test_groups(check, archive, shards, tmp_path):
    check(groups={"world": shards, "more": (archive, shards[0])})
    check(indexes={}, groups={"world": shards})
    with pytest.raises(ConfigError, match="archive is both an index and several"):
        check(groups={"archive": shards})
    with pytest.raises(ConfigError, match="no id of an index"):
        check(groups={"a b": shards})
    with pytest.raises(ConfigError, match="begins as the collections"):
        check(groups={"search-a": shards})
    with pytest.raises(ConfigError, match="world has 1 parts; give two or more"):
        check(groups={"world": shards[:1]})
    (tmp_path / "link").symlink_to(shards[0])
    with pytest.raises(ConfigError, match="link is in world twice"):
        check(groups={"world": (*shards, tmp_path / "link")})
    with pytest.raises(MissingFileError, match="nowhere"):
        check(groups={"world": (*shards, tmp_path / "nowhere")})
    write_settings(shards[1], replace(read_settings(shards[1]), model_id="another"))
    with pytest.raises(ModelMismatchError, match="their scores do not compare"):
        check(groups={"world": shards})
