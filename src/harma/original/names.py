"""Names in released checkpoints beside ours, and the files they are in (SPEC 6).

Pure tensors and names; models are built elsewhere.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import save_file
from torch import Tensor

from harma.backbones.weights.placeholders import plain
from harma.backbones.weights.safe_pickle import read_weight_file
from harma.backbones.weights.state import is_weight
from harma.errors import WeightsError
from harma.ground.files import replacing
from harma.ground.messages import kind_of

State = dict[str, Tensor]

TEMPERATURE = "temp"
MODEL = "model."
# What older checkpoints say for "model.".
OLDER = "clip."
# Where each tower's blocks are, after "model.".
BLOCKS = {"image": "visual.transformer.resblocks", "text": "transformer.resblocks"}

# Theirs is torch's `nn.MultiheadAttention`, whose projection of inputs is no module of its own.
ATTENTION = {
    "in_proj_weight": "in_proj.weight",
    "in_proj_bias": "in_proj.bias",
    "out_proj.weight": "out_proj.weight",
    "out_proj.bias": "out_proj.bias",
}
# Names within a block: the original's → ours.
SITE_NAMES = {
    "gate1": "gate",
    "mmadapter.gate1": "adapter.gate",
    **{f"mmadapter.img_proj_down.{part}": f"adapter.down.{part}" for part in ("weight", "bias")},
    **{f"mmadapter.img_proj_up.{part}": f"adapter.up.{part}" for part in ("weight", "bias")},
    **{
        f"mmadapter.multihead_attention.{theirs}": f"adapter.attention.{ours}"
        for theirs, ours in ATTENTION.items()
    },
}
# The original spells it so, xx included.
SHARED = "mmadapter.BiShareAdapterxx."
SHARED_NAMES = {
    f"{SHARED}gate1": "gate",
    **{f"{SHARED}l1.{part}": f"down.{part}" for part in ("weight", "bias")},
    **{f"{SHARED}l2.{part}": f"up.{part}" for part in ("weight", "bias")},
    **{
        f"{SHARED}multihead_attention1.{theirs}": f"attention.{ours}"
        for theirs, ours in ATTENTION.items()
    },
}
# Of names that do not match a message lists so many.
NAMES_LISTED = 10
# `gate1` only at the end: below `mmadapter` adapters have gates of that name as well.
ADAPTED = re.compile(r"resblocks\.\d+\.(gate1$|mmadapter\.)")


class ReleasedParts(NamedTuple):
    """What a released state dict consists of.

    Attributes:
        backbone: weights under open_clip's names.
        adapters: weights under ours (`image.0.gate`, `text.0.adapter.…`, `shared.0.…`; as in the
            released code, only text blocks have shared adapters, each one of its own).
        temperature: a scalar.
    """

    backbone: State
    adapters: State
    temperature: Tensor

    def trained(self) -> State:
        """What a model of ours calls its adapter state: adapters and temperature."""
        return {**self.adapters, "temperature": self.temperature}


def split_released(state: Mapping[str, Tensor]) -> ReleasedParts:
    """Part a released state dict into backbone, adapters and temperature.

    Args:
        state: under the released names, `model.…` (or `clip.…`) and `temp`.

    Raises:
        WeightsError: names are missing or unexpected, or a gate is no scalar; the message lists
            them.
    """
    # One older name is enough: the two are never mixed.
    prefix = OLDER if any(name.startswith(OLDER) for name in state) else MODEL
    inner = {
        name.removeprefix(prefix): tensor
        for name, tensor in state.items()
        if name.startswith(prefix)
    }
    backbone = {name: tensor for name, tensor in inner.items() if not ADAPTED.search(name)}
    # Which adapters there have to be follows from the blocks that the backbone has.
    expected = dict(_adapter_names(backbone))
    _check_names(state, prefix, backbone, expected)
    adapters = {ours: _scalar(inner[theirs], theirs) for theirs, ours in expected.items()}
    return ReleasedParts(backbone, adapters, _scalar(state[TEMPERATURE], TEMPERATURE))


def _check_names(
    state: Mapping[str, Tensor], prefix: str, backbone: Iterable[str], expected: Iterable[str]
) -> None:
    """Raise WeightsError unless a state dict has a backbone, its adapters and a temperature."""
    needed = [*(f"{prefix}{name}" for name in expected), TEMPERATURE]
    known = {*needed, *(f"{prefix}{name}" for name in backbone)}
    missing = [name for name in needed if name not in state]
    unexpected = [name for name in state if name not in known]
    has_no_blocks = len(needed) == 1
    if missing or unexpected or has_no_blocks:
        raise WeightsError(_describe(missing, unexpected))


def join_released(backbone: Mapping[str, Tensor], adapters: Mapping[str, Tensor]) -> State:
    """The released names of an adapted model: the reverse of `split_released`.

    Args:
        backbone: weights under open_clip's names.
        adapters: weights under ours, `temperature` among them.

    Raises:
        WeightsError: they have a form that the original cannot hold: other adapters, shared
            adapters also in the image tower, or a text tower that is not open_clip's plain CLIP.
    """
    names = dict(_adapter_names(backbone))
    expected = [*names.values(), "temperature"]
    missing = [ours for ours in expected if ours not in adapters]
    unexpected = [ours for ours in adapters if ours not in expected]
    if missing or unexpected or not names:
        raise WeightsError(
            f"the released form cannot hold these adapters. {_describe(missing, unexpected)}"
        )
    state = {f"{MODEL}{name}": tensor for name, tensor in backbone.items()}
    state |= {f"{MODEL}{theirs}": adapters[ours] for theirs, ours in names.items()}
    return {**state, TEMPERATURE: adapters["temperature"]}


def _adapter_names(backbone: Mapping[str, Tensor]) -> Iterator[tuple[str, str]]:
    """(released name without "model.", our name) of every weight that the blocks' adapters have."""
    for tower, place in BLOCKS.items():
        names_in_block = {name: f"{tower}.{{}}.{ours}" for name, ours in SITE_NAMES.items()}
        if tower == "text":
            # Every text block has one of its own, so that block and shared adapter have the same
            # number.
            names_in_block |= {name: f"shared.{{}}.{ours}" for name, ours in SHARED_NAMES.items()}
        for block in _block_numbers(backbone, place):
            for theirs, ours in names_in_block.items():
                yield f"{place}.{block}.{theirs}", ours.format(block)


