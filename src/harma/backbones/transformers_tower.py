"""Text towers of dual encoders: any encoder of `transformers`, with a projection."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn

from harma.backbones.architecture import close_matches
from harma.backbones.layouts import PaddingLayout
from harma.errors import BackboneError, ConfigError, MissingDependencyError

log = logging.getLogger(__name__)

SUPPORTED = "adapters go into encoders built like BERT or DistilBERT (RoBERTa, ELECTRA, MPNet, …)"
# What a config says about files, programs and tasks; none of it changes the encoder.
NOT_ARCHITECTURE = {
    "transformers_version",
    "architectures",
    "dtype",
    "torch_dtype",
    "_name_or_path",
    "id2label",
    "label2id",
    "auto_map",
    "problem_type",
    "return_dict",
    "output_hidden_states",
    "output_attentions",
    "use_cache",
    "gradient_checkpointing",
    "num_labels",
    "_attn_implementation",
    "_attn_implementation_autoset",
    "finetuning_task",
    "classifier_dropout",
    "torchscript",
}
# What older configs of BERT's kind say, and no encoder reads any more.
OLDER = {
    "position_embedding_type",
    "cross_attention_hidden_size",
    "tie_encoder_decoder",
    "output_past",
    "pruned_heads",
    "use_bfloat16",
    "tf_legacy_loss",
    "tie_weights_",
    "directionality",
    "pooler_fc_size",
    "pooler_num_attention_heads",
    "pooler_num_fc_layers",
    "pooler_size_per_head",
    "pooler_type",
}
# Kinds in which tokens see padding whatever the mask says: by convolutions, Fourier transforms or
# approximations.
SEE_PADDING = ("convbert", "fnet", "funnel", "nystromformer", "reformer", "yoso")


def transformers() -> Any:
    """The package transformers: imported when first needed.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingDependencyError(
            "a dual encoder needs transformers for its text tower: pip install 'harma[dual]'"
        ) from error
    return transformers


