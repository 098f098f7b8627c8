"""What an index was made with: kept beside its table, the same for all its chips."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harma.errors import ConfigError, DataError, MissingFileError
from harma.ground.json_text import parse_json
from harma.ground.messages import plain_reason
from harma.ground.storage.home import Place, home_of
from harma.index.tiles import check_tiles
from harma.scenes.reading import Reading
from harma.scenes.reading_values import reading_of_values, reading_values
from harma.scenes.windows import Tiling

SETTINGS_FILE = "index.json"
FORMAT = "harma-index"
VERSION = 1
# Begins the model id of embeddings whose model HarMA cannot load.
FOREIGN = "foreign-"
# What chips of an index have in common: an old index must have been made with the same.
COMMON_SETTINGS = ("tiling", "reading", "max_nodata", "tiles")
# What those who add to an index must agree on too; indexes that are joined or merged need not.
BUILD_SETTINGS = (*COMMON_SETTINGS, "thumbnails")


# Of an embedding.
MOST_NUMBERS = 100_000
# A name that leads to no other folder.
PLAIN_NAME = re.compile(r"[\w-][\w.+=:@ -]{0,199}")


@dataclass(frozen=True)
class Settings:
    """What an index was made with.

    Attributes:
        model: what `harma.load` takes, where the model was when the index was made.
        backbone: where its backbone was, if given apart.
        model_id: fingerprint of the model: only its queries fit.
        embed_dim: E.
        tiling: how scenes are cut.
        reading: how scenes are read.
        max_nodata: chips with a larger share of nodata are left out.
        tiles: along each side of a chip, which are embedded beside it (`harma.index.tiles`);
            1: the chip alone, also where the file does not say.
        versions_before: of its tables until it was embedded again: the numbers go on from there, so
            that no two states of an index have the same.
        embedded_by: what embedded its chips: engine and precision, "torch float32" or "onnx int8",
            in the order in which they came; () where the file does not say.
        thumbnails: whether chips keep one; without them pictures come from the scenes alone.
    """

    model: str
    backbone: str | None
    model_id: str
    embed_dim: int
    tiling: Tiling
    reading: Reading
    max_nodata: float
    tiles: int = 1
    versions_before: int = 0
    embedded_by: tuple[str, ...] = ()
    thumbnails: bool = True

    def __post_init__(self) -> None:
        self._check_names()
        _check_whole("embed_dim", self.embed_dim, 1, MOST_NUMBERS)
        _check_whole("versions_before", self.versions_before, 0, 2**62)
        is_number = isinstance(self.max_nodata, int | float)
        if not is_number or not 0 <= self.max_nodata <= 1:
            raise ConfigError(
                f"max_nodata is {self.max_nodata}; it must be from 0 to 1 (a share of the chip)"
            )
        check_tiles(self.tiles)

    def _check_names(self) -> None:
        """Check the texts; the tables lie in a folder that is called by the model's fingerprint."""
        texts = {"model": self.model, "backbone": self.backbone or "", "model_id": self.model_id}
        for name, text in texts.items():
            if not isinstance(text, str):
                raise ConfigError(f"{name} is {text!r}; it must be a text")
        if not PLAIN_NAME.fullmatch(self.model_id):
            raise ConfigError(
                f"model_id is {self.model_id!r}; it must be a plain name of letters, digits, ._-"
            )
        if not all(isinstance(text, str) for text in self.embedded_by):
            raise ConfigError(f"embedded_by is {list(self.embedded_by)}; it must be texts")

    @property
    def embedding_id(self) -> str:
        """Names what makes the embeddings: the model, and tiles where it sees them too.

        Where it is another one, the vectors of the same chips are others.
        """
        if self.tiles == 1:
            return self.model_id
        return f"{self.model_id}-tiles{self.tiles}"


def _check_whole(name: str, value: object, least: int, most: int) -> None:
    # To Python `true` is a whole number, too.
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigError(f"{name} is {value!r}; it must be a whole number from {least} to {most}")


def write_settings(place: Place, settings: Settings) -> None:
    """Write `index.json`."""
    values = {"format": FORMAT, "version": VERSION, **values_of(settings)}
    home_of(place).write_text(
        SETTINGS_FILE, json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    )


def is_index(place: Place) -> bool:
    """Whether there is an index."""
    return home_of(place).read_text(SETTINGS_FILE) is not None


def read_settings(place: Place) -> Settings:
    """Read `index.json` of an index.

    Raises:
        MissingFileError: there is no index.
        DataError: the file is damaged or of another version.
    """
    home = home_of(place)
    file = home.uri(SETTINGS_FILE)
    text = home.read_text(SETTINGS_FILE)
    if text is None:
        raise MissingFileError(
            f"{home} is no index (there is no {SETTINGS_FILE}); make one with `harma index build`"
        )
    try:
        # Not YAML: it reads 1e+20 as text, and NaN too.
        values = parse_json(text, source=file)
        if values.pop("format") != FORMAT or values.pop("version") != VERSION:
            raise DataError(
                f"{file} is not of version {VERSION} of HarMA's indices; build the index again"
            )
        return settings_of(values)
    except DataError:
        raise
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        reason = plain_reason(error, "a value is missing, unknown, or of another kind")
        raise DataError(f"{file} is damaged ({reason}); build the index again") from error


def values_of(settings: Settings) -> dict[str, Any]:
    """Settings as plain values; `settings_of` reads them."""
    values = {**asdict(settings), "reading": reading_values(settings.reading)}
    # What says nothing new is left out: earlier versions read such an index still.
    if settings.thumbnails:
        del values["thumbnails"]
    return values


def settings_of(values: Mapping[str, Any]) -> Settings:
    """Settings of plain values, as `values_of` gives them and JSON changes them.

    Raises:
        LookupError, TypeError, AttributeError, ConfigError: the values are not of settings.
    """
    # JSON has no tuples.
    tiling = dict(values["tiling"])
    tiling["scales"] = tuple(tiling["scales"])
    reading = reading_of_values(values["reading"])
    given = {**values, "tiling": Tiling(**tiling), "reading": reading}
    given["embedded_by"] = tuple(values.get("embedded_by", ()))
    return Settings(**given)
