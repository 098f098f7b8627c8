"""Data sets described by a few lines of YAML."""

from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from harma.errors import ConfigError, DataError, MissingFileError

FORMATS = ("harma", "karpathy", "caps", "csv")
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class DataDescription:
    """Where a data set's annotations and images lie below its root, and in which format.

    Attributes:
        name: of the data set.
        format: "harma" (the original's JSON), "karpathy" (`dataset_*.json`), "caps" (`*_caps.txt` with
            `*_filename.txt`, in this order) or "csv" (`filename,title` or `image,caption`).
        images: the image folder, relative to the root.
        train: annotation files, relative to the root.
        val: annotation files.
        test: annotation files.
        title: a longer name.
        licence: of images and captions.
        homepage: where a person gets the data.

    Raises:
        ConfigError: the format is unknown.
    """

    name: str
    format: str = "harma"
    images: str = "images"
    train: tuple[str, ...] = ()
    val: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    title: str = ""
    licence: str = ""
    homepage: str = ""

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ConfigError(f"data set {self.name}: format is {self.format!r}; allowed are {', '.join(FORMATS)}")

    def files(self, split: str) -> tuple[str, ...]:
        """The annotation files of a split.

        Raises:
            DataError: there is no such split.
        """
        named: tuple[str, ...] = getattr(self, split) if split in SPLITS else ()
        if not named:
            having = [name for name in SPLITS if getattr(self, name)]
            raise DataError(f"data set {self.name} has no {split} split; it has {', '.join(having) or 'none'}")
        return named


def shipped_descriptions() -> dict[str, Path]:
    """Name → file of the descriptions in the package."""
    return {path.stem: path for path in sorted(Path(str(files("harma.data"))).glob("sets/*.yaml"))}


def load_description(name_or_path: str | Path) -> DataDescription:
    """Read a data set's description.

    Args:
        name_or_path: a shipped data set, or the path of a YAML file.

    Raises:
        MissingFileError: it is neither.
        ConfigError: a key is unknown or a value has the wrong type.
    """
    shipped = shipped_descriptions()
    path = shipped.get(str(name_or_path), Path(name_or_path))
    if not path.is_file():
        raise MissingFileError(
            f"there is no data set {str(name_or_path)!r}; shipped are {', '.join(shipped)}, "
            "or give the path of its description (YAML)"
        )
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    return _from_values(values, path)


def _from_values(values: Any, path: Path) -> DataDescription:
    allowed = [field.name for field in fields(DataDescription)]
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds {type(values).__name__}; a description is a mapping with {', '.join(allowed)}")
    unknown = sorted(map(str, values.keys() - set(allowed)))
    if unknown:
        raise ConfigError(f"{path}: unknown keys {', '.join(unknown)}; allowed are {', '.join(allowed)}")
    parsed: dict[str, Any] = {"name": path.stem}
    for key, value in values.items():
        if key in SPLITS and isinstance(value, list) and all(isinstance(item, str) for item in value):
            parsed[key] = tuple(value)
        elif isinstance(value, str):
            parsed[key] = (value,) if key in SPLITS else value
        else:
            raise ConfigError(
                f"{path}: {key} is {value!r}; it must be text{' or a list of it' if key in SPLITS else ''}"
            )
    return DataDescription(**parsed)
