"""Saved models: save, load and describe adapter, model and run directories (DESIGN, On disk)."""

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from harma.backbones import Backbone, load_backbone
from harma.backbones.config_bounds import counted_beside
from harma.backbones.directories import is_model_directory
from harma.backbones.source_kinds import LOCAL_DIR, Reference
from harma.backbones.weights.state import hash_weights
from harma.errors import ConfigError, MissingFileError, WeightsError
from harma.ground.files import recover_directory, write_json, write_text
from harma.ground.messages import about_file, kind_of, plain_reason
from harma.ground.reading import read_yaml
from harma.ground.storage.addresses import in_bucket
from harma.ground.version import __version__
from harma.methods.harma.config import AdapterConfig
from harma.methods.table import (
    METHODS,
    Method,
    MethodConfig,
    make_config,
    method_of,
    method_with,
)
from harma.model.adapter_directory import (
    CARD_FILE,
    Facts,
    SavedAdapter,
    is_adapter_directory,
    read_about,
    read_adapter,
    write_adapter,
)
from harma.model.caption_file import CAPTIONS_FILE, num_captions, write_captions
from harma.model.caption_memory import CaptionMemory, captions_to_save
from harma.model.card import model_card
from harma.model.exported.facts import export_to_show, is_export
from harma.model.fetched import brought_here, fetched_model
from harma.model.fingerprint import model_id
from harma.model.model import HarMA
from harma.model.saved_facts import check_facts
from harma.original.names import read_released, split_released

BackboneSpec = str | Path | Mapping[str, Any]
ABOUT_MODEL = "harma.json"
# Beside adapters, where they were trained on weights that nothing else keeps.
BACKBONE_DIRECTORY = "backbone"


# -- opening ---------------------------------------------------------------------------------------


def load(
    what: str | Path,
    *,
    backbone: BackboneSpec | None = None,
    adapter: Any | None = None,
    method: Method | None = None,
) -> HarMA:
    """Open anything that embeds, ready to use.

    Args:
        what: a run, adapter or model directory, also in a bucket (s3://…), a preset, an open_clip
            name, or anything else `load_backbone` takes.
        backbone: where the backbone of an adapter is now, if not where its directory says.
        adapter: the adapter class, where the directory names one of your own. Code is never taken
            from a saved model.
        method: the method, where the directory names one of your own (see `harma.methods.table`).

    Returns:
        The model in evaluation mode, on the CPU.

    Raises:
        MissingFileError: nothing is there, or the backbone cannot be found; the message states its
            name and hash.
        WeightsError: the backbone has other weights than the adapters were trained on.
    """
    with about_file(what):
        model = _loaded(brought_here(what), backbone, adapter, method)
    model.loaded_from = str(what)
    return model


def _loaded(
    what: str | Path,
    backbone: BackboneSpec | None,
    adapter: Any | None,
    method: Method | None,
) -> HarMA:
    if isinstance(backbone, str | Path) and in_bucket(backbone):
        backbone = f"{LOCAL_DIR}{fetched_model(backbone)}"
    if not Path(what).is_dir():
        return _bare(load_backbone(what))
    directory = saved_directory(Path(what))
    if is_adapter_directory(directory):
        return _open_adapter(directory, backbone, adapter, method).eval()
    if backbone is not None or adapter is not None or method is not None:
        raise ConfigError(
            f"{directory} is a whole model; backbone=, adapter= and method= belong to adapter"
            " directories"
        )
    model = _bare(load_backbone(f"{LOCAL_DIR}{directory}"))
    model.trained_reading = _facts_of_model(directory / ABOUT_MODEL).get("reading")
    model.find_captions(directory / CAPTIONS_FILE)
    return model


def _bare(backbone: Backbone) -> HarMA:
    """A model without adapters, at the temperature that the backbone was trained to."""
    return HarMA(backbone, temperature=_own_temperature(backbone)).eval()


def saved_directory(path: Path) -> Path:
    """The adapter or model directory that a path means: itself, or the best model of a run.

    Raises:
        MissingFileError: there is neither.
    """
    for candidate in (path / "best", path):
        # A process may have been killed between the two renames that replace a directory.
        recover_directory(candidate)
        if is_adapter_directory(candidate) or is_model_directory(candidate):
            return candidate
    hint = "it is no run, adapter or model"
    if is_export(path):
        hint = (
            "it is an exported model, which embed, classify, index, search and serve take; name the"
            " model that was exported"
        )
    if (path / "recipe.yaml").is_file():
        hint = "the run has no best model yet"
    raise MissingFileError(f"nothing to load in {path}: {hint}")


