"""How scenes are read, as plain values: kept with an index, and with a model trained on rasters."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from harma.errors import ConfigError, DataError
from harma.scenes.model_bands import bands_from
from harma.scenes.ranges import KindRange
from harma.scenes.reading import Reading, check_number
from harma.scenes.stretch import Stretch
from harma.scenes.stretch_rule import AUTO_RULE, SCENE, StretchRule, parse_stretch


def reading_values(reading: Reading) -> dict[str, Any]:
    """How scenes are read, as plain values; `reading_of_values` reads them."""
    # A person who looks into the file finds what is said at the command line.
    values = {**asdict(reading), "stretch": str(reading.stretch)}
    # Of pictures nothing is said, as ever.
    del values["values"]
    if reading.values is not None:
        values["values"] = reading.values.to_dict()
    return values


def reading_of_values(values: Mapping[str, Any]) -> Reading:
    """How scenes are read, of plain values as JSON changes them.

    Raises:
        LookupError, TypeError, AttributeError, ConfigError: the values are not of a reading.
    """
    reading = dict(values)
    # JSON has no tuples.
    if not isinstance(reading["bands"], str):
        reading["bands"] = tuple(reading["bands"])
    # Indexes of before there was one range for an archive.
    if "percentiles" in reading:
        percentiles = tuple(reading.pop("percentiles"))
        reading["stretch"] = StretchRule(SCENE, percentiles, each=True)
    else:
        reading["stretch"] = parse_stretch(reading["stretch"])
    if reading.get("values") is not None:
        reading["values"] = bands_from(reading["values"])
    reading["ranges"] = tuple(_range_of(known) for known in reading.pop("ranges", ()))
    return Reading(**reading)


def _range_of(values: Mapping[str, Any]) -> KindRange:
    stretch = values["stretch"]
    limits = Stretch(_numbers(stretch["low"]), _numbers(stretch["high"]))
    kind = values["kind"]
    if not isinstance(kind, str):
        raise ConfigError(f"the kind of a range is {kind!r}; it must be a text")
    if len(limits.low) != len(limits.high):
        raise ConfigError(f"the range of {kind} has other numbers of low and high values")
    return KindRange(kind, limits, _numbers([values.get("level", 0.0)])[0])


def _numbers(values: Sequence[Any]) -> tuple[float, ...]:
    for value in values:
        # A missing one is no number here.
        check_number("a value of a range", "nothing" if value is None else value)
    return tuple(values)


def as_trained(reading: Reading, values: Mapping[str, Any] | None) -> Reading:
    """How scenes are read for a model: in the ranges that it was trained on, where it knows them.

    Args:
        reading: how they would be read without it.
        values: how its training images were read, as plain values; None: they were plain pictures.

    Raises:
        DataError: the values are damaged.
    """
    if values is None:
        return reading
    try:
        trained = reading_of_values(values)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise DataError(
            f"what the model says of its training images is damaged ({error}); save it again"
        ) from error
    kinds = {known.kind for known in trained.ranges}
    others = [known for known in reading.ranges if known.kind not in kinds]
    # What a person says counts more.
    rule = reading.stretch
    if rule == AUTO_RULE:
        rule = trained.stretch
    return replace(reading, stretch=rule, ranges=(*trained.ranges, *others))
