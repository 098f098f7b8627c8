"""Descriptions of data sets: a few lines of YAML, shipped by name or a user's own file."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from harma.data.formats import ANNOTATION_READERS
from harma.data.text_formats import caps_pairs
from harma.errors import ConfigError, MissingFileError
from harma.ground.messages import about_file, kind_of
from harma.ground.reading import read_yaml
from harma.scenes.bands import parse_bands
from harma.scenes.stretch_rule import parse_stretch

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class DataDescription:
    """Where a data set's annotations and images lie below its root, and in which format.

    Attributes:
        name: of the data set.
        format: "harma" (the original's JSON), "karpathy" (`dataset_*.json`, the same file for every
            split), "nwpu" (`dataset_nwpu.json`, likewise), "coco", "caps" (`NAME_caps.txt` with
            `NAME_filename.txt`), "csv" (`filepath,title`, `image,caption`, …) or "webdataset"
            (tar archives with pictures and captions).
        images: the image folder, relative to the root.
        train: annotation files, relative to the root.
        val: annotation files.
        test: annotation files.
        title: a longer name.
        licence: of images and captions.
        homepage: where a person gets the data.
        note: what readers of figures on it must know, such as images it shares with other sets;
            reports show it.
        stretch: values that become black and white, where images are not 8 bit: as `--stretch` of
            `harma index build` takes them; "" takes one range for all, from a sample of them.
        bands: of rasters that do not name their bands: the sensor in whose order they are, or
            numbers, as `--bands` of `harma index build` takes them; "" is as the files say.

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
    stretch: str = ""
    bands: str = ""

    def __post_init__(self) -> None:
        if self.format not in ANNOTATION_READERS:
            raise ConfigError(
                f"data set {self.name}: format is {self.format!r}; allowed are"
                f" {', '.join(ANNOTATION_READERS)}"
            )
        if self.stretch:
            parse_stretch(self.stretch)
        if self.bands:
            parse_bands(self.bands)
        for split in SPLITS:
            files = getattr(self, split)
            twice = sorted({name for name in files if files.count(name) > 1})
            if twice:
                raise ConfigError(
                    f"data set {self.name}: {split} lists {', '.join(twice)} twice; list each file"
                    " once"
                )
            # Raises where a file of captions has no partner: better here than after an hour.
            if self.format == "caps":
                caps_pairs(files)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits it has files for."""
        return tuple(split for split in SPLITS if getattr(self, split))

    def chosen_splits(self, splits: Sequence[str] | None) -> tuple[str, ...]:
        """The splits that are asked for; None or none asks for all it has files for.

        Raises:
            ConfigError: nothing is asked for, and it has none.
        """
        names = tuple(splits or self.splits)
        if not names:
            raise ConfigError(
                f"data set {self.name} names no annotation files; add train, val or test to it"
            )
        return names

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
        files: tuple[str, ...] = getattr(self, split)
        return files


def shipped_descriptions() -> dict[str, Path]:
    """Name → file of the descriptions in the package."""
    folder = Path(str(files("harma.data"))) / "sets"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_description(name_or_path: str | Path) -> DataDescription:
    """Read a data set's description.

    Args:
        name_or_path: a shipped data set, or the path of a YAML file (`.yaml`, `.yml`).

    Raises:
        MissingFileError: the file is not there.
        ConfigError: the name is unknown, a key is unknown, or a value has the wrong type.
    """
    # A shipped name comes first; a file of that name is given with its ending.
    shipped = shipped_descriptions()
    path = shipped.get(str(name_or_path), Path(name_or_path))
    if not is_description_file(path):
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
    with about_file(path):
        return _from_values(values, path)


def is_description_file(name_or_path: str | Path) -> bool:
    """Whether it is the path of a description: a name of a data set has no such ending."""
    return Path(name_or_path).suffix in (".yaml", ".yml")


def folder_of_description(name_or_path: str | Path) -> Path | None:
    """Where a data set's files are if nobody says otherwise: beside its description.

    None for a shipped one, which lies in the package.
    """
    if not is_description_file(name_or_path):
        return None
    return Path(name_or_path).parent


def description_yaml(description: DataDescription) -> str:
    """A description as it is written to a file; what is empty is left out."""
    values: dict[str, object] = {}
    for key, value in vars(description).items():
        if not value:
            continue
        values[key] = value
        if key in SPLITS:
            # One file stands without brackets, as a person would write it.
            values[key] = value[0] if len(value) == 1 else list(value)
    # So wide that no line is folded.
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=10_000)


def _from_values(values: object, path: Path) -> DataDescription:
    allowed = [field.name for field in fields(DataDescription)]
    if not isinstance(values, dict):
        raise ConfigError(
            f"holds {kind_of(values)}; a description is a mapping with {', '.join(allowed)}",
            source=str(path),
        )
    unknown = [str(key) for key in values if key not in allowed]
    if unknown:
        raise ConfigError(
            f"unknown key {', '.join(unknown)}; allowed are {', '.join(allowed)}", source=str(path)
        )
    # A description without a name is called as its file.
    parsed: dict[str, Any] = {"name": path.stem}
    for key, value in values.items():
        if key in SPLITS:
            parsed[key] = _file_names(key, value, path)
        elif isinstance(value, str):
            parsed[key] = value
        else:
            raise ConfigError(f"{key} is {value!r}; it must be text", source=str(path))
    return DataDescription(**parsed)


def _file_names(split: str, value: object, path: Path) -> tuple[str, ...]:
    """The annotation files of a split: a single one may stand without brackets."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ConfigError(
        f"{split} is {value!r}; it must be a file name or a list of them", source=str(path)
    )