def _open_adapter(
    directory: Path,
    backbone: BackboneSpec | None,
    adapter: Any | None,
    given: Method | None = None,
) -> HarMA:
    config, state, about = _read(directory, given)
    if isinstance(config, AdapterConfig) and config.adapter != "harma" and adapter is None:
        raise ConfigError(
            f"{directory} was trained with an adapter class of its own, {config.adapter}; "
            "pass the class: harma.load(..., adapter=TheClass). Code is not taken from saved models"
        )
    whole = _matching_backbone(directory, about["backbone"], backbone)
    # Options can ask for more than the weights beside them are.
    bound = counted_beside(state, f"{directory}: the adapter", "its weights")
    with bound:
        model = HarMA(whole, config, adapter_class=adapter)
    model.load_adapter_state(state)
    model.trained_reading = about.get("reading")
    model.find_captions(directory / CAPTIONS_FILE)
    return model


def _read(
    directory: Path, given: Method | None = None
) -> tuple[MethodConfig, dict[str, torch.Tensor], Facts]:
    """An adapter directory, its options checked."""
    method, options, state, about = read_adapter(directory)
    known = _method(directory, method, given)
    try:
        config: MethodConfig = make_config(known, options)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{directory / 'adapter_config.json'}: the options are not known"
            f" ({plain_reason(error, 'one is of another kind than the method takes')})"
        ) from error
    return config, state, about


def _method(directory: Path, saved: str, given: Method | None) -> str | Method:
    """The method of an adapter directory: a built-in by name, one of the caller's as it is given.

    Raises:
        ConfigError: it is no built-in, and none was given.
    """
    if saved in METHODS:
        return saved
    if given is None:
        raise ConfigError(
            f"{directory}: method is {saved!r}; allowed are {', '.join(METHODS)}. A method of your"
            " own is passed: harma.load(..., method=the_method). Code is not taken from saved"
            " models"
        )
    return given


def _matching_backbone(
    directory: Path, saved: Mapping[str, Any], given: BackboneSpec | None
) -> Backbone:
    """The backbone an adapter was trained on, its weights checked."""
    spec = given if given is not None else _resolved(directory, saved["name"])
    try:
        backbone = load_backbone(spec)
    except MissingFileError as error:
        raise MissingFileError(
            f"the adapter in {directory} was trained on {saved['name']} with weights"
            f" {saved['weights_hash']}, which cannot be found ({error}); say where it is with"
            " backbone= (--backbone)"
        ) from error
    # Other weights would load all the same, and embed nonsense without any sign of it.
    weights_hash = backbone.weights_hash()
    if weights_hash != saved["weights_hash"]:
        raise WeightsError(
            f"the adapter in {directory} was trained on {saved['name']} with weights"
            f" {saved['weights_hash']}; {spec} has {weights_hash}. Give the backbone it was trained"
            " on"
        )
    return backbone


def _resolved(directory: Path, name: Reference) -> Reference:
    """A `local-dir:` name as seen from the adapter's directory."""
    if (
        isinstance(name, str)
        and name.startswith(LOCAL_DIR)
        and (directory / name.removeprefix(LOCAL_DIR)).is_dir()
    ):
        return f"{LOCAL_DIR}{(directory / name.removeprefix(LOCAL_DIR)).resolve()}"
    return name


def warm_start(model: HarMA, start: str | Path) -> None:
    """Load the adapters of a run, an adapter directory or a released checkpoint into a model.

    Raises:
        WeightsError: they do not fit the model, or were trained on another backbone.
        ConfigError: the model has no adapters, or those of another method or with other options.
    """
    if model.adapters is None:
        raise ConfigError(
            "a warm start loads adapters; with method full, name the model directory as the"
            " backbone"
        )
    path, method = Path(start), method_of(model.adapters)
    if path.is_file():
        if method != "harma":
            raise ConfigError(
                f"{path} is a file; a warm start of method {method} takes a run or adapter"
                " directory"
            )
        of_backbone, state, temperature = split_released(read_released(path)[0])
        _check_start(path, hash_weights(of_backbone), model)
        model.load_adapter_state({**state, "temperature": temperature})
        return
    directory = saved_directory(path)
    saved = read_adapter(directory).method
    if saved != method:
        raise ConfigError(
            f"{directory} was trained with method {saved}; start with the same, not {method}"
        )
    config, state, about = _read(directory, method_with(model.adapters))
    _check_start(directory, about["backbone"]["weights_hash"], model)
    # Other options give the same weights another meaning; where gates start, and whether they
    # train, has none once they are loaded.
    was, now = asdict(config), asdict(model.adapters)
    differing = [
        key for key in was if key not in ("gate_init", "train_gates") and was[key] != now[key]
    ]
    other = [f"{key} {was[key]} (here {now[key]})" for key in differing]
    if other:
        raise ConfigError(
            f"the adapters in {directory} have {', '.join(other)}; start with the same options"
        )
    model.load_adapter_state(state)


