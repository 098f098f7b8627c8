"""Weights of dual encoders: where a file, directory, repository or `pretrained` has them."""

from pathlib import Path

from harma.backbones.directories import Stated, find_weights
from harma.backbones.source_kinds import HUB_PREFIX
from harma.backbones.timm_tower import timm
from harma.backbones.weights.hub import Remote, hub_repo
from harma.errors import BackboneError, ConfigError, MissingFileError

WeightsPlace = Path | Remote | None
"""Where a file is: on this machine, or published; None: there is none."""

PRETRAINED = "pretrained"
# Encoders whose config is the default of their class: known without a file. Name → repository.
KNOWN_TEXTS = {"bert-base-uncased": "google-bert/bert-base-uncased"}
HUB_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
# What is so named is a path, even where nothing is there.
PATH_STARTS = ("/", "./", "../")
WEIGHTS_HELP = "state pretrained, a file, hf-hub:ORG/NAME, or null for untrained"


def repo_of(name: str) -> Remote:
    """The repository ORG/NAME or ORG/NAME@REVISION, with or without hf-hub: before it.

    Raises:
        BackboneError: it is no such name.
    """
    repo, _, revision = name.removeprefix(HUB_PREFIX).partition("@")
    if not repo or repo.count("/") > 1:
        raise BackboneError(
            f"{name!r} is not a name on the hub; it has the form ORG/NAME or ORG/NAME@REVISION"
        )
    return hub_repo(repo, HUB_WEIGHTS, revision or None)


def place_of(name: str) -> Path | Remote:
    """A local path, or a repository."""
    path = Path(name)
    if path.exists() or name.startswith(PATH_STARTS) or path.suffix == ".txt":
        return path.resolve()
    return repo_of(KNOWN_TEXTS.get(name, name))


def image_weights_of(image: Stated) -> WeightsPlace:
    """Where the weights of an image tower are, without its projection.

    Raises:
        BackboneError: timm publishes none under this name.
        ConfigError: they are stated in no form that is known.
        MissingFileError: they are not there.
    """
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
    return repo_of(stated.hf_hub_id)


def text_weights_of(text: Stated, place: WeightsPlace) -> WeightsPlace:
    """Where the weights of a text tower are, without its projection.

    Args:
        text: the tower as described.
        place: where its config is from.

    Raises:
        ConfigError: they are stated in no form that is known, or an own config is "pretrained".
        MissingFileError: they are not there.
    """
    weights = text.get("weights")
    if weights != PRETRAINED:
        return _weights(weights, "text")
    if place is None:
        raise ConfigError(
            "text: weights are pretrained, but an own config has none; give a file, a directory, or"
            " null"
        )
    return place if isinstance(place, Remote) else find_weights(place)


def _weights(weights: object, tower: str) -> WeightsPlace:
    if isinstance(weights, str) and weights.startswith(HUB_PREFIX):
        return repo_of(weights)
    if isinstance(weights, str | Path) and Path(weights).is_dir():
        return find_weights(Path(weights).resolve())
    # A known name beside a config of its own, as the original's YAML has it.
    is_known = isinstance(weights, str) and weights in KNOWN_TEXTS and not Path(weights).exists()
    if tower == "text" and is_known:
        return repo_of(KNOWN_TEXTS[str(weights)])
    return file_of(weights, f"{tower}: weights")


def file_of(weights: object, what: str) -> Path | None:
    """A weight file on this machine; None where none is stated.

    Args:
        weights: as stated.
        what: what they are for, in messages.

    Raises:
        ConfigError: it is no path.
        MissingFileError: it is not there.
    """
    if weights is None:
        return None
    if not isinstance(weights, str | Path):
        raise ConfigError(f"{what} is {weights!r}; {WEIGHTS_HELP}")
    if not Path(weights).is_file():
        raise MissingFileError(f"{what}: {weights} is not there; {WEIGHTS_HELP}")
    return Path(weights).resolve()
