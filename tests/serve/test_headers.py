"""Headers of every answer: a strict policy, no guessing of types, no frames."""

import pytest

from harma.serve.headers import basemap_source, headers_of, policy_of
from harma.serve.settings import ServeSettings


def parts(policy):
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/v1/indexes/archive/search", "/"])
def test_every_answer_has_them(client, path):
    for answer in (client.get(path), client.get(path, headers={"Host": "evil.example"})):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"


def test_nothing_inline_and_nothing_from_elsewhere():
    policy = parts(policy_of(ServeSettings(indexes={})))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in str(policy)
    assert "http" not in str(policy)


def test_the_base_map_may_be_loaded():
    settings = ServeSettings(
        indexes={},
        basemap="https://{a-c}.tiles.example:8443/{z}/{x}/{y}.png?key=1",
        frame_ancestors=("https://portal.example",),
    )
    policy = parts(policy_of(settings))
    assert policy["img-src"] == "'self' data: blob: https://*.tiles.example:8443"
    assert policy["connect-src"] == "'self' https://*.tiles.example:8443"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "https://portal.example"
    assert "X-Frame-Options" not in headers_of(settings)
    assert headers_of(settings)["Referrer-Policy"] == "strict-origin"
    assert basemap_source("http://wms.example/service?map=a") == "http://wms.example"
