"""Keys of clients: made here, kept as hashes in a file, compared in constant time.

A key is 256 random bits, so that a plain hash keeps it: there is nothing to guess. The file holds a
line for each: the name of whom it was made for, a space, the hash. Lines that begin with # are
notes.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from harma.errors import ConfigError, MissingFileError
from harma.ground.files import write_text

PREFIX = "harma_"
NAME = re.compile(r"[\w.@-]{1,100}")
HASH = re.compile(r"[0-9a-f]{64}")
# Its owner alone reads the file.
OWN = 0o600


class Keys:
    """The keys that a server takes.

    Args:
        hashes: name → hash of its key.
    """

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = dict(hashes)

    def name_of(self, key: str) -> str | None:
        """Whom a key was made for; None if it is none of these."""
        found = None
        hashed = hash_of(key)
        # All are compared, so that the time says nothing of which one was nearly right.
        for name, known in self._hashes.items():
            if hmac.compare_digest(hashed, known):
                found = name
        return found


def read_keys(file: Path) -> Keys:
    """Read the hashes of keys.

    Raises:
        MissingFileError: there is no such file.
        ConfigError: it holds no key, or something else.
    """
    if not file.is_file():
        raise MissingFileError(
            f"there is no file {file}; make a key with `harma serve --make-key NAME --key-file"
            f" {file}`"
        )
    hashes = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, hashed = line.strip().partition(" ")
        if not (NAME.fullmatch(name) and HASH.fullmatch(hashed)):
            raise ConfigError(
                f"line {number} of {file} is no name and hash of a key; make keys with `harma"
                " serve --make-key`"
            )
        hashes[name] = hashed
    if not hashes:
        raise ConfigError(f"{file} holds no key; make one with `harma serve --make-key`")
    return Keys(hashes)


def make_key(file: Path, name: str) -> str:
    """Make a key, and add its hash to a file.

    Args:
        file: of hashes; it is made if it is not there.
        name: whom the key is for; the key that the name had is no longer taken.

    Returns:
        The key, which is nowhere kept.

    Raises:
        ConfigError: the name is not usable.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name of a key; letters, digits, and the signs . _ @ - are allowed"
        )
    key = PREFIX + secrets.token_urlsafe(32)
    lines = []
    if file.is_file():
        lines = file.read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line.partition(" ")[0] != name]
    lines.append(f"{name} {hash_of(key)}")
    write_text(file, "\n".join(lines) + "\n")
    file.chmod(OWN)
    return key


def hash_of(key: str) -> str:
    """The hash by which a key is known."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
