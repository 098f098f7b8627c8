"""Blocks of encoders of `transformers` that take adapters: BERT's kind, DistilBERT's, M2M-100's.

Of a sequence-to-sequence model, as NLLB is, only the encoder is meant.
"""

from typing import Any

from torch import nn

from harma.errors import BackboneError

SUPPORTED = (
    "adapters go into encoders built like BERT or DistilBERT (RoBERTa, XLM-R, ELECTRA, MPNet, …)"
    " and into NLLB's"
)
# Where a block keeps the linear map that puts out its MLP; the last one lies in the block itself.
MLP_OUTPUTS = (("output", "dense"), ("ffn", "lin2"))


def encoder_blocks(encoder: nn.Module, width: int) -> list[nn.Module]:
    """The transformer blocks of an encoder, first to last.

    Args:
        encoder: of `transformers`, without its heads.
        width: of its tokens.

    Raises:
        BackboneError: they are of a kind that cannot take adapters.
    """
    blocks = _listed(encoder)
    known = all(_is_linear(mlp_output(block), width) for block in blocks)
    if not blocks or not known:
        raise BackboneError(f"the text tower is a {type(encoder).__name__}; {SUPPORTED}")
    config: Any = encoder.config
    if getattr(config, "chunk_size_feed_forward", 0):
        raise BackboneError(
            "the text tower runs its MLPs in pieces; set chunk_size_feed_forward: 0 for adapters"
        )
    return blocks


def _listed(encoder: Any) -> list[nn.Module]:
    """The blocks, wherever a kind of encoder keeps them; none of an unknown kind."""
    stack = getattr(encoder, "encoder", None) or getattr(encoder, "transformer", None)
    blocks = getattr(stack, "layer", None) or getattr(encoder, "layers", None)
    return list(blocks or [])


def mlp_output(block: nn.Module) -> nn.Module | None:
    """The linear map that puts out a block's MLP, before dropout and residual sum.

    None in blocks of another kind than those that are supported.
    """
    for part, name in MLP_OUTPUTS:
        linear = getattr(getattr(block, part, None), name, None)
        if isinstance(linear, nn.Module):
            return linear
    last = getattr(block, "fc2", None)
    return last if isinstance(last, nn.Module) else None


def norm_before_mlp(block: nn.Module) -> nn.Module | None:
    """The layer norm before a block's MLP; None in blocks that normalise after it, as BERT's do."""
    norm = getattr(block, "final_layer_norm", None)
    is_before = hasattr(block, "fc1") and isinstance(norm, nn.Module)
    return norm if is_before else None


def _is_linear(module: nn.Module | None, width: int) -> bool:
    """Whether it is a linear map to tokens of this width.

    MobileBERT's are narrower, I-BERT's put out two tensors.
    """
    linear = getattr(module, "base_layer", module)  # a method may have wrapped it
    return isinstance(linear, nn.Linear) and linear.out_features == width


def checkpoint_encoder(encoder: Any, enable: bool) -> None:
    """Compute the activations of an encoder's blocks again in the backward pass, or no longer."""
    # The method's newer name, and the older one.
    kind = "gradient"
    if hasattr(encoder, "activation_checkpointing_enable"):
        kind = "activation"
    if enable:
        # torch's older way gives no gradients where a block's input needs none, as is so below the
        # first adapter of a frozen tower.
        getattr(encoder, f"{kind}_checkpointing_enable")({"use_reentrant": False})
    else:
        getattr(encoder, f"{kind}_checkpointing_disable")()