def _check_start(start: Path, weights: str, model: HarMA) -> None:
    """Raise WeightsError if a warm start's backbone is not this one."""
    with model.without_adapters():
        weights_here = model.backbone.weights_hash()
    if weights != weights_here:
        raise WeightsError(
            f"{start} was trained on a backbone with weights {weights}; this backbone has"
            f" {weights_here}"
        )


# -- writing ---------------------------------------------------------------------------------------


def save(model: HarMA, directory: str | Path, *, about: Mapping[str, Any] | None = None) -> None:
    """Keep a model so that `load` opens it again.

    Adapters become an adapter directory, which names the backbone that they belong to; where its
    weights were drawn at random, and nothing could open them again, it is kept in `backbone/`
    inside. A model without adapters is kept whole.

    Args:
        model: trained or bare.
        directory: where; a saved model of the same form in its place is replaced.
        about: further facts for the config and the card: data, metrics.

    Raises:
        ConfigError: the directory holds something else.
        StorageError: the disk does not take it.
    """
    directory = Path(directory)
    if model.adapters is None:
        save_model(model, directory, about=about)
        return
    # Saved in its own place: what is replaced there is the backbone too.
    if model.backbone.is_random or _lies_in(directory, model.backbone.reference):
        save_with_backbone(model, directory, about=about)
        return
    save_adapter(model, directory, about=about)


def _lies_in(directory: Path, name: Reference) -> bool:
    """Whether a `local-dir:` name is that of the backbone inside an adapter directory."""
    if not isinstance(name, str) or not name.startswith(LOCAL_DIR):
        return False
    inside = (directory / BACKBONE_DIRECTORY).resolve()
    return Path(name.removeprefix(LOCAL_DIR)).resolve() == inside


def save_with_backbone(
    model: HarMA, directory: str | Path, *, about: Mapping[str, Any] | None = None
) -> None:
    """Write an adapter directory that holds the backbone too, in `backbone/`.

    Raises:
        ConfigError: the model has no adapters, or the directory holds something else.
    """
    directory = Path(directory)
    # Adapters first: writing them replaces the directory as a whole.
    save_adapter(model, directory, backbone=f"{LOCAL_DIR}{BACKBONE_DIRECTORY}", about=about)
    with model.without_adapters():
        model.backbone.save(directory / BACKBONE_DIRECTORY)


def about_model(model: HarMA, *, backbone: Reference | None = None) -> Facts:
    """What every saved model says of itself: backbone, preprocessing, parameters."""
    name = model.backbone.reference if backbone is None else backbone
    # Some methods train weights of the backbone itself, and are saved beside it.
    with model.without_adapters():
        weights_hash = model.backbone.weights_hash()
    facts: Facts = {
        "harma_version": __version__,
        "backbone": {
            "name": name,
            "weights_hash": weights_hash,
            "architecture": model.backbone.config,
        },
        "preprocess": model.preprocess.to_dict(),
        "parameters": {
            "trained": model.num_parameters(trained=True),
            "total": model.num_parameters(),
        },
    }
    if model.trained_reading is not None:
        facts["reading"] = dict(model.trained_reading)
    return facts


