"""Sources with their stamps: which objects of a bucket a scene is read from, as they are listed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from harma.ground.storage.addresses import in_bucket
from harma.ground.storage.objects import StoredObject
from harma.scenes.addresses import address_opened, opened_by_gdal
from harma.scenes.source import Source
from harma.scenes.stamps import Stamp, stamp_of
from harma.scenes.zipped import archive_address

# Address → what a listing says of it; several objects of a folder that is a raster.
Objects = Mapping[str, Sequence[StoredObject]]


def stamped(source: Source, objects: Objects) -> Source:
    """A source with what a listing says of it; as it is where a part of it was not listed."""
    names = objects_of(source)
    if not names or not all(name in objects for name in names):
        return source
    return replace(source, stamp=stamp_by(source, objects))


def stamp_by(source: Source, objects: Objects) -> Stamp:
    """The stamp of a source all of whose objects are known."""
    names = objects_of(source)
    found = list(chain.from_iterable(objects[name] for name in names))
    return stamp_of(found, inner_name(source, names))


def inner_name(source: Source, names: Sequence[str]) -> str:
    """What a source is of its objects: a file of an archive, a variable of a container; or "".

    Those of one archive or container have its objects in common.

    Args:
        source: a scene.
        names: of its objects.
    """
    if not names or source.name in names:
        return ""
    return source.name.replace(opened_by_gdal(names[0]), "", 1)


def objects_of(source: Source) -> list[str]:
    """Addresses of the objects that a source is read from, each once; of a bucket alone."""
    opened = address_opened(source.opened_as) or archive_address(source.opened_as)
    names = [opened, source.name, *source.files]
    return [name for name in dict.fromkeys(names) if in_bucket(name)]
