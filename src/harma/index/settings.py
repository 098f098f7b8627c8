"""What an index was made with: kept beside its table, the same for all its chips."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harma.backbones.weights import hash_weights
from harma.errors import ConfigError, DataError, MissingFileError
from harma.files import read_yaml, write_json
from harma.scenes.raster import Reading
from harma.scenes.windows import Tiling

FILE = "index.json"
FORMAT, VERSION = "harma-index", 1


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
    """

    model: str
    backbone: str | None
    model_id: str
    embed_dim: int
    tiling: Tiling
    reading: Reading
    max_nodata: float

    def __post_init__(self) -> None:
        if not 0 <= self.max_nodata <= 1:
            raise ConfigError(f"max_nodata is {self.max_nodata}; it must be from 0 to 1 (a share of the chip)")


def model_id(model: Any) -> str:
    """A fingerprint of everything that makes a model's embeddings: weights, adapters' options, preprocessing."""
    adapters = model.adapters
    content = {
        "weights": hash_weights({**model.backbone.weights(), **(model.adapter_state() if adapters else {})}),
        "adapters": asdict(adapters) if adapters else None,
        "preprocess": model.preprocess.to_dict(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def write_settings(directory: Path, settings: Settings) -> None:
    """Write `index.json`."""
    write_json(directory / FILE, {"format": FORMAT, "version": VERSION, **asdict(settings)})


def read_settings(directory: Path) -> Settings:
    """Read `index.json`.

    Raises:
        MissingFileError: there is no index.
        DataError: the file is damaged or of another version.
    """
    path = directory / FILE
    if not path.is_file():
        raise MissingFileError(f"{directory} is no index (there is no {FILE}); make one with `harma index build`")
    try:
        values = read_yaml(path, "the index's settings")
        if values.pop("format") != FORMAT or values.pop("version") != VERSION:
            raise DataError(f"{path} is not of version {VERSION} of HarMA's indices; build the index again")
        tiling, reading = values.pop("tiling"), values.pop("reading")
        tiling["scales"] = tuple(tiling["scales"])
        reading["percentiles"] = tuple(reading["percentiles"])
        reading["bands"] = reading["bands"] if isinstance(reading["bands"], str) else tuple(reading["bands"])
        return Settings(tiling=Tiling(**tiling), reading=Reading(**reading), **values)
    except (LookupError, TypeError, AttributeError, ConfigError) as error:
        raise DataError(f"{path} is damaged ({error}); build the index again") from error
