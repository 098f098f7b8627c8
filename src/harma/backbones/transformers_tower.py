"""Text towers of dual encoders: any encoder of `transformers`, with a projection."""

import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from harma.backbones.config_bounds import NOT_BUILT, OF_ANOTHER_KIND
from harma.backbones.layouts import PaddingLayout
from harma.backbones.transformers_blocks import encoder_blocks
from harma.errors import ConfigError, MissingDependencyError
from harma.ground.messages import plain_reason

log = logging.getLogger(__name__)

# Constants that older releases stored among the weights.
OLDER_CONSTANTS = (".position_ids", ".token_type_ids")
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
    """An encoder of `transformers` without its heads, and a linear map of its first token.

    Args:
        config: complete, of `harma.backbones.transformers_config.check_text_config`.
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
        embeddings = getattr(self.encoder, "embeddings", None)
        # RoBERTa and its kin count positions from the padding id on.
        offset: int | None = getattr(embeddings, "padding_idx", None)
        if not limit or offset is None:
            return limit
        return limit - (offset + 1)

    @property
    def ignores_padding(self) -> bool:
        """Whether an embedding is independent of padding, so that texts may be trimmed."""
        return self.config["model_type"] not in SEE_PADDING

    def lengths(self, token_ids: Tensor) -> Tensor:
        """Tokens of each text (B, L) up to the last one that is no padding: (B,), at least 1."""
        places = torch.arange(1, token_ids.shape[1] + 1, device=token_ids.device)
        return ((token_ids != self.pad_id) * places).amax(dim=1).clamp_min(1)

    def forward(self, token_ids: Tensor) -> Tensor:
        """Token ids (B, L), padded on the right → embeddings (B, E), not normalised.

        Padding is not seen.
        """
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
        return encoder_blocks(self._encoder, self.projection.in_features)

    def layout(self, block: nn.Module) -> PaddingLayout:
        """All tokens of a text but its padding."""
        # By its place: a copy of the model has other blocks.
        index = self.blocks().index(block)
        if index not in self._layouts:
            self._layouts[index] = PaddingLayout(block)
        return self._layouts[index]

    def load_encoder(self, state: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
        """A published file's weights under the names of this encoder.

        Heads are left out, older names renamed.
        """
        encoder, heads = _without_heads(state, f"{self._encoder.base_model_prefix}.")
        if heads:
            log.info("%s: heads are left out: %s", source, ", ".join(heads))
        return {
            _current(name): value
            for name, value in encoder.items()
            if not name.endswith(OLDER_CONSTANTS)
        }


def _without_heads(state: Mapping[str, Tensor], prefix: str) -> tuple[dict[str, Tensor], list[str]]:
    """The weights of an encoder, and the names of those that a file has for its tasks.

    Args:
        state: of a file.
        prefix: of the encoder's names in a file that has heads beside it.
    """
    has_prefix = any(name.startswith(prefix) for name in state)
    encoder: dict[str, Tensor] = {}
    heads: list[str] = []
    for name, value in state.items():
        plain = name.removeprefix(prefix)
        is_head = name.startswith(("cls.", "lm_head."))
        if has_prefix:
            is_head = not name.startswith(prefix)
        if is_head or plain.startswith("pooler."):
            heads.append(name)
        else:
            encoder[plain] = value
    return encoder, heads


def _current(name: str) -> str:
    """Weights converted from TensorFlow call those of a layer norm gamma and beta."""
    for old, new in (
        (".LayerNorm.gamma", ".LayerNorm.weight"),
        (".LayerNorm.beta", ".LayerNorm.bias"),
    ):
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def _build_encoder(config: Mapping[str, Any]) -> nn.Module:
    """Build an encoder, its weights drawn at random.

    Only the sentence's own tokens are pooled, so it has no pooler.
    """
    made = transformers().AutoConfig.for_model(**config, use_cache=False)
    try:
        encoder = transformers().AutoModel.from_config(made)
    except ConfigError:
        raise
    except NOT_BUILT as error:
        reason = plain_reason(error, OF_ANOTHER_KIND, length=300)
        raise ConfigError(f"text: transformers cannot build {dict(config)}: {reason}") from error
    assert isinstance(encoder, nn.Module)
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = nn.Identity()  # some encoders call it without asking
    return encoder
