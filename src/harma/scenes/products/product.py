"""A product: files that are one scene together, and what else was delivered with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harma.scenes.period import Period

# Folder → the names of its files.
Listing = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Part:
    """A band of a scene that is put together.

    Attributes:
        path: of its file.
        color: "red", "green", "blue", "nir" or another description of the band.
        band: number in its file, from 1.
        nodata: value without data, where the file does not say so and its makers do.
    """

    path: str
    color: str
    band: int = 1
    nodata: float | None = None


@dataclass(frozen=True)
class Product:
    """Files that are one scene.

    Attributes:
        parts: what is put together; none where a file is opened as it is.
        opened: the file that is opened as it is, or "".
        others: path → what it is, of files that are no scenes of their own.
        files: that the file which is opened draws upon, such as its tiles.
        taken: when, as its name says.
        sensor: that took it.
    """

    parts: tuple[Part, ...] = ()
    opened: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    taken: Period | None = None
    sensor: str = ""

    @property
    def shown(self) -> frozenset[str]:
        """The files that the scene is read from."""
        read = [part.path for part in self.parts]
        if self.opened:
            read.append(self.opened)
        return frozenset([*read, *self.files])

    @property
    def name(self) -> str:
        """What its scene is called: the file that is opened, or the first that is put together."""
        return self.opened or self.parts[0].path


def paths(listing: Listing) -> Iterator[tuple[str, str]]:
    """Every folder with each of its names."""
    for folder, names in listing.items():
        for name in names:
            yield folder, name
