"""What a catalogue says of a source, put to use: bands of several files, numbers of bands."""

from dataclasses import replace

from harma.errors import HarmaError
from harma.scenes.addresses import said_without_secrets
from harma.scenes.reading import Reading
from harma.scenes.source import Source
from harma.scenes.stacking import stacked


def put_together(source: Source) -> Source:
    """A source that GDAL can open: bands of several files become a VRT.

    This opens each of them, so it is done for sources that are to be read alone.

    Raises:
        DataError: one cannot be read, or they are no bands of one scene.
        MissingFileError: one is not there.
    """
    if not source.parts:
        return source
    try:
        return replace(source, opened_as=stacked(source.parts))
    except HarmaError as error:
        # It names the part, whose address may be signed.
        raise type(error)(said_without_secrets(error.problem)) from error


def reading_of_pictures(source: Source, reading: Reading) -> Reading:
    """How a source is read for people, who see pictures of it, whatever its model reads.

    Args:
        source: to be opened.
        reading: of its index.
    """
    return replace(reading_of(source, reading), values=None)


def reading_of(source: Source, reading: Reading) -> Reading:
    """How a source is read: its catalogue knows its bands, unless a person says otherwise."""
    if source.bands and reading.bands == "auto":
        return replace(reading, bands=source.bands)
    return reading
