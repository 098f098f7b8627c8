"""Kinds of backbone sources: a name, tag, repository, directory, config or weight file.

Each function finds out what one kind of name stands for; which kind a name is of is decided in
`harma.backbones.sources`.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from harma.backbones import transformers_models as layouts
from harma.backbones.architecture import check_config, find_architecture
from harma.backbones.directories import (
    CONFIG_FILE,
    TEXT_CONFIG_FILE,
    Config,
    Stated,
    find_weights,
    read_model_config,
    split_config,
)
from harma.backbones.presets import HUB_WEIGHTS, PRESETS
from harma.backbones.weights.hub import Remote, find_file, hub_repo
from harma.errors import BackboneError, ConfigError, MissingFileError
from harma.ground.files import recover_directory
from harma.ground.messages import kind_of
from harma.ground.reading import read_yaml

Reference = str | Config
"""What `load_backbone` takes to open a backbone again; fits into JSON and YAML."""

HUB_PREFIX = "hf-hub:"
LOCAL_DIR = "local-dir:"


@dataclass(frozen=True)
class BackboneSource:
    """What a name stands for.

    Attributes:
        name: what people call it.
        reference: what `load_backbone` takes to open it again; fits into JSON and YAML.
        config: open_clip config, checked, activation included.
        preprocess: what is stated about preprocessing.
        weights: a file, or where one is published; None where there are no weights.
        tokenizer: directory with tokenizer files, for models whose tokenizer is from Hugging Face.
        text_config: file with the config of a Hugging Face text tower, where a saved model has it.
        trunk_gelu: how a timm trunk approximates GELU, "tanh" or "none"; None: as timm has it.
    """

    name: str
    reference: Reference
    config: Config
    preprocess: Stated = field(default_factory=dict)
    weights: Path | Remote | None = None
    tokenizer: Path | None = None
    text_config: Path | None = None
    trunk_gelu: str | None = None

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


def from_architecture(name: str, quick_gelu: bool | None) -> BackboneSource:
    """An open_clip name without a tag: no weights."""
    config = _activated(find_architecture(name), quick_gelu, name)
    if quick_gelu is None:
        return BackboneSource(name, name, config)
    return BackboneSource(name, {"architecture": name, "quick_gelu": quick_gelu}, config)


def from_preset(name: str) -> BackboneSource:
    """A preset, PRESET or PRESET:FILE."""
    preset = PRESETS[name.partition(":")[0]]
    config = {**find_architecture(preset.architecture), "quick_gelu": preset.quick_gelu}
    text = dict(config["text_cfg"])
    if preset.gelu_tanh:
        text["act_kwargs"] = {"approximate": "tanh"}
    if preset.tokenizer is not None:
        text["hf_tokenizer_name"] = preset.tokenizer
        # It cleans texts itself.
        text.pop("tokenizer_kwargs", None)
    source = BackboneSource(
        name,
        name,
        {**config, "text_cfg": text},
        preset.preprocess.to_dict(),
        preset.remote,
        trunk_gelu="tanh" if preset.gelu_tanh else None,
    )
    if ":" not in name:
        return source
    preset_name, _, file = name.partition(":")
    path = _existing(Path(file))
    name = f"{preset_name}:{path}"
    return replace(source, name=name, reference=name, weights=path)


def from_tag(architecture: str, tag: str) -> BackboneSource:
    """An open_clip name and the tag of its weights."""
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
    return BackboneSource(name, name, check_config(config, name), preprocess, hub_repo(repo, files))


def from_hub(name: str, *, allow_download: bool) -> BackboneSource:
    """A repository of the Hugging Face hub in open_clip's layout."""
    repo, _, revision = name.removeprefix(HUB_PREFIX).partition("@")
    if repo.count("/") != 1 or not all(repo.split("/")):
        raise BackboneError(
            f"{name!r} is not a name on the hub; it has the form hf-hub:ORG/NAME or"
            " hf-hub:ORG/NAME@REVISION"
        )
    # The config is small and says what the weights are for: it is needed even for random weights.
    remote = hub_repo(repo, (CONFIG_FILE,), revision or None)
    try:
        path = find_file(remote, f"the config of {name}", allow_download=allow_download)
    except MissingFileError as error:
        source = _transformers_on_hub(name, remote, allow_download=allow_download)
        if source is None:
            raise error
        return source
    config, preprocess, trunk_gelu = read_model_config(path)
    weights = replace(remote, files=HUB_WEIGHTS)
    checked = check_config(config, name)
    return BackboneSource(name, name, checked, preprocess, weights, trunk_gelu=trunk_gelu)


