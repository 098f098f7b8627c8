"""Names of weights of other programs, as open_clip's: transformers, Long-CLIP, Llama3-MS-CLIP.

What a layout is, is seen from its names. A name that is not known stays as it is, so that loading,
which compares all names, says which it was.
"""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor

State = Mapping[str, Tensor]

# Of Long-CLIP's positions as many are CLIP's own; the others are from a second table.
KEPT_POSITIONS = 20
LONG_POSITIONS = "positional_embedding_res"
TEXT_PARTS = (
    "text_projection",
    "positional_embedding",
    "token_embedding",
    "transformer",
    "ln_final",
)
# Llama3-MS-CLIP's model, and the names under which its file holds the same model again.
MS_CLIP = "clip_base_model.model."
MS_CLIP_AGAIN = ("image_encoder.model.", "text_encoder.model.")
# Constants that older releases of transformers stored among the weights.
CONSTANTS = (".position_ids",)

# Beginning of a name → what it is here.
CLIP = {
    "text_model.embeddings.token_embedding.": "token_embedding.",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.encoder.layers.": "transformer.resblocks.",
    "text_model.final_layer_norm.": "ln_final.",
    "text_projection.weight": "text_projection",
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.": "visual.conv1.",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    # As transformers spells it.
    "vision_model.pre_layrnorm.": "visual.ln_pre.",
    "vision_model.encoder.layers.": "visual.transformer.resblocks.",
    "vision_model.post_layernorm.": "visual.ln_post.",
    "visual_projection.weight": "visual.proj",
}
SIGLIP = {
    "text_model.embeddings.token_embedding.": "text.token_embedding.",
    "text_model.embeddings.position_embedding.weight": "text.positional_embedding",
    "text_model.encoder.layers.": "text.transformer.resblocks.",
    "text_model.final_layer_norm.": "text.ln_final.",
    "text_model.head.": "text.text_projection.",
    "vision_model.embeddings.patch_embedding.": "visual.trunk.patch_embed.proj.",
    "vision_model.embeddings.position_embedding.weight": "visual.trunk.pos_embed",
    "vision_model.encoder.layers.": "visual.trunk.blocks.",
    "vision_model.post_layernorm.": "visual.trunk.norm.",
    "vision_model.head.probe": "visual.trunk.attn_pool.latent",
    "vision_model.head.attention.out_proj.": "visual.trunk.attn_pool.proj.",
    "vision_model.head.layernorm.": "visual.trunk.attn_pool.norm.",
    "vision_model.head.mlp.": "visual.trunk.attn_pool.mlp.",
}
# Inside a block: of open_clip's transformers, and of timm's.
OWN_BLOCK = {
    ".self_attn.out_proj.": ".attn.out_proj.",
    ".layer_norm1.": ".ln_1.",
    ".layer_norm2.": ".ln_2.",
    ".mlp.fc1.": ".mlp.c_fc.",
    ".mlp.fc2.": ".mlp.c_proj.",
}
TIMM_BLOCK = {
    ".self_attn.out_proj.": ".attn.proj.",
    ".layer_norm1.": ".norm1.",
    ".layer_norm2.": ".norm2.",
}
# Three maps of one file are one here; the last part of a name, and how it is joined.
PARTS = ("q_proj", "k_proj", "v_proj")
OWN_STACK = ".attn.in_proj_"
TIMM_STACK = ".attn.qkv."
POOL = "vision_model.head.attention.in_proj_"


def open_clip_names(state: State, expected: Collection[str] = ()) -> dict[str, Tensor]:
    """A state dict under open_clip's names, whatever program wrote it.

    Args:
        state: name → tensor.
        expected: the names of the model that it is for.
    """
    converted = dict(state)
    if "text_model.final_layer_norm.weight" in state:
        converted = _of_transformers(state)
    elif LONG_POSITIONS in state:
        converted = _of_long_clip(state)
    elif f"{MS_CLIP}visual.conv1.weight" in state:
        converted = _of_ms_clip(state)
    if "text.positional_embedding" in expected and "positional_embedding" in converted:
        converted = {_in_text_tower(name): value for name, value in converted.items()}
    # Encoders of transformers stored a constant among their weights.
    return {
        name: value
        for name, value in converted.items()
        if name in expected or not name.endswith(CONSTANTS)
    }


def long_context(state: State) -> int | None:
    """How many tokens a text of a Long-CLIP layout may have; None for any other layout."""
    positions = state.get(LONG_POSITIONS)
    if positions is None or positions.ndim != 2:
        return None
    return len(positions)


