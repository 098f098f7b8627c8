"""What a dual encoder is made from: names, descriptions and directories, and where their weights are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harma.backbones.architecture import close_matches
from harma.backbones.directories import (
    CONFIG_FILE,
    DUAL_CONFIG_FILE,
    DUAL_WEIGHTS_FILE,
    TOKENIZER,
    find_weights,
    read_dual_config,
    read_json,
)
from harma.backbones.dual_presets import DUAL_ENCODERS
from harma.backbones.sources import CONFIG_SUFFIXES, HUB, LOCAL, PLACE_KEYS, Reference
from harma.backbones.timm_tower import timm
from harma.backbones.transformers_config import check_text_config
from harma.backbones.weights.hub import Remote, find_file, hub_repo
from harma.errors import BackboneError, ConfigError, MissingFileError
from harma.ground.files import read_yaml, recover_directory

KEYS = ("image", "text", "embed_dim", "preprocess", "weights")
TEXT_KEYS = ("transformers", "weights", "tokenizer", "context_length")
PRETRAINED = "pretrained"
# Encoders whose config is the default of their class: known without a file. Name → repository.
KNOWN_TEXTS = {"bert-base-uncased": "google-bert/bert-base-uncased"}
HUB_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
WEIGHTS_HELP = "state pretrained, a file, hf-hub:ORG/NAME, or null for untrained"


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
    config: dict[str, Any]
    preprocess: Mapping[str, Any] = field(default_factory=dict)
    image_weights: Path | Remote | None = None
    text_weights: Path | Remote | None = None
    weights: Path | None = None
    tokenizer: Path | Remote | None = None


def find_dual(what: str | Path | Mapping[str, Any], *, allow_download: bool) -> DualSource | None:
    """The dual encoder that a name, directory, file or mapping describes; None if it is something else.

    Raises:
        ConfigError: it describes one that is not usable.
        BackboneError: a model's name is unknown, or it is no encoder.
        MissingFileError: a file is not there.
    """
    if isinstance(what, Mapping):
        return _from_description(what, None, allow_download) if _describes(what) else None
    name = str(what)
    if name in DUAL_ENCODERS:
        return _from_description(DUAL_ENCODERS[name].description, name, allow_download)
    path = Path(name.removeprefix(LOCAL))
    if name.startswith(HUB):
        return None
    if path.suffix in CONFIG_SUFFIXES and path.is_file():
        values = read_json(path) if path.suffix == ".json" else read_yaml(path, "the config")
        return _from_description(values, str(path), allow_download) if _describes(values) else None
    recover_directory(path)
    return _from_directory(path.resolve()) if (path / DUAL_CONFIG_FILE).is_file() else None


def _describes(values: Any) -> bool:
    keys = values.keys() if isinstance(values, Mapping) else ()
    return ("image" in keys or "text" in keys) and not any(key in keys for key in PLACE_KEYS)


def _from_directory(directory: Path) -> DualSource:
    if (directory / CONFIG_FILE).is_file():
        raise ConfigError(
            f"{directory} holds both {CONFIG_FILE} and {DUAL_CONFIG_FILE}; leave the one it"
            " belongs to"
        )
    config, preprocess = read_dual_config(directory / DUAL_CONFIG_FILE)
    weights = directory / DUAL_WEIGHTS_FILE
    if not weights.is_file():
        raise MissingFileError(
            f"{directory} holds no {DUAL_WEIGHTS_FILE}; copy or save the model again"
        )
    name = f"{LOCAL}{directory}"
    checked, _ = _check(
        config, str(directory / DUAL_CONFIG_FILE), allow_download=False, is_saved=True
    )
    return DualSource(
        name, name, checked, preprocess, weights=weights, tokenizer=directory / TOKENIZER
    )


def _from_description(
    values: Mapping[str, Any], name: str | None, allow_download: bool
) -> DualSource:
    """Translate {image, text, embed_dim, preprocess, weights}; without a name it is called by its towers."""
    where = name or "a dual encoder"
    config, text_place = _check(values, where, allow_download=allow_download)
    image, text, preprocess = values["image"], values["text"], values.get("preprocess") or {}
    if not isinstance(preprocess, Mapping):
        raise ConfigError(
            f"{where}: preprocess is {preprocess!r}; it must be a mapping of mean, std and"
            " interpolation"
        )
    text_name = (
        text["transformers"]
        if isinstance(text["transformers"], str)
        else config["text"]["transformers"]
    )
    called = text_name if isinstance(text_name, str) else f"a {text_name['model_type']} of its own"
    return DualSource(
        name=name or f"{image['timm']} + {called}",
        reference=name if name in DUAL_ENCODERS else _reference(values),
        config=config,
        preprocess=preprocess,
        image_weights=_image_weights(image),
        text_weights=_text_weights(text, text_place),
        weights=_file(values.get("weights"), "weights"),
        tokenizer=text_place if text.get("tokenizer") is None else _place(str(text["tokenizer"])),
    )


def _check(
    values: Mapping[str, Any], where: str, *, allow_download: bool, is_saved: bool = False
) -> tuple[dict[str, Any], Path | Remote | None]:
    """The architecture of a description, completed, and where its text encoder is.

    Args:
        values: the description.
        where: what it is called in messages.
        allow_download: fetch a config that is not on this machine.
        is_saved: whether a release of ours wrote it, perhaps with another release of transformers.

    Raises:
        ConfigError: a key is missing or unknown, or a value not usable.
    """
    _check_keys(values, KEYS, where)
    image, text = (
        _part(values, "image", "timm", where),
        _part(values, "text", "transformers", where),
    )
    _check_keys(text, TEXT_KEYS, f"{where}: text")
    for name, part in (("image", image), ("text", text)):
        if "weights" not in part and not isinstance(part.get("transformers"), Mapping):
            raise ConfigError(f"{where}: {name} does not say which weights it has; {WEIGHTS_HELP}")
    embed_dim, context_length = values.get("embed_dim", 512), text.get("context_length")
    for key, number in (("embed_dim", embed_dim), ("text: context_length", context_length)):
        if number is not None and (
            not isinstance(number, int) or isinstance(number, bool) or number < 1
        ):
            raise ConfigError(f"{where}: {key} is {number!r}; it must be a whole number from 1")
    config, place = _text_config(text["transformers"], f"{where}: text", allow_download, is_saved)
    of_text = {"transformers": config, "weights": None, "context_length": context_length}
    return {"embed_dim": embed_dim, "image": {**image, "weights": None}, "text": of_text}, place


def _check_keys(values: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    for key in values:
        if key not in allowed:
            raise ConfigError(
                f"{where} has the unknown key {key!r}{close_matches(str(key), allowed)}; "
                f"allowed are {', '.join(allowed)}"
            )


def _part(values: Mapping[str, Any], name: str, library: str, where: str) -> dict[str, Any]:
    part = values.get(name)
    if not isinstance(part, Mapping) or library not in part:
        raise ConfigError(
            f"{where}: {name} is {part!r}; it must be a mapping with {library}: the model, and"
            " weights"
        )
    return dict(part)


def _text_config(
    named: Any, where: str, allow_download: bool, is_saved: bool
) -> tuple[dict[str, Any], Path | Remote | None]:
    """A text encoder's config, and the directory or repository it is from."""
    if isinstance(named, Mapping):
        return check_text_config(named, where, is_file=is_saved), None
    name = str(named)
    path = Path(name)
    if path.is_dir() or path.suffix == ".json":
        file = path / "config.json" if path.is_dir() else path
        return check_text_config(_json(file), str(file), is_file=True), (
            path.resolve() if path.is_dir() else None
        )
    if name in KNOWN_TEXTS:
        return check_text_config({"model_type": "bert"}, where), _repo(KNOWN_TEXTS[name])
    if name.startswith(("/", "./", "../")):
        raise MissingFileError(f"{where}: {name} is not there; give a directory with a config.json")
    repo = _repo(name)
    remote = Remote(repo.page, ("config.json",), repo.licence, repo.repo, repo.revision)
    file = find_file(remote, f"the config of {name}", allow_download=allow_download)
    return check_text_config(_json(file), str(file), is_file=True), repo