def _block_numbers(backbone: Mapping[str, Tensor], place: str) -> list[int]:
    pattern = re.compile(rf"{re.escape(place)}\.(\d+)\.")
    matches = map(pattern.match, backbone)
    # As numbers: as texts 10 would stand before 2.
    return sorted({int(match[1]) for match in matches if match})


def _scalar(tensor: Tensor, name: str) -> Tensor:
    if not name.endswith(("gate1", TEMPERATURE)):
        return tensor
    if tensor.numel() != 1:
        raise WeightsError(f"{name} has shape {tuple(tensor.shape)}; it must be a single number")
    return tensor.reshape(())


def _describe(missing: Sequence[str], unexpected: Sequence[str]) -> str:
    kinds = {"missing": missing, "unexpected": unexpected}
    parts = [f"{len(names)} {kind}: {_listed(names)}" for kind, names in kinds.items() if names]
    hint = (
        "A released checkpoint has open_clip's plain CLIP and adapters in every block under"
        " model.…, and temp; shared adapters are in the text blocks only"
    )
    what = "; ".join(parts) or "there are no transformer blocks"
    return f"Names that do not match: {what}. {hint}"


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(names[:NAMES_LISTED])
    if len(names) > NAMES_LISTED:
        listed = f"{listed} and {len(names) - NAMES_LISTED} more"
    return listed


# -- files -----------------------------------------------------------------------------------------


def read_released(path: str | Path) -> tuple[State, dict[str, Any]]:
    """Read a checkpoint of the original HarMA without running anything in it.

    Args:
        path: a pickle {"model": …, "config": …}, a pickle that is the state dict itself, or
            safetensors.

    Returns:
        The state dict under its names, and the config, as far as it can be read, for showing to
        people.

    Raises:
        MissingFileError: there is no such file.
        WeightsError: it is damaged, or no checkpoint.
    """
    path = Path(path)
    # Its config holds objects of ruamel.yaml, which torch's own safe reader refuses (SPEC 6).
    content = read_weight_file(path, foreign=True)
    if not isinstance(content, Mapping):
        raise WeightsError(
            f"{path} holds {kind_of(content)}; a released checkpoint holds model and config"
        )
    # Some of the original's files are the state dict itself, without a config.
    state = content
    config: object = {}
    if isinstance(content.get("model"), Mapping):
        state = content["model"]
        config = plain(content.get("config", {}))
    others = [str(name) for name, value in state.items() if not is_weight(name, value)]
    if others or not state:
        listed = ", ".join(others[:NAMES_LISTED]) or "nothing"
        raise WeightsError(
            f"{path} holds no state dict, but {listed}; a released checkpoint holds its weights"
            " under model"
        )
    if not isinstance(config, dict):
        config = {"config": config}
    return dict(state), config


def write_released(
    path: str | Path, state: Mapping[str, Tensor], config: Mapping[str, Any]
) -> None:
    """Write a checkpoint as the original does, whole or not at all.

    Args:
        path: the file; with the suffix `.safetensors` it holds the weights alone.
        state: under the released names.
        config: plain values that go beside them.
    """
    path = Path(path)
    # Cloned: torch.save would keep the whole storage of a view.
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}
    with replacing(path) as temporary:
        if path.suffix == ".safetensors":
            save_file(tensors, temporary, metadata={"format": "pt"})
        else:
            torch.save({"model": tensors, "config": dict(config)}, temporary)
