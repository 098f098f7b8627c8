"""A source: a scene to read, with its name and what GDAL opens."""

from dataclasses import dataclass, field

from harma.scenes.addresses import REMOTE, opened_by_gdal, unsigned
from harma.scenes.period import Period
from harma.scenes.products.product import BandPart
from harma.scenes.stamps import Stamp
from harma.scenes.subdatasets import file_of
from harma.scenes.zipped import archive_of

# What a property of a scene can be; a column of the index has one of these types.
PropertyValue = str | float | bool | None
Properties = tuple[tuple[str, PropertyValue], ...]


@dataclass(frozen=True)
class Source:
    """A scene to read.

    Attributes:
        name: what it is called: an absolute path, or the address as given without a signature; of
            a product that is put together, the path of its first part.
        opened_as: what GDAL opens: a path, an address, or a VRT in XML that puts files together.
        taken: when, if a list, a product or a catalogue says so.
        date_from: what says so.
        files: what lies beside `opened_as` whose change is a change of the scene: parts of a
            product or VRT, sidecars; local paths, and addresses of objects in a bucket.
        sensor: that took it, where its product or catalogue names it; "" leaves it to the file.
        properties: further columns of its chips, such as ("eo_cloud_cover", 12.5).
        bands: numbers of red, green and blue, where its catalogue says so.
        parts: bands of several files; they are put together when the source is looked at.
        found_in: list or catalogue that names it, read again where a signature has run out.
        problem: why it cannot be read, where that is known from its catalogue; "" otherwise.
        stamp: what a listing of its bucket says of its objects; None where none was listed.
    """

    name: str
    opened_as: str
    taken: Period | None = None
    date_from: str = ""
    files: tuple[str, ...] = ()
    sensor: str = ""
    properties: Properties = ()
    bands: tuple[int, ...] = ()
    parts: tuple[BandPart, ...] = ()
    found_in: str = ""
    problem: str = ""
    stamp: Stamp | None = None

    @property
    def lasting(self) -> str:
        """What an index keeps of `opened_as`: a VRT, without signatures, which no name tells."""
        if not self.opened_as.startswith("<"):
            return ""
        return unsigned(self.opened_as)


@dataclass(frozen=True)
class Found:
    """What was found by what a person named.

    Attributes:
        sources: scenes, each once.
        left_out: path → why it is no scene, of files that were left out by rule.
        problems: path → why it cannot be read, of files and folders that should have been.
    """

    sources: list[Source] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def holder_of(name: str) -> str:
    """The local file that a scene lies in, with which it changes: a container or an archive.

    Args:
        name: as `Source.name`.

    Returns:
        Its path; "" of a scene that is a file of its own, or an address.
    """
    return file_of(name) or archive_of(name)


def source_named(name: str, taken: Period | None = None) -> Source:
    """The source of an absolute path or an address, as an index keeps it or a person gives it.

    Args:
        name: a path, or an address, which may be signed.
        taken: when, if that is known from elsewhere than the file.
    """
    if name.startswith(tuple(REMOTE)):
        return Source(unsigned(name), opened_by_gdal(name), taken)
    holder = holder_of(name)
    return Source(unsigned(name), name, taken, files=(holder,) if holder else ())
