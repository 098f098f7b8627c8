"""What the name of a backbone means: its architecture, its preprocessing, where its weights are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harma.backbones.architecture import (
    architecture_names,
    check_config,
    close_matches,
    find_architecture,
    open_clip,
)
from harma.backbones.directories import CONFIG_FILE, find_weights, read_model_config, split_config
from harma.backbones.presets import HUB_WEIGHTS, PRESETS
from harma.backbones.weights.hub import Remote, find_file, hub_repo
from harma.errors import BackboneError, ConfigError, MissingFileError
from harma.ground.files import recover_directory
from harma.ground.reading import read_yaml

Reference = str | dict[str, Any]

HUB = "hf-hub:"
LOCAL = "local-dir:"
CONFIG_SUFFIXES = (".json", ".yaml", ".yml")
WEIGHT_SUFFIXES = (".pt", ".pth", ".bin", ".safetensors", ".ckpt")
# A mapping with one of these describes where a model is; any other is a config.
PLACE_KEYS = ("preset", "architecture", "file")
DESCRIPTION_KEYS = (*PLACE_KEYS, "quick_gelu", "preprocess")
FORMS = (
    f"a preset ({', '.join(PRESETS)}), PRESET:FILE, an open_clip name (ViT-B-32), "
    "NAME/TAG (ViT-B-32/laion2b_s34b_b79k), hf-hub:ORG/NAME, local-dir:PATH, a config file, "
    "or a weight file with its architecture"
)


@dataclass(frozen=True)
class Source:
    """What a name stands for.

    Attributes:
        name: what people call it.
        reference: what `load_backbone` takes to open it again; fits into JSON and YAML.
        config: open_clip config, checked, activation included.
        preprocess: what is stated about preprocessing.
        weights: a file, or where one is published; None where there are no weights.
        tokenizer: directory with tokenizer files, for models whose tokenizer is from Hugging Face.
    """

    name: str
    reference: Reference
    config: dict[str, Any]
    preprocess: Mapping[str, Any] = field(default_factory=dict)
    weights: Path | Remote | None = None
    tokenizer: Path | None = None

    def find_weights(self, *, allow_download: bool) -> Path | None:
        """The file with the weights, None if there are none.

        Raises:
            MissingFileError: it is not on this machine and may not be downloaded.
        """
        if not isinstance(self.weights, Remote):
            return self.weights
        by_hand = ""
        if self.name in PRESETS:
            by_hand = f"name it: {self.name}:/path/to/{Path(self.weights.files[0]).name}"
        return find_file(
            self.weights,
            f"the weights of {self.name}",
            allow_download=allow_download,
            by_hand=by_hand,
        )


def resolve(
    what: str | Path | Mapping[str, Any],
    *,
    architecture: str | Mapping[str, Any] | None = None,
    quick_gelu: bool | None = None,
    allow_download: bool = False,
) -> Source:
    """Find out what a name, path or mapping stands for; see `load_backbone` for what is allowed.

    Raises:
        BackboneError: the name is unknown.
        ConfigError: options contradict each other, or a config is not usable.
        MissingFileError: a file is not there.
    """
    if quick_gelu is not None and not isinstance(quick_gelu, bool):
        raise ConfigError(f"quick_gelu is {quick_gelu!r}; it must be true or false")
    if isinstance(what, Mapping) and any(key in what for key in PLACE_KEYS):
        return _from_description(what, architecture, quick_gelu, allow_download=allow_download)
    if isinstance(what, Mapping):
        source = _from_config(what, "config", dict(what), quick_gelu)
    elif _is_weight_file(str(what)):
        return _from_file(Path(what), architecture, quick_gelu)
    else:
        source = _from_name(str(what), quick_gelu, allow_download=allow_download)
    if architecture is not None:
        raise ConfigError(
            f"architecture is for weight files without a preset; {source.name} brings its own"
        )
    return source


def _from_name(name: str, quick_gelu: bool | None, *, allow_download: bool) -> Source:
    architecture = _named_architecture(name)
    path = Path(name)
    if architecture == (name, ""):
        config = _activated(find_architecture(name), quick_gelu, name)
        return Source(
            name,
            name if quick_gelu is None else {"architecture": name, "quick_gelu": quick_gelu},
            config,
        )
    if path.suffix in CONFIG_SUFFIXES:
        return _from_config_file(path, quick_gelu)
    if name.startswith(HUB):
        source = _from_hub(name, allow_download=allow_download)
    elif name.startswith(LOCAL):
        source = _from_directory(Path(name.removeprefix(LOCAL)))
    elif name.partition(":")[0] in PRESETS:
        source = _from_preset(name)
    elif architecture:
        source = _from_tag(*architecture)
    elif path.is_dir():
        source = _from_directory(path)
    else:
        raise _unknown(name)
    stated = bool(source.config.get("quick_gelu"))
    if quick_gelu not in (None, stated):
        raise ConfigError(
            f"quick_gelu is {quick_gelu}, but {name} has quick_gelu {stated}: weights and"
            " activation belong together"
        )
    return source


def _unknown(name: str) -> BackboneError:
    architecture, _, tag = name.partition("/")
    if tag and architecture in architecture_names():
        tags = open_clip().list_pretrained_tags_by_model(architecture)
        return BackboneError(
            f"{architecture} has no weights {tag!r}; it has {', '.join(tags) or 'none'}"
        )
    names = [*PRESETS, *architecture_names()]
    return BackboneError(
        f"the backbone {name!r} is unknown{close_matches(name, names)}. Allowed are {FORMS}"
    )


def _named_architecture(name: str) -> tuple[str, str] | None:
    """Part NAME or NAME/TAG, if both are known."""
    architecture, _, tag = name.partition("/")
    if architecture not in architecture_names():
        return None
    return (
        (architecture, tag)
        if not tag or tag in open_clip().list_pretrained_tags_by_model(architecture)
        else None
    )


def _is_weight_file(name: str) -> bool:
    if (
        name.startswith((HUB, LOCAL))
        or name.partition(":")[0] in PRESETS
        or _named_architecture(name)
    ):
        return False
    path = Path(name)
    return path.suffix in WEIGHT_SUFFIXES or (path.is_file() and path.suffix not in CONFIG_SUFFIXES)


def _from_preset(name: str) -> Source:
    preset = PRESETS[name.partition(":")[0]]
    config = {**find_architecture(preset.architecture), "quick_gelu": preset.quick_gelu}
    source = Source(name, name, config, preset.preprocess.to_dict(), preset.remote)
    if ":" not in name:
        return source
    preset_name, _, file = name.partition(":")
    path = _existing(Path(file))
    return replace(
        source, name=f"{preset_name}:{path}", reference=f"{preset_name}:{path}", weights=path
    )


def _from_tag(architecture: str, tag: str) -> Source:
    from open_clip.pretrained import get_pretrained_cfg

    stated = get_pretrained_cfg(architecture, tag)
    # The activation belongs to the weights: open_clip itself only warns when the name says
    # otherwise.
    config = {
        **find_architecture(architecture),
        "quick_gelu": bool(stated.get("quick_gelu", False)),
    }
    # "shortest" is what open_clip fills in where nothing is known.
    preprocess = {key: stated[key] for key in ("mean", "std", "interpolation", "resize_mode")}
    if preprocess["resize_mode"] == "shortest":
        del preprocess["resize_mode"]
    repo, _, file = str(stated["hf_hub"]).rpartition("/")
    name = f"{architecture}/{tag}"
    return Source(
        name,
        name,
        check_config(config, name),
        preprocess,
        hub_repo(repo, (file,) if file else HUB_WEIGHTS),
    )


def _from_hub(name: str, *, allow_download: bool) -> Source:
    repo, _, revision = name.removeprefix(HUB).partition("@")
    if repo.count("/") != 1 or not all(repo.split("/")):
        raise BackboneError(
            f"{name!r} is not a name on the hub; it has the form hf-hub:ORG/NAME or"
            " hf-hub:ORG/NAME@REVISION"
        )
    remote = hub_repo(repo, (CONFIG_FILE,), revision or None)
    path = find_file(remote, f"the config of {name}", allow_download=allow_download)
    config, preprocess = read_model_config(path)
    return Source(
        name, name, check_config(config, name), preprocess, replace(remote, files=HUB_WEIGHTS)
    )


def _from_directory(directory: Path) -> Source:
    recover_directory(directory)
    if not directory.is_dir():
        raise MissingFileError(
            f"{directory} is not a directory; local-dir: takes the directory of a saved model"
        )
    if (directory / "adapter_config.json").is_file():
        raise BackboneError(f"{directory} holds adapters, not a backbone; open it with harma.load")
    config, preprocess = read_model_config(directory / CONFIG_FILE)
    name = f"{LOCAL}{directory.resolve()}"
    tokenizer = directory if (directory / "tokenizer_config.json").is_file() else None
    return Source(
        name,
        name,
        check_config(config, str(directory)),
        preprocess,
        find_weights(directory),
        tokenizer,
    )


def _from_config_file(path: Path, quick_gelu: bool | None) -> Source:
    path = _existing(path)
    content = read_yaml(path, "the config")
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path} holds a {type(content).__name__}; an open_clip config is a mapping"
        )
    return _from_config(content, str(path), str(path), quick_gelu)


def _from_config(
    content: Mapping[str, Any], name: str, reference: Reference, quick_gelu: bool | None
) -> Source:
    config, preprocess = split_config(content)
    if quick_gelu is not None:
        reference = {"architecture": config, "quick_gelu": quick_gelu, "preprocess": preprocess}
    return Source(
        name, reference, _activated(check_config(config, name), quick_gelu, name), preprocess
    )


def _from_file(
    path: Path, architecture: str | Mapping[str, Any] | None, quick_gelu: bool | None
) -> Source:
    path = _existing(path)
    if architecture is None:
        raise ConfigError(
            f"{path} is a weight file, which does not say its architecture: state it (architecture"
            " ViT-B-32 and quick_gelu true or false), or name a preset with it as PRESET:FILE;"
            f" presets are {', '.join(PRESETS)}"
        )
    if isinstance(architecture, str):
        config = find_architecture(architecture)
    else:
        config = check_config(architecture, "architecture")
    if quick_gelu is None and "quick_gelu" not in config:
        raise ConfigError(
            f"{path}: the activation cannot be seen from the weights, and the wrong one costs"
            " accuracy silently; state quick_gelu, true (models tuned from OpenAI's CLIP) or false"
            " (from LAION's)"
        )
    config = _activated(config, quick_gelu, str(path))
    reference = {
        "file": str(path),
        "architecture": architecture,
        "quick_gelu": config["quick_gelu"],
    }
    return Source(str(path), reference, config, weights=path)


def _from_description(
    what: Mapping[str, Any], architecture: Any, quick_gelu: bool | None, *, allow_download: bool
) -> Source:
    """Translate {preset, file} or {file, architecture, quick_gelu} or {architecture, quick_gelu}, with preprocess."""
    for key in what:
        if key not in DESCRIPTION_KEYS:
            raise ConfigError(
                f"backbone has the unknown key {key!r}; allowed are {', '.join(DESCRIPTION_KEYS)}"
            )
    given = {"architecture": architecture, "quick_gelu": quick_gelu}
    twice = [
        key
        for key, value in given.items()
        if value is not None and what.get(key) not in (None, value)
    ]
    if twice:
        raise ConfigError(
            f"{twice[0]} is given twice, as {given[twice[0]]!r} and as {what[twice[0]]!r}"
        )
    options = {key: value if value is not None else what.get(key) for key, value in given.items()}
    preset, file = what.get("preset"), what.get("file")
    if preset is not None and preset not in PRESETS:
        raise BackboneError(f"the preset {preset!r} is unknown; allowed are {', '.join(PRESETS)}")
    if preset is not None:
        name: Any = f"{preset}:{file}" if file else preset
    else:
        name = file if file is not None else options.pop("architecture")
    source = resolve(name, **options, allow_download=allow_download)
    return (
        _with_preprocess(source, what.get("preprocess"), preset, file)
        if what.get("preprocess")
        else source
    )


def _with_preprocess(source: Source, stated: Any, preset: Any, file: Any) -> Source:
    if not isinstance(stated, Mapping):
        raise ConfigError(
            f"preprocess is {stated!r}; it must be a mapping of mean, std, interpolation and"
            " resize_mode"
        )
    if preset is not None:
        reference: dict[str, Any] = {
            "preset": preset,
            **({"file": str(source.weights)} if file else {}),
        }
    elif isinstance(source.reference, dict) and any(key in source.reference for key in PLACE_KEYS):
        reference = source.reference
    else:
        reference = {"architecture": source.reference}
    preprocess = {**source.preprocess, **stated}
    return replace(
        source, reference={**reference, "preprocess": dict(stated)}, preprocess=preprocess
    )


def _activated(config: dict[str, Any], quick_gelu: bool | None, where: str) -> dict[str, Any]:
    """A config with its activation, where the config may leave it open."""
    stated = config.get("quick_gelu")
    if quick_gelu is None:
        return config
    if stated is not None and bool(stated) != quick_gelu:
        raise ConfigError(
            f"quick_gelu is {quick_gelu}, but the architecture of {where} has quick_gelu"
            f" {bool(stated)}"
        )
    return {**config, "quick_gelu": quick_gelu}


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise MissingFileError(f"{path} is not there; give the path of an existing file")
    return path.resolve()