def _in_text_tower(name: str) -> str:
    """A name of CLIP's text tower as that of a model which has it as a part."""
    return f"text.{name}" if name.startswith(TEXT_PARTS) else name


def _of_long_clip(state: State) -> dict[str, Tensor]:
    """Long-CLIP's two tables of positions as the one that they amount to.

    Source: Zhang et al. 2024 (arXiv 2403.15378, section 3.1): the first 20 positions are kept, the
    others interpolated; they train in a table of their own. LRSCLIP and DGTRS-CLIP have it too.
    """
    converted = dict(state)
    rest = converted.pop(LONG_POSITIONS)
    kept = converted.get("positional_embedding")
    if kept is not None and kept.shape == rest.shape:
        converted["positional_embedding"] = torch.cat(
            [kept[:KEPT_POSITIONS], rest[KEPT_POSITIONS:].to(kept.dtype)]
        )
    return converted


def _of_ms_clip(state: State) -> dict[str, Tensor]:
    """Llama3-MS-CLIP's names: an open_clip model three times, and a temperature beside it.

    Source: the classes `CLIPDualEncoderModel` and `BaseModel` of IBM's MS-CLIP (Apache-2.0). What
    is no copy stays under its name, which loading then tells.
    """
    converted: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.startswith(MS_CLIP):
            converted[name.removeprefix(MS_CLIP)] = value
            continue
        copied = name
        for prefix in MS_CLIP_AGAIN:
            copied = copied.removeprefix(prefix)
        if copied == name or f"{MS_CLIP}{copied}" not in state:
            converted[name] = value
    temperature = converted.pop("temperature", None)
    if temperature is not None:
        # Trained beside open_clip's own, which nothing used.
        converted["logit_scale"] = -temperature.float().log()
    return converted


def _of_transformers(state: State) -> dict[str, Tensor]:
    """A CLIPModel's or SiglipModel's weights."""
    is_siglip = any(name.startswith("vision_model.head.") for name in state)
    beginnings = SIGLIP if is_siglip else CLIP
    converted: dict[str, Tensor] = {}
    stacks: dict[str, dict[str, Tensor]] = {}
    for name, value in state.items():
        stack, part = _stacked(name, beginnings)
        if part:
            stacks.setdefault(stack, {})[name] = value
        else:
            converted[_renamed(name, beginnings)] = value
    for name, parts in stacks.items():
        converted |= _joined(name, parts)
    return _shaped(converted)


def _renamed(name: str, beginnings: Mapping[str, str]) -> str:
    for old, new in beginnings.items():
        if not name.startswith(old):
            continue
        inside = TIMM_BLOCK if new == "visual.trunk.blocks." else OWN_BLOCK
        rest = name.removeprefix(old)
        # The number of a block, then its parts.
        for part, own in inside.items():
            rest = rest.replace(part, own)
        return new + rest
    return name


def _stacked(name: str, beginnings: Mapping[str, str]) -> tuple[str, str]:
    """What the map of queries, keys and values is called that a name is a part of, and the part."""
    block, _, last = name.rpartition(".self_attn.")
    part, _, kind = last.partition(".")
    if not block or part not in PARTS:
        return "", ""
    renamed = _renamed(f"{block}.", beginnings).removesuffix(".")
    joined = TIMM_STACK if renamed.startswith("visual.trunk.") else OWN_STACK
    return f"{renamed}{joined}{kind}", part


def _joined(name: str, parts: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Queries, keys and values as one; as they were where one of them lacks."""
    by_part: dict[str, Tensor] = {}
    for key, value in parts.items():
        by_part[key.rsplit(".", 2)[1]] = value
    if len(by_part) < len(PARTS):
        return dict(parts)
    return {name: torch.cat([by_part[part] for part in PARTS])}


def _shaped(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights that open_clip keeps in another shape: turned, with an axis more, or in two."""
    for name in ("text_projection", "visual.proj"):
        if name in state:
            state[name] = state[name].T.contiguous()
    positions = state.get("visual.trunk.pos_embed")
    if positions is not None:
        state["visual.trunk.pos_embed"] = positions.unsqueeze(0)
    for kind in ("weight", "bias"):
        stacked = state.pop(f"{POOL}{kind}", None)
        if stacked is not None:
            # SigLIP's pooling asks with one vector: its queries have a map of their own.
            width = len(stacked) // 3
            state[f"visual.trunk.attn_pool.q.{kind}"] = stacked[:width]
            state[f"visual.trunk.attn_pool.kv.{kind}"] = stacked[width:]
    return state
