"""Sources of dual encoders: what a name, description or directory stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harma.backbones.architecture import close_matches
from harma.backbones.config_bounds import check_numbers
from harma.backbones.directories import (
    CONFIG_FILE,
    DUAL_CONFIG_FILE,
    DUAL_WEIGHTS_FILE,
    TOKENIZER_DIRECTORY,
    Config,
    Stated,
    read_dual_config,
    read_json,
)
from harma.backbones.dual_presets import DUAL_ENCODERS
from harma.backbones.dual_weights import (
    KNOWN_TEXTS,
    PATH_STARTS,
    PRETRAINED,
    WEIGHTS_HELP,
    WeightsPlace,
    file_of,
    image_weights_of,
    place_of,
    repo_of,
    text_weights_of,
)
from harma.backbones.source_kinds import HUB_PREFIX, LOCAL_DIR, Reference
from harma.backbones.sources import CONFIG_SUFFIXES, PLACE_KEYS
from harma.backbones.transformers_config import check_text_config
from harma.backbones.weights.hub import find_file
from harma.errors import ConfigError, MissingFileError
from harma.ground.files import recover_directory
from harma.ground.messages import kind_of
from harma.ground.reading import read_yaml

DESCRIPTION_KEYS = ("image", "text", "embed_dim", "preprocess", "weights")
TEXT_KEYS = ("transformers", "weights", "tokenizer", "context_length")


@dataclass(frozen=True)
class DualSource:
    """What a description of a dual encoder stands for.

    Attributes:
        name: what people call it.
        reference: what `load_backbone` takes to open it again; fits into JSON and YAML.
        config: architecture: embed_dim, image, text.
        preprocess: what is stated about preprocessing.
        image_weights: of the image tower, without its projection; None: untrained.
        text_weights: of the text tower, without its projection; None: untrained.
        weights: of everything; None: what is said for each tower.
        tokenizer: a directory, a vocabulary or a repository; None: there is none.
    """

    name: str
    reference: Reference
    config: Config
    preprocess: Stated = field(default_factory=dict)
    image_weights: WeightsPlace = None
    text_weights: WeightsPlace = None
    weights: Path | None = None
    tokenizer: WeightsPlace = None


def find_dual(what: str | Path | Stated, *, allow_download: bool) -> DualSource | None:
    """The dual encoder that a name, directory, file or mapping describes; None for anything else.

    Raises:
        ConfigError: it describes one that is not usable.
        BackboneError: a model's name is unknown, or it is no encoder.
        MissingFileError: a file is not there.
    """
    if isinstance(what, Mapping):
        return _if_described(what, None, allow_download)
    name = str(what)
    if name in DUAL_ENCODERS:
        return _from_description(DUAL_ENCODERS[name].description, name, allow_download)
    if name.startswith(HUB_PREFIX):
        return None
    path = Path(name.removeprefix(LOCAL_DIR))
    if path.suffix in CONFIG_SUFFIXES and path.is_file():
        # JSON has a reader of its own, as YAML's takes 1e-12 for text.
        values = read_json(path) if path.suffix == ".json" else read_yaml(path, "the config")
        return _if_described(values, str(path), allow_download)
    # A process may have been killed between the two renames that replace a directory.
    recover_directory(path)
    if (path / DUAL_CONFIG_FILE).is_file():
        return _from_directory(path.resolve())
    return None


def _if_described(values: object, name: str | None, allow_download: bool) -> DualSource | None:
    """The dual encoder of a mapping that has a tower and says nothing of another kind of model."""
    # None, not an error: the other kinds of sources are tried next, and say what is wrong.
    if not isinstance(values, Mapping) or any(key in values for key in PLACE_KEYS):
        return None
    if "image" not in values and "text" not in values:
        return None
    return _from_description(values, name, allow_download)


def _from_directory(directory: Path) -> DualSource:
    if (directory / CONFIG_FILE).is_file():
        raise ConfigError(
            f"{directory} holds both {CONFIG_FILE} and {DUAL_CONFIG_FILE}; leave the one it"
            " belongs to"
        )
    config, preprocess, _ = read_dual_config(directory / DUAL_CONFIG_FILE)
    weights = directory / DUAL_WEIGHTS_FILE
    if not weights.is_file():
        raise MissingFileError(
            f"{directory} holds no {DUAL_WEIGHTS_FILE}; copy or save the model again"
        )
    # The directory is absolute here, so that adapters find it from every working directory.
    name = f"{LOCAL_DIR}{directory}"
    checked, _ = _check(
        config, str(directory / DUAL_CONFIG_FILE), allow_download=False, is_saved=True
    )
    return DualSource(
        name, name, checked, preprocess, weights=weights, tokenizer=directory / TOKENIZER_DIRECTORY
    )


def _from_description(values: Stated, name: str | None, allow_download: bool) -> DualSource:
    """Translate {image, text, embed_dim, preprocess, weights}; the towers give it a name."""
    where = name or "a dual encoder"
    config, text_place = _check(values, where, allow_download=allow_download)
    image = values["image"]
    text = values["text"]
    preprocess = values.get("preprocess") or {}
    if not isinstance(preprocess, Mapping):
        raise ConfigError(
            f"{where}: preprocess is {preprocess!r}; it must be a mapping of mean, std and"
            " interpolation"
        )
    tokenizer = text_place
    if text.get("tokenizer") is not None:
        tokenizer = place_of(str(text["tokenizer"]))
    return DualSource(
        name=name or f"{image['timm']} + {_called(text['transformers'], config)}",
        reference=name if name in DUAL_ENCODERS else _reference(values),
        config=config,
        preprocess=preprocess,
        image_weights=image_weights_of(image),
        text_weights=text_weights_of(text, text_place),
        weights=file_of(values.get("weights"), "weights"),
        tokenizer=tokenizer,
    )


def _called(named: object, config: Stated) -> str:
    """What people call a text encoder: its name, or the kind of an own config."""
    text_config = config["text"]["transformers"]
    if isinstance(named, str):
        return named
    return f"a {text_config['model_type']} of its own"


def _check(
    values: Stated, where: str, *, allow_download: bool, is_saved: bool = False
) -> tuple[Config, WeightsPlace]:
    """The architecture of a description, completed, and where its text encoder is.

    Args:
        values: the description.
        where: what it is called in messages.
        allow_download: fetch a config that is not on this machine.
        is_saved: whether a release of ours wrote it, perhaps with another release of transformers.

    Raises:
        ConfigError: a key is missing or unknown, or a value not usable.
    """
    # Keys first: a misspelt one is otherwise a default that nobody chose.
    _check_keys(values, DESCRIPTION_KEYS, where)
    check_numbers(values, where)
    image = _tower(values, "image", "timm", where)
    text = _tower(values, "text", "transformers", where)
    _check_keys(text, TEXT_KEYS, f"{where}: text")
    for name, tower in (("image", image), ("text", text)):
        # A text config of one's own has no weights unless some are named.
        if "weights" not in tower and not isinstance(tower.get("transformers"), Mapping):
            raise ConfigError(f"{where}: {name} does not say which weights it has; {WEIGHTS_HELP}")
    # As the original's dual encoders have it.
    embed_dim = values.get("embed_dim", 512)
    context_length = text.get("context_length")
    _check_count(embed_dim, f"{where}: embed_dim")
    if context_length is not None:
        _check_count(context_length, f"{where}: text: context_length")
    config, place = _text_config(text["transformers"], f"{where}: text", allow_download, is_saved)
    of_text = {"transformers": config, "weights": None, "context_length": context_length}
    # Without weights: a saved model has its own beside it, and must not ask for others again.
    return {"embed_dim": embed_dim, "image": {**image, "weights": None}, "text": of_text}, place


def _check_count(value: object, what: str) -> None:
    """Raise ConfigError unless a value is a whole number from 1."""
    # To Python `true` is a whole number too.
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"{what} is {value!r}; it must be a whole number from 1")


def _check_keys(values: Stated, allowed: tuple[str, ...], where: str) -> None:
    for key in values:
        if key not in allowed:
            raise ConfigError(
                f"{where} has the unknown key {key!r}{close_matches(str(key), allowed)}; "
                f"allowed are {', '.join(allowed)}"
            )


def _tower(values: Stated, name: str, library: str, where: str) -> Config:
    tower = values.get(name)
    if not isinstance(tower, Mapping) or library not in tower:
        raise ConfigError(
            f"{where}: {name} is {tower!r}; it must be a mapping with {library}: the model, and"
            " weights"
        )
    return dict(tower)


def _text_config(
    named: object, where: str, allow_download: bool, is_saved: bool
) -> tuple[Config, WeightsPlace]:
    """A text encoder's config, and the directory or repository it is from."""
    if isinstance(named, Mapping):
        return check_text_config(named, where, is_file=is_saved), None
    name = str(named)
    path = Path(name)
    if path.is_dir():
        return _config_in(path / "config.json"), path.resolve()
    if path.suffix == ".json":
        return _config_in(path), None
    # Theirs is the default config of transformers: nothing has to be fetched to know the sizes.
    if name in KNOWN_TEXTS:
        return check_text_config({"model_type": "bert"}, where), repo_of(KNOWN_TEXTS[name])
    if name.startswith(PATH_STARTS):
        raise MissingFileError(f"{where}: {name} is not there; give a directory with a config.json")
    # What is no path and not known is the name of a repository.
    repo = repo_of(name)
    remote = replace(repo, files=("config.json",))
    file = find_file(remote, f"the config of {name}", allow_download=allow_download)
    return _config_in(file), repo


def _config_in(file: Path) -> Config:
    return check_text_config(_json(file), str(file), is_file=True)


def _json(file: Path) -> Stated:
    if not file.is_file():
        raise MissingFileError(f"{file} is not there; it is the config of a transformers encoder")
    values = read_json(file)
    if not isinstance(values, Mapping):
        raise ConfigError(f"{file} holds {kind_of(values)}; a config of transformers is a mapping")
    return values


def _reference(values: Stated) -> Config:
    """A description that means the same in every working directory."""
    return {
        **_with_absolute_paths(values, ("weights",)),
        "image": _with_absolute_paths(values["image"], ("weights",)),
        "text": _with_absolute_paths(values["text"], ("weights", "transformers", "tokenizer")),
    }


def _with_absolute_paths(values: Stated, keys: Sequence[str]) -> Config:
    absolute = dict(values)
    for key in keys:
        named = values.get(key)
        # A folder that happens to be called "pretrained" is not meant.
        if not isinstance(named, str | Path) or named == PRETRAINED:
            continue
        if isinstance(named, Path) or Path(named).exists():
            absolute[key] = str(Path(named).resolve())
    return absolute
