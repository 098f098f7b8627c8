"""What a person says of the stretch: fixed values, percentiles of the archive or of each scene."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harma.errors import ConfigError
from harma.scenes.stretch import Stretch

AUTO = "auto"
FIXED = "fixed"
ARCHIVE = "archive"
SCENE = "scene"
# Percentiles where none are said. Of an archive, as measured with the demo's scenes in 16 bits
# (benchmarks/index/bits.py): with one range for all bands they lose nothing against 8 bit, and one
# pixel in two hundred may be damaged. Of each scene, as they have always been.
OF_ARCHIVE = (0.5, 99.5)
OF_SCENE = (2.0, 98.0)
# Bands that a fixed range can be said of one by one.
COLORS = 3
ALLOWED = (
    "auto, two values such as 0,3000, six (two of red, of green and of blue), archive:1,99"
    " (percentiles of a sample of the archive) or scene:2,98 (percentiles of each scene)"
)


@dataclass(frozen=True)
class StretchRule:
    """Which values become black and white, of scenes that are not 8 bit.

    Attributes:
        how: "auto" (the range of the sensor where that is known, else as "archive"), "fixed"
            (values), "archive" (percentiles of a sample of all scenes of a kind) or "scene"
            (percentiles of each scene).
        numbers: two values for all bands, or six, two for each of three; or two percentiles.
        each: percentiles are taken of each band, not of all together.

    Raises:
        ConfigError: the numbers are not usable.
    """

    how: str = AUTO
    numbers: tuple[float, ...] = OF_ARCHIVE
    each: bool = False

    def __post_init__(self) -> None:
        if self.how == FIXED:
            _check_values(self.numbers)
        else:
            _check_percentiles(self.numbers)

    @property
    def percentiles(self) -> tuple[float, float]:
        """That become black and white, where no values are fixed."""
        return self.numbers[0], self.numbers[1]

    def fixed(self, num_bands: int) -> Stretch:
        """The stretch of fixed values.

        Args:
            num_bands: that are shown.

        Raises:
            ConfigError: there are values of three bands, and one is shown.
        """
        pairs = list(zip(self.numbers[::2], self.numbers[1::2], strict=True))
        if len(pairs) == 1:
            pairs = pairs * num_bands
        if len(pairs) != num_bands:
            raise ConfigError(
                f"stretch has ranges of {len(pairs)} bands, and {num_bands} is shown; give two"
                " values"
            )
        return Stretch(tuple(low for low, _ in pairs), tuple(high for _, high in pairs))

    def __str__(self) -> str:
        numbers = ",".join(f"{number:.10g}" for number in self.numbers)
        if self.how == AUTO:
            return AUTO
        if self.how == FIXED:
            return f"{FIXED}:{numbers}"
        # What each of them does if nothing is said is not said.
        if self.each == (self.how == SCENE):
            return f"{self.how}:{numbers}"
        return f"{self.how}:{numbers},{'each' if self.each else 'joint'}"


def _check_values(numbers: Sequence[float]) -> None:
    """Check that they are one range, or one of each colour."""
    if len(numbers) not in (2, 2 * COLORS) or not all(map(math.isfinite, numbers)):
        raise ConfigError(f"stretch is {_listed(numbers)}; allowed are {ALLOWED}")
    for low, high in zip(numbers[::2], numbers[1::2], strict=True):
        if low >= high:
            raise ConfigError(
                f"stretch is {_listed(numbers)}; of each range the first value must be the lower"
            )


def _check_percentiles(numbers: Sequence[float]) -> None:
    """Check that they are two percentiles in order."""
    # Written so that NaN is refused too.
    if len(numbers) != 2 or not 0 <= numbers[0] < numbers[1] <= 100:
        raise ConfigError(
            f"the stretch is from percentiles {_listed(numbers)}; give two numbers from 0 to 100"
            " in order"
        )


AUTO_RULE = StretchRule()


def parse_stretch(said: str | Sequence[float] | StretchRule) -> StretchRule:
    """What a person wrote: text as on the command line, or two or six numbers.

    Raises:
        ConfigError: it is none of these, or two numbers that look like percentiles.
    """
    if isinstance(said, StretchRule):
        return said
    if not isinstance(said, str):
        return _of_values(tuple(float(number) for number in said))
    text = said.replace(" ", "").lower()
    if text == AUTO:
        return AUTO_RULE
    how, colon, rest = text.partition(":")
    if how in (ARCHIVE, SCENE):
        return _of_percentiles(how, rest if colon else "", said)
    if how == FIXED:
        return StretchRule(FIXED, _numbers(rest, said))
    return _of_values(_numbers(text, said))


def _of_values(numbers: tuple[float, ...]) -> StretchRule:
    rule = StretchRule(FIXED, numbers)
    # Until HarMA read archives with one range, two numbers were percentiles: taken as values,
    # they would make 16-bit scenes white.
    if len(numbers) == 2 and numbers[0] >= 0 and sum(numbers) == 100:
        pair = _listed(numbers)
        raise ConfigError(
            f"stretch {pair} would show the values {numbers[0]:g} to {numbers[1]:g}; if percentiles"
            f" are meant, say archive:{pair} or scene:{pair}, if values are, fixed:{pair}"
        )
    return rule


def _of_percentiles(how: str, rest: str, said: str) -> StretchRule:
    """A rule of percentiles: two numbers, and whether they are of each band, all of it optional."""
    each = how == SCENE
    head, _, last = rest.rpartition(",")
    if last in ("each", "joint"):
        each = last == "each"
        rest = head
    numbers: tuple[float, ...] = OF_SCENE if how == SCENE else OF_ARCHIVE
    if rest:
        numbers = _numbers(rest, said)
    return StretchRule(how, numbers, each)


def _numbers(text: str, said: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(f"stretch is {said!r}; allowed are {ALLOWED}") from error


def _listed(numbers: Sequence[float]) -> str:
    return ",".join(f"{number:g}" for number in numbers)
