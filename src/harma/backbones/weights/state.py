"""State dicts: their hash, reading them from files of every kind, loading them name by name."""

import hashlib
import logging
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from harma.backbones.weights.safe_pickle import (
    UNREADABLE,
    module_weights,
    read_archive,
    read_weight_file,
)
from harma.errors import WeightsError
from harma.ground.messages import kind_of

log = logging.getLogger(__name__)

# Prefixes that training wrappers leave on every name.
WRAPPERS = ("module.", "_orig_mod.", "model.")
# Stored with or without a dimension.
SCALARS = ("logit_scale", "logit_bias")
# Not weights, but constants that TorchScript archives store among them.
CONSTANTS = ("input_resolution", "context_length", "vocab_size", "attn_mask")
# Of names that do not match a message lists so many.
NAMES_LISTED = 10


def hash_weights(state: Mapping[str, Tensor]) -> str:
    """Hash names, shapes and values, whatever their order: "sha256:…".

    Numbers are taken in float32: the same weights have the same hash in the precision of any run.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        tensor = tensor.float() if tensor.is_floating_point() else tensor
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return f"sha256:{digest.hexdigest()}"


def load_strictly(weights: Mapping[str, Tensor], state: Mapping[str, Tensor], source: str) -> None:
    """Copy weights into those of a module; every name and shape must match.

    `logit_scale` and `logit_bias` may be stored with or without a dimension, as in open_clip.

    Args:
        weights: what gets the weights, such as a state dict; the dtype stays.
        state: name → tensor.
        source: where the weights come from, for the message.

    Raises:
        WeightsError: names are missing or unexpected, or shapes differ; the message lists them.
    """
    state = dict(state)
    for name in SCALARS:
        if name not in state or name not in weights:
            continue
        if state[name].numel() == weights[name].numel() == 1:
            state[name] = state[name].reshape(weights[name].shape)
    # All of it is compared before anything is copied: a failed loading changes no weight.
    mismatch = _compare(weights, state)
    if mismatch:
        raise WeightsError(
            f"{source}: weights and architecture do not match: {mismatch.listed()}."
            f"{_hint(mismatch)}"
        )
    with torch.no_grad():
        for name, value in weights.items():
            value.copy_(state[name])


class _Mismatch(NamedTuple):
    """Names that two state dicts do not share, and those with another shape, with the shapes."""

    missing: list[str]
    unexpected: list[str]
    differing: list[str]

    def listed(self) -> str:
        parts = [
            _list("missing", self.missing),
            _list("unexpected", self.unexpected),
            _list("of another shape", self.differing),
        ]
        return "; ".join(part for part in parts if part)


def _compare(weights: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> _Mismatch | None:
    """What of `state` does not fit; None if everything does."""
    missing = [name for name in weights if name not in state]
    unexpected = [name for name in state if name not in weights]
    differing = [
        f"{name} {tuple(state[name].shape)}, model {tuple(value.shape)}"
        for name, value in weights.items()
        if name in state and value.shape != state[name].shape
    ]
    mismatch = _Mismatch(missing, unexpected, differing)
    return mismatch if any(mismatch) else None


def _list(kind: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    listed = ", ".join(names[:NAMES_LISTED])
    if len(names) > NAMES_LISTED:
        listed = f"{listed} and {len(names) - NAMES_LISTED} more"
    return f"{len(names)} {kind} ({listed})"


def _hint(mismatch: _Mismatch) -> str:
    """What is probably the matter, and what to do."""
    if any(".mmadapter." in name for name in mismatch.unexpected):
        return (
            " It is a released HarMA checkpoint: convert it with `harma import`, or open it with"
            " HarMA.from_released."
        )
    if any(name.startswith("visual.positional_embedding ") for name in mismatch.differing):
        return (
            " The image size differs, and positional embeddings are not resized here: state the"
            " file's architecture."
        )
    if mismatch.differing and not mismatch.missing and not mismatch.unexpected:
        return " Width, patch size or vocabulary differ: state the architecture of the file."
    return ""


def read_weights(path: Path, nested: Sequence[str] = ("state_dict",)) -> dict[str, Tensor]:
    """Read the weights of a file: safetensors, a pickle of tensors, OpenAI's TorchScript archive.

    A pickle may be a flat state dict, or hold one under a name such as "state_dict"; prefixes of
    wrapped models, such as `module.`, are removed. Pickles are read with `weights_only=True`:
    nothing in a file is run.

    Args:
        path: the file.
        nested: names under which a state dict is looked for.

    Returns:
        name → tensor, in the dtype of the file.

    Raises:
        MissingFileError: there is no such file.
        WeightsError: the file is damaged, holds anything but weights, or would have to run code.
    """
    if _is_torchscript(path):
        return _read_torchscript(path)
    return _state_dict(read_weight_file(path), path, nested)


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    # What is damaged is told by what reads it.
    except UNREADABLE:
        return False


def _read_torchscript(path: Path) -> dict[str, Tensor]:
    # torch.jit.load would run the archive's own code.
    state = module_weights(read_archive(path))
    return {
        name: value for name, value in state.items() if name.rpartition(".")[2] not in CONSTANTS
    }


def _state_dict(content: object, path: Path, nested: Sequence[str]) -> dict[str, Tensor]:
    """The state dict in what a file holds, without the prefixes of wrapped models.

    Raises:
        WeightsError: there is none, or other things are in it.
    """
    # One level after the other: some trainers keep {"state_dict": {"model": …}}.
    for key in nested:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(f"{path} holds {kind_of(content)}, not weights; save model.state_dict()")
    others = [str(name) for name, value in content.items() if not is_weight(name, value)]
    if others:
        raise WeightsError(
            f"{path} holds {_list('entries that are not tensors', others)}; it must be a flat state"
            ' dict, or hold one under "state_dict" (a released HarMA checkpoint is converted'
            " with `harma import`)"
        )
    return _unwrapped(dict(content), path)


def is_weight(name: object, value: object) -> bool:
    """Whether an entry of a file is a tensor under a name; trainers keep others, too."""
    return isinstance(name, str) and isinstance(value, Tensor)


def _unwrapped(state: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    # Only a prefix that every name has is a wrapper's: `model.` may also be a part of a model.
    for prefix in WRAPPERS:
        if all(name.startswith(prefix) for name in state):
            log.info("%s: the prefix %r of every name is removed", path, prefix)
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state