def save_adapter(
    model: HarMA,
    directory: str | Path,
    *,
    backbone: Reference | None = None,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write an adapter directory.

    Args:
        model: has adapters.
        directory: where; an adapter in its place is replaced.
        backbone: name to find the backbone by, if not its own; a relative `local-dir:` is seen from
            `directory`.
        about: further facts for the config and the card: data, metrics, recipe.

    Raises:
        ConfigError: the model has no adapters, or the directory holds something else.
    """
    if model.adapters is None:
        raise ConfigError("this model has no adapters; save the whole model with save_model")
    facts = {**about_model(model, backbone=backbone), **(about or {})}
    method = method_of(model.adapters)
    adapter = SavedAdapter(method, asdict(model.adapters), model.adapter_state(), facts)
    captions = captions_to_save(model)
    card = model_card({"method": method, **facts, **_kept(captions)})
    write_adapter(Path(directory), adapter, card, captions)


def save_model(
    model: HarMA, directory: str | Path, *, about: Mapping[str, Any] | None = None
) -> None:
    """Write a whole model as a `local-dir:` directory, with what HarMA knows of it beside.

    The trained temperature becomes the model's own `logit_scale`.

    Raises:
        ConfigError: the model has adapters, which this form cannot hold.
    """
    if model.adapters is not None:
        raise ConfigError("a whole model has no place for adapters; save them with save_adapter")
    directory = Path(directory)
    # Read before anything is written: they may lie in this very directory.
    captions = captions_to_save(model)
    _set_own_temperature(model)
    model.backbone.save(directory)
    facts = {**about_model(model), **(about or {})}
    write_json(directory / ABOUT_MODEL, facts)
    write_text(directory / CARD_FILE, model_card({**facts, **_kept(captions)}))
    if captions is not None:
        # The temperature is a part of the fingerprint, though not of the embeddings.
        now = replace(captions, model_id=model_id(model))
        write_captions(directory / CAPTIONS_FILE, now)


def _set_own_temperature(model: HarMA) -> None:
    """Put the trained temperature into a whole model's own `logit_scale`."""
    # Opened and saved again a model stays as it is, to the last bit: so does its fingerprint.
    own = torch.tensor(_own_temperature(model.backbone), dtype=model.temperature.dtype)
    temperature = float(model.temperature.detach())
    if temperature == float(own):
        return
    with torch.no_grad():
        for name, parameter in model.backbone.named_parameters():
            if name.endswith("logit_scale"):
                parameter.fill_(math.log(1 / temperature))


def _kept(captions: CaptionMemory | None) -> Facts:
    """What the card says of captions."""
    return {"kept_captions": 0 if captions is None else len(captions)}


def _own_temperature(backbone: Backbone) -> float:
    # CLIP keeps the logarithm of the inverse, in some models with a dimension.
    for name, parameter in backbone.named_parameters():
        if name.endswith("logit_scale"):
            return math.exp(-float(parameter.detach().flatten()[0]))
    return 0.07


def describe(path: str | Path) -> Facts:
    """What a saved adapter, model or run is: its facts, its kind and its size on disk in bytes.

    Raises:
        MissingFileError: nothing is saved there.
    """
    with about_file(path):
        return _described(Path(brought_here(path)))


def _described(place: Path) -> Facts:
    if is_export(place):
        return export_to_show(place)
    directory = saved_directory(place)
    size = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
    if is_adapter_directory(directory):
        kind = "adapter"
        facts = read_about(directory)
    else:
        kind = "model"
        facts = _facts_of_model(directory / ABOUT_MODEL)
    kept = num_captions(directory / CAPTIONS_FILE)
    if kept:
        facts["kept_captions"] = kept
    return {"kind": kind, "directory": str(directory), "bytes": size, **facts}


def saved_facts(path: str | Path) -> Facts:
    """What a saved adapter, model or run says of itself; nothing of models of other programs.

    Raises:
        MissingFileError: nothing is saved there.
    """
    directory = saved_directory(Path(brought_here(path)))
    if is_adapter_directory(directory):
        return read_about(directory)
    return _facts_of_model(directory / ABOUT_MODEL)


def _facts_of_model(path: Path) -> Facts:
    """What HarMA wrote beside a whole model; models of other programs come without it."""
    if not path.is_file():
        return {}
    facts = read_yaml(path, "the facts")
    if not isinstance(facts, dict):
        raise ConfigError(f"{path} holds {kind_of(facts)} instead of facts; save the model again")
    check_facts(path, facts)
    return facts


def backbone_name_from(directory: Path, target: Path) -> str:
    """A `local-dir:` name of `target` as seen from `directory`."""
    # Relative, so that both may be moved together.
    return f"{LOCAL_DIR}{os.path.relpath(target, directory)}"
