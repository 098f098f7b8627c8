"""Where the links and assets (href) of a STAC item lead: what a catalogue may name and what not.

A catalogue that came over the network was written by somebody else: it names things of the network
alone, never files of this machine. One that lies on this machine may name its files too.
"""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from harma.errors import DataError
from harma.scenes.addresses import is_address, unsigned

SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")
# Of a drive of Windows, C:\, which is no scheme.
DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
ALLOWED = "https://, http://, s3://, gs:// and az://"


def resolved(href: str, base: str) -> str:
    """An address, or the absolute path of a local file.

    Args:
        href: as the catalogue writes it.
        base: path or address of the document that it stands in.

    Raises:
        DataError: it leads to what a catalogue may not name.
    """
    if not href.strip() or not href.isprintable():
        raise DataError("it names an empty or unprintable address")
    if is_address(href):
        return href
    if is_address(base):
        return _on_the_network(href, base)
    return _on_this_machine(href, base)


def _on_the_network(href: str, base: str) -> str:
    if SCHEME.match(href) or href.startswith("/vsi"):
        raise DataError(
            f"it names {unsigned(href)!r}; a catalogue of the network may name {ALLOWED}"
        )
    if base.startswith(("http://", "https://")):
        return urljoin(base, href)
    # `urljoin` knows no buckets.
    scheme, _, rest = base.partition("://")
    return f"{scheme}://{urljoin('http://' + rest, href).removeprefix('http://')}"


def _on_this_machine(href: str, base: str) -> str:
    if href.startswith("file://"):
        href = unquote(urlsplit(href).path)
    elif SCHEME.match(href) and not DRIVE.match(href):
        raise DataError(f"it names {unsigned(href)!r}; allowed are files, {ALLOWED}")
    if href.startswith("/vsi"):
        raise DataError(f"it names {unsigned(href)!r}; allowed are files, {ALLOWED}")
    # `normpath`, as ./ and ../ would make two names of one file.
    return os.path.normpath(os.path.join(Path(base).parent, href))  # noqa: PTH118
