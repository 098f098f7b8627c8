"""Weights: their hash, reading them from files of every kind, loading them name by name."""

import hashlib
import logging
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harma.backbones.weights.safe_pickle import module_weights, read_archive, read_weight_file
from harma.errors import WeightsError

log = logging.getLogger(__name__)

# Prefixes that training wrappers leave on every name.
WRAPPERS = ("module.", "_orig_mod.", "model.")
# Not weights, but constants that TorchScript archives store among them.
CONSTANTS = ("input_resolution", "context_length", "vocab_size", "attn_mask")
SHOWN = 10


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


def load_strictly(own: Mapping[str, Tensor], state: Mapping[str, Tensor], source: str) -> None:
    """Copy weights into those of a module; every name and shape must match.

    `logit_scale` and `logit_bias` may be stored with or without a dimension, as in open_clip.

    Args:
        own: what gets the weights, such as a state dict; the dtype stays.
        state: name → tensor.
        source: where the weights come from, for the message.

    Raises:
        WeightsError: names are missing or unexpected, or shapes differ; the message lists them.
    """
    state = dict(state)
    for name in ("logit_scale", "logit_bias"):
        if name in state and name in own and state[name].numel() == own[name].numel() == 1:
            state[name] = state[name].reshape(own[name].shape)
    missing = [name for name in own if name not in state]
    unexpected = [name for name in state if name not in own]
    differing = [
        f"{name} {tuple(state[name].shape)}, model {tuple(own[name].shape)}"
        for name in own
        if name in state and own[name].shape != state[name].shape
    ]
    if missing or unexpected or differing:
        lists = [
            _list("missing", missing),
            _list("unexpected", unexpected),
            _list("of another shape", differing),
        ]
        raise WeightsError(
            f"{source}: weights and architecture do not match:"
            f" {'; '.join(part for part in lists if part)}.{_hint(missing, unexpected, differing)}"
        )
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(state[name])


def _list(kind: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{len(names)} {kind} ({', '.join(names[:SHOWN])}{more})"


def _hint(missing: Iterable[str], unexpected: Iterable[str], differing: Iterable[str]) -> str:
    if any(".mmadapter." in name for name in unexpected):
        return (
            " It is a released HarMA checkpoint: convert it with `harma import`, or open it with"
            " HarMA.from_released."
        )
    if any(name.startswith("visual.positional_embedding ") for name in differing):
        return (
            " The image size differs, and positional embeddings are not resized here: state the"
            " file's architecture."
        )
    if differing and not missing and not unexpected:
        return " Width, patch size or vocabulary differ: state the architecture of the file."
    return ""


def read_weights(path: Path, nested: Sequence[str] = ("state_dict",)) -> dict[str, Tensor]:
    """Read the weights of a file: safetensors, a pickle of tensors, or OpenAI's TorchScript archive.

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
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _read_torchscript(path: Path) -> dict[str, Tensor]:
    # torch.jit.load would run the archive's own code.
    state = module_weights(read_archive(path))
    return {
        name: value for name, value in state.items() if name.rpartition(".")[2] not in CONSTANTS
    }


def _state_dict(content: Any, path: Path, nested: Sequence[str]) -> dict[str, Tensor]:
    for key in nested:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(
            f"{path} holds {type(content).__name__}, not weights; save model.state_dict()"
        )
    others = [str(name) for name, value in content.items() if not isinstance(value, Tensor)]
    if others:
        raise WeightsError(
            f"{path} holds {_list('entries that are not tensors', others)}; it must be a flat state"
            ' dict, or hold one under "state_dict" (a released HarMA checkpoint is converted'
            " with `harma import`)"
        )
    state: dict[str, Tensor] = dict(content)
    for prefix in WRAPPERS:
        if all(name.startswith(prefix) for name in state):
            log.info("%s: the prefix %r of every name is removed", path, prefix)
            state = {name[len(prefix) :]: value for name, value in state.items()}
    return state
