"""Sources of backbones: what a name, path or mapping stands for, and where its weights are.

A preset, an open_clip name with or without a tag, a repository of the hub, a directory, a weight
file, a config. Dual encoders have sources of their own (`harma.backbones.dual_sources`).
"""

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
from harma.backbones.directories import (
    CONFIG_FILE,
    Config,
    Stated,
    find_weights,
    read_model_config,
    split_config,
)
from harma.backbones.presets import HUB_WEIGHTS, PRESETS
from harma.backbones.weights.hub import Remote, find_file, hub_repo
from harma.errors import BackboneError, ConfigError, MissingFileError
from harma.ground.files import read_yaml, recover_directory

Reference = str | Config
"""What `load_backbone` takes to open a backbone again; fits into JSON and YAML."""

HUB_PREFIX = "hf-hub:"
LOCAL_DIR = "local-dir:"
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
    config: Config
    preprocess: Stated = field(default_factory=dict)
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
    what: str | Path | Stated,
    *,
    architecture: str | Stated | None = None,
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
    named = _named_architecture(name)
    if named == (name, ""):
        return _from_architecture(name, quick_gelu)
    path = Path(name)
    if path.suffix in CONFIG_SUFFIXES:
        return _from_config_file(path, quick_gelu)
    if name.startswith(HUB_PREFIX):
        source = _from_hub(name, allow_download=allow_download)
    elif name.startswith(LOCAL_DIR):
        source = _from_directory(Path(name.removeprefix(LOCAL_DIR)))
    elif name.partition(":")[0] in PRESETS:
        source = _from_preset(name)
    elif named:
        source = _from_tag(*named)
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


def _from_architecture(name: str, quick_gelu: bool | None) -> Source:
    config = _activated(find_architecture(name), quick_gelu, name)
    if quick_gelu is None:
        return Source(name, name, config)
    return Source(name, {"architecture": name, "quick_gelu": quick_gelu}, config)


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
    if tag and tag not in open_clip().list_pretrained_tags_by_model(architecture):
        return None
    return architecture, tag


def _is_weight_file(name: str) -> bool:
    if name.startswith((HUB_PREFIX, LOCAL_DIR)) or name.partition(":")[0] in PRESETS:
        return False
    if _named_architecture(name):
        return False
    path = Path(name)
    # A file of any other name is taken for weights too: publishers call them all sorts of things.
    return path.suffix in WEIGHT_SUFFIXES or (path.is_file() and path.suffix not in CONFIG_SUFFIXES)


def _from_preset(name: str) -> Source:
    preset = PRESETS[name.partition(":")[0]]
    config = {**find_architecture(preset.architecture), "quick_gelu": preset.quick_gelu}
    source = Source(name, name, config, preset.preprocess.to_dict(), preset.remote)
    if ":" not in name:
        return source
    preset_name, _, file = name.partition(":")
    path = _existing(Path(file))
    name = f"{preset_name}:{path}"
    return replace(source, name=name, reference=name, weights=path)


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
    files = (file,) if file else HUB_WEIGHTS
    name = f"{architecture}/{tag}"
    return Source(name, name, check_config(config, name), preprocess, hub_repo(repo, files))


def _from_hub(name: str, *, allow_download: bool) -> Source:
    repo, _, revision = name.removeprefix(HUB_PREFIX).partition("@")
    if repo.count("/") != 1 or not all(repo.split("/")):
        raise BackboneError(
            f"{name!r} is not a name on the hub; it has the form hf-hub:ORG/NAME or"
            " hf-hub:ORG/NAME@REVISION"
        )
    remote = hub_repo(repo, (CONFIG_FILE,), revision or None)
    path = find_file(remote, f"the config of {name}", allow_download=allow_download)
    config, preprocess = read_model_config(path)
    weights = replace(remote, files=HUB_WEIGHTS)
    return Source(name, name, check_config(config, name), preprocess, weights)


