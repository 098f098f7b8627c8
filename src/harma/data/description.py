"""Data sets described by a few lines of YAML."""

from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from harma.data.formats import READERS, caps_pairs
from harma.errors import ConfigError, MissingFileError
from harma.ground.reading import read_yaml

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class DataDescription:
    """Where a data set's annotations and images lie below its root, and in which format.

    Attributes:
        name: of the data set.
        format: "harma" (the original's JSON), "karpathy" (`dataset_*.json`, the same file for every
            split), "caps" (`NAME_caps.txt` with `NAME_filename.txt`) or "csv" (`filename,title` or
            `image,caption`).
        images: the image folder, relative to the root.
        train: annotation files, relative to the root.
        val: annotation files.
        test: annotation files.
        title: a longer name.
        licence: of images and captions.
        homepage: where a person gets the data.
        note: what readers of figures on it must know, such as images it shares with other sets;
            reports show it.

    Raises:
        ConfigError: the format is unknown, a file is listed twice in a split, or the files do not
            fit the format.
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
    note: str = ""

    def __post_init__(self) -> None:
        if self.format not in READERS:
            raise ConfigError(
                f"data set {self.name}: format is {self.format!r}; allowed are {', '.join(READERS)}"
            )
        for split in SPLITS:
            named = getattr(self, split)
            twice = sorted({name for name in named if named.count(name) > 1})
            if twice:
                raise ConfigError(
                    f"data set {self.name}: {split} lists {', '.join(twice)} twice; list each file"
                    " once"
                )
            if self.format == "caps":
                caps_pairs(named)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits it has files for."""
        return tuple(split for split in SPLITS if getattr(self, split))

    def files(self, split: str) -> tuple[str, ...]:
        """The annotation files of a split.

        Raises:
            ConfigError: the data set has no such split.
        """
        if split not in self.splits:
            raise ConfigError(
                f"data set {self.name} has no files for split {split!r}; it has"
                f" {', '.join(self.splits) or 'none'}"
            )
        named: tuple[str, ...] = getattr(self, split)
        return named


def shipped_descriptions() -> dict[str, Path]:
    """Name → file of the descriptions in the package."""
    return {path.stem: path for path in sorted(Path(str(files("harma.data"))).glob("sets/*.yaml"))}


def load_description(name_or_path: str | Path) -> DataDescription:
    """Read a data set's description.

    Args:
        name_or_path: a shipped data set, or the path of a YAML file (`.yaml`, `.yml`).

    Raises:
        MissingFileError: the file is not there.
        ConfigError: the name is unknown, a key is unknown, or a value has the wrong type.
    """
    shipped = shipped_descriptions()
    path = shipped.get(str(name_or_path), Path(name_or_path))
    if path.suffix not in (".yaml", ".yml"):
        raise ConfigError(
            f"there is no data set {str(name_or_path)!r}; shipped are {', '.join(shipped)}, "
            "or give the path of a description (.yaml)"
        )
    try:
        values = read_yaml(path, "the data description")
    except FileNotFoundError as error:
        raise MissingFileError(
            f"the data description {path} is not there; shipped are {', '.join(shipped)}"
        ) from error
    return _from_values(values, path)


def _from_values(values: Any, path: Path) -> DataDescription:
    allowed = [field.name for field in fields(DataDescription)]
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path} holds {type(values).__name__}; a description is a mapping with"
            f" {', '.join(allowed)}"
        )
    unknown = [str(key) for key in values if key not in allowed]
    if unknown:
        raise ConfigError(
            f"{path}: unknown key {', '.join(unknown)}; allowed are {', '.join(allowed)}"
        )
    parsed: dict[str, Any] = {"name": path.stem}
    for key, value in values.items():
        if (
            key in SPLITS
            and isinstance(value, list)
            and all(isinstance(item, str) for item in value)
        ):
            parsed[key] = tuple(value)
        elif isinstance(value, str):
            parsed[key] = (value,) if key in SPLITS else value
        else:
            needed = "a file name or a list of them" if key in SPLITS else "text"
            raise ConfigError(f"{path}: {key} is {value!r}; it must be {needed}")
    return DataDescription(**parsed)