def _json(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        raise MissingFileError(f"{file} is not there; it is the config of a transformers encoder")
    values = read_json(file)
    if not isinstance(values, Mapping):
        raise ConfigError(
            f"{file} holds {type(values).__name__}; a config of transformers is a mapping"
        )
    return values


def _repo(name: str) -> Remote:
    repo, _, revision = name.removeprefix(HUB).partition("@")
    if not repo or repo.count("/") > 1:
        raise BackboneError(
            f"{name!r} is not a name on the hub; it has the form ORG/NAME or ORG/NAME@REVISION"
        )
    return hub_repo(repo, HUB_WEIGHTS, revision or None)


def _place(name: str) -> Path | Remote:
    """A local path, or a repository."""
    path = Path(name)
    if path.exists() or name.startswith(("/", "./", "../")) or path.suffix == ".txt":
        return path.resolve()
    return _repo(KNOWN_TEXTS.get(name, name))


def _image_weights(image: Mapping[str, Any]) -> Path | Remote | None:
    weights = image["weights"]
    if weights != PRETRAINED:
        return _weights(weights, "image")
    name = str(image["timm"])
    try:
        stated = timm().get_pretrained_cfg(name) if timm().is_model(name) else None
    except RuntimeError as error:
        tags = timm().list_pretrained(f"{name.partition('.')[0]}.*")
        raise BackboneError(f"timm has no weights {name!r}; it has {', '.join(tags)}") from error
    if stated is None or not stated.hf_hub_id:
        raise BackboneError(
            f"timm names no published weights for {image['timm']!r}; give a file, or null for"
            " untrained"
        )
    return _repo(stated.hf_hub_id)


def _text_weights(text: Mapping[str, Any], place: Path | Remote | None) -> Path | Remote | None:
    weights = text.get("weights")
    if weights != PRETRAINED:
        return _weights(weights, "text")
    if place is None:
        raise ConfigError(
            "text: weights are pretrained, but an own config has none; give a file, a directory, or"
            " null"
        )
    return place if isinstance(place, Remote) else find_weights(place)


def _weights(weights: Any, tower: str) -> Path | Remote | None:
    if isinstance(weights, str) and weights.startswith(HUB):
        return _repo(weights)
    if isinstance(weights, str | Path) and Path(weights).is_dir():
        return find_weights(Path(weights).resolve())
    if tower == "text" and weights in KNOWN_TEXTS and not Path(weights).exists():
        return _repo(
            KNOWN_TEXTS[weights]
        )  # beside a config of its own, as the original's YAML has it
    return _file(weights, f"{tower}: weights")


def _file(weights: Any, what: str) -> Path | None:
    if weights is None:
        return None
    if not isinstance(weights, str | Path):
        raise ConfigError(f"{what} is {weights!r}; {WEIGHTS_HELP}")
    if not Path(weights).is_file():
        raise MissingFileError(f"{what}: {weights} is not there; {WEIGHTS_HELP}")
    return Path(weights).resolve()


def _reference(values: Mapping[str, Any]) -> dict[str, Any]:
    """A description that means the same in every working directory."""
    absolute = {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in values.items()
    }
    for holder, key in (
        (absolute, "weights"),
        (absolute["image"], "weights"),
        (absolute["text"], "weights"),
        (absolute["text"], "transformers"),
        (absolute["text"], "tokenizer"),
    ):
        named = holder.get(key)
        if isinstance(named, Path) or (
            isinstance(named, str) and named != PRETRAINED and Path(named).exists()
        ):
            holder[key] = str(Path(named).resolve())
    return absolute
