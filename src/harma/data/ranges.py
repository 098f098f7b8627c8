"""The range of a data set's images that are rasters: one for all, in training and in evaluation."""

from pathlib import Path
from typing import TYPE_CHECKING

from harma.data.split import Split
from harma.scenes.bands import parse_bands
from harma.scenes.rendering import reading_of
from harma.scenes.stretch_rule import StretchRule, parse_stretch

if TYPE_CHECKING:
    from harma.scenes.reading import Reading


def reading_of_data(split: Split, stretch: str, bands: str = "") -> "Reading | None":
    """How the images of a data set are read.

    Args:
        split: of the data set, its files known to be there.
        stretch: as the data set's description says it, or "".
        bands: likewise.

    Returns:
        The same for all splits of a data set whose images lie in one folder; None where all images
        are plain pictures.
    """
    rule: StretchRule | None = None
    if stretch:
        rule = parse_stretch(stretch)
    asked = parse_bands(bands or "auto")
    reading = reading_of(split.images, rule, bands=asked)
    if reading is None or not reading.ranges or split.image_root is None:
        return reading
    # What is trained on and what it is measured on are shown alike: the sample is of the whole
    # folder, whichever split asks.
    return reading_of(_like(split.image_root, split.images), rule, bands=asked)


def _like(folder: Path, images: tuple[Path, ...]) -> list[Path]:
    """The files of a folder that end as some images do."""
    suffixes = {path.suffix for path in images}
    return sorted(path for path in folder.rglob("*") if path.suffix in suffixes and path.is_file())