def _transformers_on_hub(
    name: str, remote: Remote, *, allow_download: bool
) -> BackboneSource | None:
    """A repository in the layout of transformers; None where it is not known to be one."""
    files = {}
    for file in (layouts.CONFIG_FILE, layouts.PREPROCESS_FILE):
        wanted = replace(remote, files=(file,))
        with suppress(MissingFileError):
            files[file] = find_file(wanted, f"{file} of {name}", allow_download=allow_download)
    if layouts.CONFIG_FILE not in files:
        return None
    model = layouts.read_transformers_model(
        files[layouts.CONFIG_FILE], files.get(layouts.PREPROCESS_FILE), str(remote.repo)
    )
    weights = replace(remote, files=layouts.WEIGHTS_FILES)
    return BackboneSource(
        name,
        name,
        check_config(model.config, name),
        model.preprocess,
        weights,
        trunk_gelu=model.trunk_gelu,
    )


def from_transformers(directory: Path, weights: Path | None = None) -> BackboneSource:
    """A folder in the layout of transformers: config.json and weights of a CLIP or SigLIP.

    Args:
        directory: the folder.
        weights: the file in it that is meant; None: the one of the usual name.
    """
    directory = directory.resolve()
    model = layouts.read_transformers_model(
        directory / layouts.CONFIG_FILE, directory / layouts.PREPROCESS_FILE, str(directory)
    )
    name = f"{LOCAL_DIR}{directory}"
    if weights is not None:
        name = str(weights.resolve())
    has_tokenizer = any((directory / file).is_file() for file in layouts.TOKENIZER_FILES)
    return BackboneSource(
        name,
        name,
        check_config(model.config, name),
        model.preprocess,
        weights=weights or layouts.transformers_weights(directory),
        tokenizer=directory if has_tokenizer else None,
        trunk_gelu=model.trunk_gelu,
    )


def from_directory(directory: Path) -> BackboneSource:
    """A saved model, or any directory in the same layout."""
    # Saving may have been interrupted between two renames.
    recover_directory(directory)
    if not directory.is_dir():
        raise MissingFileError(
            f"{directory} is not a directory; local-dir: takes the directory of a saved model"
        )
    if (directory / "adapter_config.json").is_file():
        raise BackboneError(f"{directory} holds adapters, not a backbone; open it with harma.load")
    has_config = (directory / CONFIG_FILE).is_file()
    if not has_config and layouts.is_transformers_model(directory):
        return from_transformers(directory)
    config, preprocess, trunk_gelu = read_model_config(directory / CONFIG_FILE)
    name = f"{LOCAL_DIR}{directory.resolve()}"
    has_tokenizer = (directory / "tokenizer_config.json").is_file()
    text_config = directory / TEXT_CONFIG_FILE
    return BackboneSource(
        name,
        name,
        check_config(config, str(directory)),
        preprocess,
        weights=find_weights(directory),
        tokenizer=directory if has_tokenizer else None,
        text_config=text_config if text_config.is_file() else None,
        trunk_gelu=trunk_gelu,
    )


def from_config_file(path: Path, quick_gelu: bool | None) -> BackboneSource:
    """A config in YAML or JSON: no weights."""
    path = _existing(path)
    content = read_yaml(path, "the config")
    if not isinstance(content, dict):
        raise ConfigError(f"{path} holds {kind_of(content)}; an open_clip config is a mapping")
    return from_config(content, str(path), str(path), quick_gelu)


def from_config(
    content: Stated, name: str, reference: Reference, quick_gelu: bool | None
) -> BackboneSource:
    """A config: no weights."""
    config, preprocess, trunk_gelu = split_config(content)
    if quick_gelu is not None:
        reference = {"architecture": config, "quick_gelu": quick_gelu, "preprocess": preprocess}
    config = _activated(check_config(config, name), quick_gelu, name)
    return BackboneSource(name, reference, config, preprocess, trunk_gelu=trunk_gelu)


def from_file(
    path: Path, architecture: str | Stated | None, quick_gelu: bool | None
) -> BackboneSource:
    """A weight file of an architecture that is stated."""
    path = _existing(path)
    if architecture is None and layouts.is_transformers_model(path.parent):
        # Its config.json lies beside it, and says what it is, its activation included.
        return from_transformers(path.parent, path)
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
    # Never guessed (SPEC 4).
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
    return BackboneSource(str(path), reference, config, weights=path)


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
