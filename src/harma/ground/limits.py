"""Limits on what comes from outside: pixels, bytes, depth, counts, seconds; each by a setting.

A small file can say that it holds a picture of gigabytes, or make a parser work for hours. What is
over a limit is refused before it is read. Each limit is an environment variable, so that it reaches
worker processes too; a message says what was got, what is allowed, and which variable allows more.
"""

import os
from dataclasses import dataclass

from harma.errors import ConfigError


@dataclass(frozen=True)
class Limit:
    """A limit.

    Attributes:
        variable: of the environment, that sets it.
        usual: where nobody sets it.
        of: what it is a limit of, for the page on limits.
    """

    variable: str
    usual: int
    of: str

    @property
    def allowed(self) -> int:
        """The most that is allowed.

        Raises:
            ConfigError: the variable holds no whole number over 0.
        """
        text = os.environ.get(self.variable, "")
        if not text:
            return self.usual
        number = text.replace("_", "")
        # Not `isdigit`, which holds of ² too; and a number of a thousand digits is none.
        if not (number.isdecimal() and number.isascii() and len(number) <= 18 and int(number)):
            raise ConfigError(
                f"{self.variable} is {text[:40]!r}; it must be a whole number over 0, and is"
                f" {self.usual:,} where it is not set"
            )
        return int(number)

    def is_over(self, number: float) -> bool:
        """Whether a number is more than what is allowed."""
        return number > self.allowed

    @property
    def said(self) -> str:
        """What is allowed, and what allows more, as messages end."""
        return f"allowed are {self.allowed:,} (set {self.variable} to allow more)"


PICTURE_PIXELS = Limit(
    "HARMA_MAX_PIXELS", 100_000_000, "pixels of a picture, which is decoded as a whole"
)
MAX_READ_BYTES = Limit(
    "HARMA_MAX_READ_BYTES", 2 << 30, "bytes that the blocks of a raster take, of one chip"
)
MAX_TIMES = Limit(
    "HARMA_MAX_TIMES",
    5_000,
    "bytes of pixels that a raster says it holds, for each byte of its file, over 256 MB of pixels",
)
MAX_CHIPS = Limit("HARMA_MAX_CHIPS", 20_000_000, "chips of a source")
MAX_BANDS = Limit("HARMA_MAX_BANDS", 10_000, "bands of a raster")
MAX_JSON_BYTES = Limit("HARMA_MAX_JSON_BYTES", 512 << 20, "bytes of a JSON file")
MAX_YAML_BYTES = Limit("HARMA_MAX_YAML_BYTES", 1 << 20, "bytes of a YAML file")
MAX_YAML_VALUES = Limit(
    "HARMA_MAX_YAML_VALUES",
    100_000,
    "values of a YAML file, each alias with all that it stands for",
)
MAX_DEPTH = Limit("HARMA_MAX_DEPTH", 100, "lists and objects in one another, of JSON and YAML")
MAX_NAME = Limit("HARMA_MAX_NAME", 4096, "characters of the name of an image")
DECODE_SECONDS = Limit(
    "HARMA_DECODE_SECONDS", 12, "seconds for the first look at a file of a seldom format"
)
DECODE_BYTES = Limit("HARMA_DECODE_BYTES", 3 << 30, "bytes of memory of the process that looks")
MAX_PARAMETERS = Limit(
    "HARMA_MAX_PARAMETERS", 500_000_000, "weights of a model that a config states, without a file"
)
MAX_LAYERS = Limit("HARMA_MAX_LAYERS", 512, "layers, blocks or stages of a stated model")
MAX_NUMBER = Limit("HARMA_MAX_NUMBER", 10_000_000, "a number in the config of a model")

LIMITS = (
    PICTURE_PIXELS,
    MAX_READ_BYTES,
    MAX_TIMES,
    MAX_CHIPS,
    MAX_BANDS,
    MAX_JSON_BYTES,
    MAX_YAML_BYTES,
    MAX_YAML_VALUES,
    MAX_DEPTH,
    MAX_NAME,
    DECODE_SECONDS,
    DECODE_BYTES,
    MAX_PARAMETERS,
    MAX_LAYERS,
    MAX_NUMBER,
)