def _from_directory(directory: Path) -> Source:
    recover_directory(directory)
    if not directory.is_dir():
        raise MissingFileError(
            f"{directory} is not a directory; local-dir: takes the directory of a saved model"
        )
    if (directory / "adapter_config.json").is_file():
        raise BackboneError(f"{directory} holds adapters, not a backbone; open it with harma.load")
    config, preprocess = read_model_config(directory / CONFIG_FILE)
    name = f"{LOCAL_DIR}{directory.resolve()}"
    has_tokenizer = (directory / "tokenizer_config.json").is_file()
    return Source(
        name,
        name,
        check_config(config, str(directory)),
        preprocess,
        weights=find_weights(directory),
        tokenizer=directory if has_tokenizer else None,
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
    content: Stated, name: str, reference: Reference, quick_gelu: bool | None
) -> Source:
    config, preprocess = split_config(content)
    if quick_gelu is not None:
        reference = {"architecture": config, "quick_gelu": quick_gelu, "preprocess": preprocess}
    config = _activated(check_config(config, name), quick_gelu, name)
    return Source(name, reference, config, preprocess)


def _from_file(path: Path, architecture: str | Stated | None, quick_gelu: bool | None) -> Source:
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


# -- descriptions: mappings that say where a model is ----------------------------------------------


def _from_description(
    what: Stated,
    architecture: str | Stated | None,
    quick_gelu: bool | None,
    *,
    allow_download: bool,
) -> Source:
    """Translate {preset, file}, {file, architecture, quick_gelu} or {architecture, quick_gelu}.

    Each may have `preprocess` too.
    """
    for key in what:
        if key not in DESCRIPTION_KEYS:
            raise ConfigError(
                f"backbone has the unknown key {key!r}; allowed are {', '.join(DESCRIPTION_KEYS)}"
            )
    architecture = _stated_once("architecture", architecture, what)
    quick_gelu = _stated_once("quick_gelu", quick_gelu, what)
    name = _named_in(what)
    if name is None:
        # The architecture is then all that is said, so it is the name.
        name = architecture
        architecture = None
    source = resolve(
        name, architecture=architecture, quick_gelu=quick_gelu, allow_download=allow_download
    )
    if not what.get("preprocess"):
        return source
    return _with_preprocess(source, what)


def _stated_once(key: str, given: Any, what: Stated) -> Any:
    """A value that stands in a description or beside it.

    Raises:
        ConfigError: it stands in both, and differs.
    """
    if given is None:
        return what.get(key)
    if what.get(key) not in (None, given):
        raise ConfigError(f"{key} is given twice, as {given!r} and as {what[key]!r}")
    return given


def _named_in(what: Stated) -> Any:
    """What `resolve` takes for the preset and file of a description; None if it has neither."""
    preset = what.get("preset")
    file = what.get("file")
    if preset is None:
        return file
    if preset not in PRESETS:
        raise BackboneError(f"the preset {preset!r} is unknown; allowed are {', '.join(PRESETS)}")
    return f"{preset}:{file}" if file else preset


def _with_preprocess(source: Source, what: Stated) -> Source:
    stated = what["preprocess"]
    if not isinstance(stated, Mapping):
        raise ConfigError(
            f"preprocess is {stated!r}; it must be a mapping of mean, std, interpolation and"
            " resize_mode"
        )
    reference = {**_as_description(source, what), "preprocess": dict(stated)}
    return replace(source, reference=reference, preprocess={**source.preprocess, **stated})


def _as_description(source: Source, what: Stated) -> Config:
    """The reference of a source as a mapping, so that more can be said in it."""
    if what.get("preset") is not None:
        of_file = {"file": str(source.weights)} if what.get("file") else {}
        return {"preset": what["preset"], **of_file}
    reference = source.reference
    if isinstance(reference, dict) and any(key in reference for key in PLACE_KEYS):
        return reference
    return {"architecture": reference}


def _activated(config: Config, quick_gelu: bool | None, where: str) -> Config:
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
