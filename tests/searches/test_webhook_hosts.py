"""Hosts that webhooks may tell."""

import socket

import pytest

from harma.errors import ConfigError, QueryError
from harma.searches import webhook_hosts
from harma.searches.webhook_hosts import (
    NotToldError,
    WebhookHost,
    is_public,
    resolved,
    target_of,
)

HOSTS = ("hooks.example.org", "other.example.org:8443", "private:tasks.lan", "localhost:9000")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("hooks.example.org", WebhookHost("hooks.example.org", None, False)),
        (" Hooks.Example.org:8443 ", WebhookHost("hooks.example.org", 8443, False)),
        ("private:tasks.lan:80", WebhookHost("tasks.lan", 80, True)),
        ("localhost", WebhookHost("localhost", None, True)),
        ("10.0.0.7:9000", WebhookHost("10.0.0.7", 9000, True)),
        ("[::1]:9000", WebhookHost("::1", 9000, True)),
    ],
)
def test_hosts_are_named(text, host):
    assert WebhookHost.of(text) == host


@pytest.mark.parametrize("text", ["", "https://a.org", "a.org/x", "u@a.org", "a.org:x", "private:"])
def test_what_is_no_host(text):
    with pytest.raises(ConfigError, match="is no host that webhooks may tell"):
        WebhookHost.of(text)


def test_an_address_of_a_named_host_is_a_target():
    target = target_of("https://HOOKS.example.org/a/b?c=d", HOSTS)
    assert (target.scheme, target.host, target.port) == ("https", "hooks.example.org", 443)
    assert (target.path, target.is_private) == ("/a/b?c=d", False)
    assert target_of("https://other.example.org:8443", HOSTS).path == "/"
    assert target_of("http://tasks.lan/", HOSTS).is_private
    assert target_of("http://localhost:9000/", HOSTS).is_private


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "https://hooks.example.org.evil.example/",
        "https://hooks.example.org:22/",
        "https://other.example.org/",
        "http://localhost/",
        "http://127.0.0.1:9000/",
        "http://[::1]/",
        "http://2130706433/",
    ],
)
def test_hosts_that_were_not_named(address):
    with pytest.raises(QueryError, match="not among those that may be told"):
        target_of(address, HOSTS)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "hooks.example.org",
        "ftp://hooks.example.org/",
        "file:///etc/passwd",
        "https://user:pass@hooks.example.org/",
        "https://evil.example@hooks.example.org/",
        "https://hooks.example.org/#x",
        "https://hooks.example.org/a b",
        "https://hooks.example.org/\r\nX: y",
        "https://hooks.example.org:99999/",
        "https://hooks.example.org:x/",
        "https://h\u00f6oks.example.org/",
        "https://[::1/",
        "https://hooks.example.org/" + "a" * 500,
    ],
)
def test_what_is_no_address_of_a_webhook(address):
    with pytest.raises(QueryError, match="give an address such as"):
        target_of(address, HOSTS)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
    ],
)
def test_private_addresses(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111"])
def test_public_addresses(address):
    assert is_public(address)


def resolve_to(monkeypatch, *addresses):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in addresses]
    monkeypatch.setattr(webhook_hosts.socket, "getaddrinfo", lambda *_, **__: found)


def test_a_name_that_leads_into_a_private_network_is_not_told(monkeypatch):
    target = target_of("https://hooks.example.org/", HOSTS)
    resolve_to(monkeypatch, "93.184.216.34")
    assert resolved(target) == "93.184.216.34"
    # The same name, a moment later.
    resolve_to(monkeypatch, "93.184.216.34", "127.0.0.1")
    with pytest.raises(NotToldError, match="name it as private:hooks.example.org"):
        resolved(target)


def test_a_host_that_was_named_as_private_may_be(monkeypatch):
    resolve_to(monkeypatch, "10.0.0.7")
    assert resolved(target_of("http://tasks.lan/", HOSTS)) == "10.0.0.7"


def test_a_name_that_is_not_found(monkeypatch):
    def fail(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(webhook_hosts.socket, "getaddrinfo", fail)
    with pytest.raises(NotToldError, match="is not found"):
        resolved(target_of("https://hooks.example.org/", HOSTS))
