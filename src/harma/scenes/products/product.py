"""A product: files that are one scene together, and what else was delivered with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harma.scenes.period import Period

# Folder → the names of its files.
Listing = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class BandPart:
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
class PictureTile:
    """A tile of a picture that is delivered in several files.

    Attributes:
        path: of its file.
        column: of its upper left pixel in the picture, from 0.
        row: of it.
    """

    path: str
    column: int
    row: int


@dataclass(frozen=True)
class Product:
    """Files that are one scene.

    Attributes:
        parts: what is put together; none where a file is opened as it is.
        tiles: what is put side by side; each has all bands.
        colors: of the bands of tiles, in their order; () where nothing says them.
        opened: the file that is opened as it is, or "".
        others: path → what it is, of files that are no scenes of their own.
        files: that the file which is opened draws upon, such as its tiles.
        taken: when, as its name says.
        sensor: that took it.
    """

    parts: tuple[BandPart, ...] = ()
    tiles: tuple[PictureTile, ...] = ()
    colors: tuple[str, ...] = ()
    opened: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    taken: Period | None = None
    sensor: str = ""

    @property
    def shown(self) -> frozenset[str]:
        """The files that the scene is read from."""
        read = [*self._put_together, *self.files]
        if self.opened:
            read.append(self.opened)
        return frozenset(read)

    @property
    def _put_together(self) -> list[str]:
        return [part.path for part in self.parts] + [tile.path for tile in self.tiles]

    @property
    def name(self) -> str:
        """What its scene is called: the file that is opened, or the first that is put together."""
        return self.opened or self._put_together[0]


def paths(listing: Listing) -> Iterator[tuple[str, str]]:
    """Every folder with each of its names."""
    for folder, names in listing.items():
        for name in names:
            yield folder, name
