"""Addresses of what lies in a bucket: s3://, gs://, az://, their bucket and key."""

import os
import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from harma.errors import ConfigError

SCHEMES = ("s3", "gs", "az")
# A `Path` keeps one of the two slashes.
SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/{1,2}", re.IGNORECASE)


# Of any store; each allows less. One that none allows would be looked for in vain for minutes.
BUCKET = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._-]{0,221}")


class Address(NamedTuple):
    """An object of a bucket, or all below a key.

    Attributes:
        scheme: one of `SCHEMES`.
        bucket: of S3 and Google; the container of Azure.
        key: without slashes at its ends; "" is the bucket itself.
    """

    scheme: str
    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.key}".rstrip("/")

    def child(self, name: str) -> "Address":
        """What lies below it."""
        return self._replace(key=f"{self.key}/{name}".strip("/"))


def in_bucket(place: str | os.PathLike[str]) -> bool:
    """Whether a place is in a bucket of those that HarMA writes to."""
    match = SCHEME.match(os.fspath(place))
    return match is not None and match.group(1).lower() in SCHEMES


def address_of(place: str | os.PathLike[str]) -> Address:
    """The parts of an address.

    Raises:
        ConfigError: it has another scheme, or names no bucket.
    """
    text = os.fspath(place)
    match = SCHEME.match(text)
    if match is None or match.group(1).lower() not in SCHEMES:
        raise ConfigError(
            f"{text} is an address that HarMA does not write to or read an index from; allowed are"
            " s3://BUCKET/…, gs://BUCKET/…, az://CONTAINER/… and folders of this machine"
        )
    bucket, _, key = text[match.end() :].partition("/")
    if not bucket or bucket in (".", ".."):
        raise ConfigError(f"{text} names no bucket; give one, such as s3://BUCKET/archive")
    if not BUCKET.fullmatch(bucket):
        raise ConfigError(
            f"{text} names a bucket {bucket!r}, and no store has such; letters, digits, dots,"
            " - and _ are allowed"
        )
    parts = [part for part in key.split("/") if part]
    if {".", ".."} & set(parts):
        raise ConfigError(
            f"{text} has . or .. in it, which mean nothing in a bucket; leave them out"
        )
    return Address(match.group(1).lower(), bucket, "/".join(parts))


def local_path(place: str | os.PathLike[str]) -> str | None:
    """The path of a place on this machine, also given as file://; None of an address."""
    text = os.fspath(place)
    match = SCHEME.match(text)
    if match is None:
        return text
    if match.group(1).lower() != "file":
        return None
    if not text.lower().startswith("file://"):
        return text[match.end() - 1 :]
    return unquote(urlsplit(text).path)