class TransformersTower(nn.Module):
    """An encoder of `transformers` without its heads, and a linear map of its first token to embeddings.

    Args:
        config: of `check_text_config`.
        embed_dim: E.

    Raises:
        ConfigError: transformers cannot build it.
    """

    def __init__(self, config: Mapping[str, Any], embed_dim: int) -> None:
        super().__init__()
        self.config = dict(config)
        self.encoder = _build_encoder(config)
        self.pad_id = int(config["pad_token_id"])
        self.projection = nn.Linear(int(self._encoder.config.hidden_size), embed_dim)
        # By block: a layout reads what its block is called with, so there is one for each.
        self._layouts: dict[int, PaddingLayout] = {}

    @property
    def _encoder(self) -> Any:
        return self.encoder

    @property
    def max_positions(self) -> int | None:
        """Longest text in tokens; None if there is no limit."""
        limit: int | None = getattr(self._encoder.config, "max_position_embeddings", None)
        # RoBERTa and its kin count positions from the padding id on.
        offset = getattr(getattr(self.encoder, "embeddings", None), "padding_idx", None)
        return limit - (offset + 1) if limit and offset is not None else limit

    @property
    def ignores_padding(self) -> bool:
        """Whether an embedding is independent of padding, so that texts may be trimmed."""
        return self.config["model_type"] not in SEE_PADDING

    def lengths(self, token_ids: Tensor) -> Tensor:
        """Tokens of each text (B, L) up to the last one that is no padding: (B,), at least 1."""
        places = torch.arange(1, token_ids.shape[1] + 1, device=token_ids.device)
        return ((token_ids != self.pad_id) * places).amax(dim=1).clamp_min(1)

    def forward(self, token_ids: Tensor) -> Tensor:
        """Token ids (B, L), padded on the right → embeddings (B, E), not normalised; padding is not seen."""
        places = torch.arange(token_ids.shape[1], device=token_ids.device)
        mask = (places < self.lengths(token_ids)[:, None]).long()
        tokens = self.encoder(input_ids=token_ids, attention_mask=mask).last_hidden_state
        embeddings: Tensor = self.projection(tokens[:, 0])
        return embeddings

    def blocks(self) -> list[nn.Module]:
        """The transformer blocks, first to last.

        Raises:
            BackboneError: they are of a kind that cannot take adapters.
        """
        encoder = self._encoder
        stack = getattr(encoder, "encoder", None) or getattr(encoder, "transformer", None)
        blocks = list(getattr(stack, "layer", None) or [])
        if not blocks or not all(
            _is_linear(mlp_output(block), self.projection.in_features) for block in blocks
        ):
            raise BackboneError(f"the text tower is a {type(encoder).__name__}; {SUPPORTED}")
        if getattr(encoder.config, "chunk_size_feed_forward", 0):
            raise BackboneError(
                "the text tower runs its MLPs in pieces; set chunk_size_feed_forward: 0 for"
                " adapters"
            )
        return blocks

    def layout(self, block: nn.Module) -> PaddingLayout:
        """All tokens of a text but its padding."""
        number = next(i for i, own in enumerate(self.blocks()) if own is block)
        if number not in self._layouts:
            self._layouts[number] = PaddingLayout(block)
        return self._layouts[number]

    def load_encoder(self, state: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
        """A published file's weights under the names of this encoder: heads left out, older names renamed."""
        prefix = f"{self._encoder.base_model_prefix}."
        if any(name.startswith(prefix) for name in state):
            heads = [name for name in state if not name.startswith(prefix)]
            state = {
                name.removeprefix(prefix): value
                for name, value in state.items()
                if name not in heads
            }
        else:
            heads = [name for name in state if name.startswith(("cls.", "lm_head."))]
        heads += [name for name in state if name.startswith("pooler.")]
        if heads:
            log.info("%s: heads are left out: %s", source, ", ".join(heads))
        # Constants that older releases stored.
        dropped = {
            *heads,
            *(name for name in state if name.endswith((".position_ids", ".token_type_ids"))),
        }
        return {_current(name): value for name, value in state.items() if name not in dropped}


def mlp_output(block: nn.Module) -> nn.Module | None:
    """The linear map that puts out a block's MLP, before dropout and residual sum; None in blocks of another kind."""
    for *path, name in (("output", "dense"), ("ffn", "lin2")):
        holder: Any = block
        for part in path:
            holder = getattr(holder, part, None)
        found = getattr(holder, name, None)
        if isinstance(found, nn.Module):
            return found
    return None


def _is_linear(module: nn.Module | None, width: int) -> bool:
    """Whether it is a linear map to tokens of this width; MobileBERT's are narrower, I-BERT's put out two tensors."""
    linear = getattr(module, "base_layer", module)  # a method may have wrapped it
    return isinstance(linear, nn.Linear) and linear.out_features == width


def _current(name: str) -> str:
    """Weights converted from TensorFlow call those of a layer norm gamma and beta."""
    for old, new in (
        (".LayerNorm.gamma", ".LayerNorm.weight"),
        (".LayerNorm.beta", ".LayerNorm.bias"),
    ):
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def check_text_config(
    values: Mapping[str, Any], where: str, *, is_file: bool = False
) -> dict[str, Any]:
    """Complete a config of `transformers` after checking its names: the same on every later release's defaults.

    Args:
        values: a config.json's content, or the values that differ from the defaults of its
            `model_type` ("bert").
        where: what it is called in messages.
        is_file: whether it is a published file. They hold names that the class of their kind does
            not state: some that only its encoder reads (DeBERTa's), some of older releases. All are
            kept, as transformers does.

    Raises:
        ConfigError: a key is unknown, or it has no padding token.
        BackboneError: the model type is unknown or no encoder.
    """
    kind = str(values.get("model_type", "bert"))
    given = {
        key: value
        for key, value in values.items()
        if key != "model_type" and key not in NOT_ARCHITECTURE
    }
    try:
        default = transformers().AutoConfig.for_model(kind)
    except (ValueError, TypeError) as error:
        raise BackboneError(
            f"{where}: the model type {kind!r} cannot be used ({_first_line(error)})"
        ) from error
    allowed = {*default.to_dict(), *default.attribute_map}
    _check_positions(given, allowed, where)
    if is_file:
        log.debug(
            "%s: keys that %s does not state: %s",
            where,
            type(default).__name__,
            sorted(given.keys() - allowed),
        )
    elif unknown := sorted(given.keys() - allowed - OLDER):
        raise ConfigError(
            f"{where} has the unknown key {unknown[0]!r}{close_matches(unknown[0], allowed)}; it"
            f" takes the keys of {type(default).__name__}"
        )
    config = _config(kind, _numbers(given, default.to_dict()), where)
    decodes = any(getattr(config, key, False) for key in ("is_encoder_decoder", "is_decoder"))
    if decodes or type(config) not in transformers().MODEL_FOR_MASKED_LM_MAPPING:
        raise BackboneError(
            f"{where}: {kind} is no encoder; take one such as bert, roberta, distilbert, electra"
        )
    if getattr(config, "pad_token_id", None) is None:
        raise ConfigError(f"{where} has no pad_token_id; state the tokenizer's")
    return {key: value for key, value in config.to_dict().items() if key not in NOT_ARCHITECTURE}


def _check_positions(given: Mapping[str, Any], allowed: set[str], where: str) -> None:
    """Older releases had BERT with relative positions."""
    positions = given.get("position_embedding_type") or "absolute"
    if positions != "absolute" and "position_embedding_type" not in allowed:
        raise ConfigError(
            f"{where}: position_embedding_type is {positions!r}, which this release of transformers"
            " cannot build; take an encoder with absolute positions"
        )


def _numbers(given: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers such as 1e-12, which YAML reads as text, as numbers."""
    numbers = {
        key: value
        for key, value in given.items()
        if isinstance(value, str) and isinstance(default.get(key), float)
    }
    with suppress(ValueError):
        return {**given, **{key: float(value) for key, value in numbers.items()}}
    return dict(given)


def _config(kind: str, values: Mapping[str, Any], where: str) -> Any:
    from huggingface_hub.errors import StrictDataclassError

    try:
        return transformers().AutoConfig.for_model(kind, **values)
    except (ValueError, TypeError, StrictDataclassError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ConfigError(f"{where}: a {kind} cannot have these values ({reason})") from error


def _build_encoder(config: Mapping[str, Any]) -> nn.Module:
    """Build an encoder, its weights drawn at random; only the sentence's own tokens are pooled, so it has no pooler."""
    made = transformers().AutoConfig.for_model(**config, use_cache=False)
    try:
        encoder: Any = transformers().AutoModel.from_config(made)
    except (TypeError, ValueError, AssertionError, RuntimeError, ZeroDivisionError) as error:
        raise ConfigError(
            f"text: transformers cannot build {dict(config)}: {_first_line(error)}"
        ) from error
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = nn.Identity()  # some encoders call it without asking
    return encoder  # type: ignore[no-any-return]


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]
