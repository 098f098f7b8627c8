"""Which values of a raster are shown as black and white: of its bits, its sensor, its kind."""

from harma.scenes.header import Header
from harma.scenes.ranges import chosen_stretch, is_by_kind, kind_of
from harma.scenes.readers import BandReader
from harma.scenes.reading import Reading
from harma.scenes.reflectance import shown_range
from harma.scenes.stretch import Stretch
from harma.scenes.stretch_rule import AUTO


def set_stretch(
    reader: BandReader,
    header: Header,
    sensor: str,
    source: str,
    reading: Reading,
    *,
    survey: bool,
) -> str:
    """Tell a reader which values become black and white.

    Args:
        reader: of a raster.
        header: of it.
        sensor: that took it, or "".
        source: path or address of it.
        reading: what a person asks for.
        survey: only the kind is wanted: no pixel is read for a stretch.

    Returns:
        The kind of the scene, where all scenes of one are shown in one range; else "".
    """
    types = [header.types[band - 1] for band in reader.bands]
    scaling = [header.scaling[band - 1] for band in reader.bands]
    # What is 8 bit already is shown as it is, unless it holds fewer bits.
    if all(name == "uint8" for name in types):
        if not survey:
            reader.stretch = reader.depth()
        return ""
    rule = reading.stretch
    if rule.how == AUTO:
        shown = shown_range(
            sensor,
            types[0],
            source,
            tags=header.tags,
            descriptions=header.descriptions,
            scaling=scaling[0],
        )
        if shown is not None:
            reader.stretch = Stretch.of_all(*shown, len(types))
            return ""
    kind = kind_of(sensor, types, scaling) if is_by_kind(rule) else ""
    # Its own percentiles would cost a look at the whole scene.
    if not survey:
        num_bands = len(reader.bands)
        reader.stretch = chosen_stretch(rule, kind, reading.ranges, num_bands, reader.look)
    return kind
