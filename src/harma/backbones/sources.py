"""Sources of backbones: what a name, path or mapping stands for, and where its weights are.

Each kind of source has a function of its own in `harma.backbones.source_kinds`; dual encoders have
their own sources (`harma.backbones.dual_sources`).
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harma.backbones.architecture import (
    architecture_names,
    close_matches,
    is_architecture,
    weight_tags,
)
from harma.backbones.directories import Config, Stated
from harma.backbones.preprocess import with_bands
from harma.backbones.presets import PRESETS
from harma.backbones.source_kinds import (
    HUB_PREFIX,
    LOCAL_DIR,
    BackboneSource,
    from_architecture,
    from_config,
    from_config_file,
    from_directory,
    from_file,
    from_hub,
    from_preset,
    from_tag,
)
from harma.errors import BackboneError, ConfigError

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


def resolve(
    what: str | Path | Stated,
    *,
    architecture: str | Stated | None = None,
    quick_gelu: bool | None = None,
    allow_download: bool = False,
) -> BackboneSource:
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
        source = from_config(what, "config", dict(what), quick_gelu)
    elif _is_weight_file(str(what)):
        return from_file(Path(what), architecture, quick_gelu)
    else:
        source = _from_name(str(what), quick_gelu, allow_download=allow_download)
    if architecture is not None:
        raise ConfigError(
            f"architecture is for weight files without a preset; {source.name} brings its own"
        )
    return source


def _from_name(name: str, quick_gelu: bool | None, *, allow_download: bool) -> BackboneSource:
    # Names of open_clip come first: a folder that happens to have one is not meant.
    named = _named_architecture(name)
    if named == (name, ""):
        return from_architecture(name, quick_gelu)
    path = Path(name)
    if path.suffix in CONFIG_SUFFIXES:
        return from_config_file(path, quick_gelu)
    if name.startswith(HUB_PREFIX):
        source = from_hub(name, allow_download=allow_download)
    elif name.startswith(LOCAL_DIR):
        source = from_directory(Path(name.removeprefix(LOCAL_DIR)))
    elif name.partition(":")[0] in PRESETS:
        source = from_preset(name)
    elif named:
        source = from_tag(*named)
    elif path.is_dir():
        source = from_directory(path)
    else:
        raise _unknown(name)
    # What brings weights brings their activation; the caller may repeat it, not change it.
    stated = bool(source.config.get("quick_gelu"))
    if quick_gelu not in (None, stated):
        raise ConfigError(
            f"quick_gelu is {quick_gelu}, but {name} has quick_gelu {stated}: weights and"
            " activation belong together"
        )
    return source


def _unknown(name: str) -> BackboneError:
    architecture, _, tag = name.partition("/")
    if tag and is_architecture(architecture):
        tags = weight_tags(architecture)
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
    if not is_architecture(architecture):
        return None
    if tag and tag not in weight_tags(architecture):
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


# -- descriptions: mappings that say where a model is ----------------------------------------------


def _from_description(
    what: Stated,
    architecture: str | Stated | None,
    quick_gelu: bool | None,
    *,
    allow_download: bool,
) -> BackboneSource:
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


def _with_preprocess(source: BackboneSource, what: Stated) -> BackboneSource:
    stated = what["preprocess"]
    if not isinstance(stated, Mapping):
        raise ConfigError(
            f"preprocess is {stated!r}; it must be a mapping of mean, std, interpolation,"
            " resize_mode and bands"
        )
    reference = {**_as_description(source, what), "preprocess": dict(stated)}
    return replace(source, reference=reference, preprocess=with_bands(source.preprocess, stated))


def _as_description(source: BackboneSource, what: Stated) -> Config:
    """The reference of a source as a mapping, so that more can be said in it."""
    if what.get("preset") is not None:
        of_file = {"file": str(source.weights)} if what.get("file") else {}
        return {"preset": what["preset"], **of_file}
    reference = source.reference
    if isinstance(reference, dict) and any(key in reference for key in PLACE_KEYS):
        return reference
    return {"architecture": reference}
