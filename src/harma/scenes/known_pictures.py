"""Plain pictures that were looked at once: decoded by Pillow alone, large JPEGs to a smaller scale.

GDAL says of a picture where and when it was taken, and whether a file beside it gives it a place.
That is asked once, when a build looks at its sources; opening it again for its pixels would take
longer than decoding 256 pixels.
"""

from dataclasses import dataclass

from shapely.geometry import Point

from harma.scenes.picture import read_scaled
from harma.scenes.readers import PictureReader
from harma.scenes.scene import Scene, SceneFacts


@dataclass(frozen=True)
class KnownPicture:
    """What opening a plain picture has shown, for whoever reads it.

    Attributes:
        facts: of its scene.
        position: longitude and latitude of its camera, or None.
    """

    facts: SceneFacts
    position: Point | None

    @classmethod
    def of(cls, scene: Scene) -> "KnownPicture | None":
        """Of an opened scene; None where it is a raster."""
        if not isinstance(scene.reader, PictureReader):
            return None
        return cls(scene.facts, scene.position)

    def open(self, least: int | None = None) -> Scene | None:
        """The scene again, decoded.

        Args:
            least: pixels that a side must have at least, if the whole of it is wanted smaller than
                it is; see `read_scaled`. None: as it is.

        Returns:
            None if it is of another size now: it is another file.

        Raises:
            MissingFileError: it is not there any more.
            DataError: it cannot be decoded.
        """
        decoded = read_scaled(self.facts.source, least)
        if decoded.size != (self.facts.width, self.facts.height):
            return None
        return Scene(self.facts, None, PictureReader(decoded.rgb, decoded.alpha), self.position)
