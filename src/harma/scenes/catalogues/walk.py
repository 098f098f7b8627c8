"""Static catalogues: the items of a STAC Catalog or Collection and of all below it."""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from harma.errors import HarmaError
from harma.scenes.addresses import unsigned
from harma.scenes.catalogues.documents import read_document
from harma.scenes.catalogues.hrefs import resolved
from harma.scenes.catalogues.items import Document, source_of
from harma.scenes.source import Source

# Documents of a catalogue that are read at once: over a network each takes a while.
AT_ONCE = 16
BELOW = ("child", "item")


class _Read(NamedTuple):
    """A document that a link leads to, or why it cannot be read."""

    where: str
    values: dict[str, Any]
    problem: str = ""


def walk(values: Mapping[str, Any], document: Document) -> Iterator[Source]:
    """The sources of all items below a catalogue, each document read once.

    Args:
        values: of the catalogue or collection.
        document: where it stands.

    Yields:
        In the order of the links; what cannot be read is a source with a problem.
    """
    seen = {document.where}
    waiting = deque([_Read(document.where, dict(values))])
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while waiting:
            catalogue = waiting.popleft()
            # A catalogue that names itself, or one above, is not read again.
            places = [place for place in _places(catalogue) if place.where not in seen]
            seen.update(place.where for place in places)
            children = []
            for read in pool.map(_read, places):
                if read.problem:
                    yield _failed(read, document)
                elif read.values.get("type") in ("Catalog", "Collection"):
                    children.append(read)
                else:
                    yield source_of(read.values, _at(read.where, document))
            # Depth first: the items of a child stand together.
            waiting.extendleft(reversed(children))


def _places(catalogue: _Read) -> Iterator[_Read]:
    for link in catalogue.values.get("links") or ():
        if not isinstance(link, Mapping) or link.get("rel") not in BELOW:
            continue
        href = str(link.get("href", ""))
        try:
            yield _Read(resolved(href, catalogue.where), {})
        except HarmaError as error:
            yield _Read(f"{catalogue.where}#{href}", {}, error.problem)


def _read(place: _Read) -> _Read:
    if place.problem:
        return place
    try:
        return place._replace(values=read_document(place.where))
    except HarmaError as error:
        return place._replace(problem=error.problem)


def _failed(read: _Read, document: Document) -> Source:
    name = unsigned(read.where)
    return Source(name, name, found_in=document.named, problem=read.problem)


def _at(where: str, document: Document) -> Document:
    return Document(where, document.named, document.asked)
