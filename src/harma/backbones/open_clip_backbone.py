"""Backbones of open_clip: CLIP, CustomTextCLIP and CoCa models."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from harma.backbones.backbone import Backbone, check_tower, checked_texts
from harma.backbones.directories import write_model
from harma.backbones.layouts import Layout, PaddingLayout
from harma.backbones.open_clip_towers import (
    HuggingFaceBlocks,
    OwnBlocks,
    TowerBlocks,
    TrunkBlocks,
    block_mlp,
    block_mlp_norm,
    read_lengths,
)
from harma.backbones.preprocess import Preprocess
from harma.backbones.tokenizers import DEFAULT_CONTEXT_LENGTH, Tokenizer
from harma.backbones.transformers_blocks import checkpoint_encoder
from harma.backbones.weights.state import load_strictly
from harma.errors import BackboneError, ConfigError, MissingDependencyError, MissingFileError

log = logging.getLogger(__name__)

# How the names of a tower's projection begin: in open_clip's own towers, then in its timm trunks
# and its Hugging Face texts. PE-Core's is the trunk's own head; others keep norms there, and have
# one of the first.
PROJECTIONS = {
    "image": (
        ("visual.proj", "visual.head.", "visual.attnpool.c_proj."),
        ("visual.trunk.head.",),
    ),
    "text": (("text_projection", "text.text_projection", "text.proj."),),
}


class OpenClipBackbone(Backbone):
    """A model of open_clip.

    Args:
        module: open_clip's model.
        name: what people call it.
        reference: what `load_backbone` takes to open it again.
        config: its open_clip config.
        preprocess: how images become pixels; the size is the model's.
        make_tokenizer: called once, when the first text is tokenized.
        text_config: of its Hugging Face text tower, if it has one.
        trunk_gelu: how its timm trunk approximates GELU where it differs from timm's.
    """

    module: nn.Module

    def __init__(
        self,
        module: nn.Module,
        *,
        name: str,
        reference: str | dict[str, Any],
        config: dict[str, Any],
        preprocess: Preprocess,
        make_tokenizer: Callable[[], Tokenizer],
        text_config: dict[str, Any] | None = None,
        trunk_gelu: str | None = None,
    ) -> None:
        super().__init__()
        self.module = module
        self.name = name
        self.reference = reference
        self.config = config
        self._text_config = text_config
        self._trunk_gelu = trunk_gelu
        self.preprocess = preprocess
        self.embed_dim = int(config["embed_dim"])
        text = self._text
        self._has_encoder = bool(config["text_cfg"].get("hf_model_name"))
        # An encoder reads more than its tokenizer gives it.
        longest = text.context_length
        if self._has_encoder:
            longest = config["text_cfg"].get("context_length", DEFAULT_CONTEXT_LENGTH)
        self.context_length = int(longest)
        self.vocab_size = int(text.vocab_size)
        # CLIP holds the parts of its text tower itself and renames two of them.
        self._pool_type: str = getattr(text, "pool_type", getattr(text, "text_pool_type", ""))
        self._eos_id: int = getattr(text, "eos_id", getattr(text, "text_eos_id", 0))
        self.trims_text = self._has_encoder or self._ends_at_its_last_token()
        self._layouts: dict[int, PaddingLayout] = {}
        self._make_tokenizer = make_tokenizer
        self._tokenizer: Tokenizer | None = None
        self.note_own_parts()

    def _ends_at_its_last_token(self) -> bool:
        """Whether no token sees later ones and the last one of the text is its embedding."""
        text = self._text
        if getattr(text, "attn_mask", None) is None or getattr(text, "use_pad_mask", False):
            return False
        # A class token stands behind the padding.
        has_class_token = getattr(text, "cls_emb", None) is not None
        return self._pool_type in ("argmax", "eos") and not has_class_token

    @property
    def _text(self) -> Any:
        """What holds the parts of the text tower: in open_clip's CLIP the model itself."""
        return getattr(self.module, "text", self.module)

    @property
    def _dtype(self) -> torch.dtype:
        return next(self.module.parameters()).dtype

    # -- encoding
    # ---------------------------------------------------------------------------------------------

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """Token ids of texts, as they are given (no cleaning): int64 (N, L).

        Raises:
            DataError: `texts` is not a sequence of strings.
            ConfigError: the model's vocabulary is smaller than its tokenizer's.
        """
        texts = checked_texts(texts)
        if not texts:
            return torch.zeros(0, self.context_length, dtype=torch.int64)
        token_ids = self._tokenize_to(texts, self.context_length)
        # Checked here: an id out of range leaves a GPU unusable, and nothing says which it was.
        highest = int(token_ids.max())
        if highest >= self.vocab_size:
            raise ConfigError(
                f"the tokenizer gave token id {highest}, but {self.name} has a"
                f" vocabulary of {self.vocab_size}: CLIP's tokenizer needs vocab_size 49408 in its"
                " config; or pass ids of your own"
            )
        return token_ids

    def _tokenize_to(self, texts: Sequence[str], length: int) -> Tensor:
        return self._own_tokenizer()(texts, length)

    def _own_tokenizer(self) -> Tokenizer:
        if self._tokenizer is None:
            # Made when first needed: who embeds pictures alone never reads a vocabulary.
            self._tokenizer = self._make_tokenizer()
        return self._tokenizer

    def _encode_image(self, pixels: Tensor) -> Tensor:
        return self._call("encode_image", pixels.to(self._dtype))

    def _encode_text(self, token_ids: Tensor) -> Tensor:
        # Texts of full length take open_clip's own way, so that they embed as in open_clip to the
        # bit.
        if token_ids.shape[1] < self.context_length and not self._has_encoder:
            return self._encode_trimmed(token_ids)
        return self._call("encode_text", token_ids)

    def _call(self, method: str, inputs: Tensor) -> Tensor:
        # CoCa normalises unless told otherwise.
        embeddings: Tensor = getattr(self.module, method)(inputs, normalize=False)
        return embeddings

    def _encode_trimmed(self, token_ids: Tensor) -> Tensor:
        """`CLIP.encode_text` with positions and mask narrowed to the batch.

        The original adds all positions, and so takes texts of full length alone.
        """
        from open_clip.transformer import text_global_pool

        text = self._text
        length = token_ids.shape[1]
        dtype = text.transformer.get_cast_dtype()
        positions = text.positional_embedding[:length].to(dtype)
        x = text.token_embedding(token_ids).to(dtype) + positions
        x = text.transformer(x, attn_mask=text.attn_mask[:length, :length])
        x = text.ln_final(x)
        x = text_global_pool(x, token_ids, self._pool_type, eos_token_id=self._eos_id)
        embeddings: Tensor = x
        projection = text.text_projection
        if isinstance(projection, nn.Linear):
            embeddings = projection(x)
        elif projection is not None:
            embeddings = x @ projection
        return embeddings

    def text_lengths(self, token_ids: Tensor) -> Tensor:
        """How many of the positions of token ids (B, L) an embedding depends on: (B,).

        Up to the end of the text, or all of them.
        """
        if not self.trims_text:
            return torch.full_like(token_ids[:, 0], token_ids.shape[1])
        if self._has_encoder:
            return read_lengths(token_ids, int(self._text.config.pad_token_id))
        # CLIP's own rule: the end-of-text token has the highest id.
        ends = token_ids
        if self._pool_type != "argmax":
            ends = (token_ids == self._eos_id).int()
        return ends.argmax(dim=-1) + 1

    # -- structure
    # ---------------------------------------------------------------------------------------------

    def _tower(self, tower: str) -> TowerBlocks:
        check_tower(tower)
        called = f"the {tower} tower of {self.name}"
        if tower == "text" and self._has_encoder:
            return HuggingFaceBlocks(self._text, self._layouts)
        if tower == "text":
            return OwnBlocks(self._text, called)
        visual: Any = self.module.visual
        if hasattr(visual, "trunk"):
            return TrunkBlocks(visual, called)
        return OwnBlocks(visual, called)

    def blocks(self, tower: str) -> list[nn.Module]:
        """The transformer blocks of the "image" or "text" tower, first to last.

        Raises:
            BackboneError: the tower is of a kind that cannot take adapters.
        """
        blocks = self._tower(tower).blocks()
        # All are looked at now, so that nothing is attached to half a tower.
        for block in blocks:
            self.mlp(block)
        return blocks

    def block_width(self, tower: str, block: nn.Module) -> int:
        """Width D of the tokens of one of a tower's blocks."""
        return self._tower(tower).block_width(block)

    def layout(self, tower: str, block: nn.Module) -> Layout | None:
        """Which tokens of a block an adapter may attend over.

        All of a sample; windows of a Swin or ConvNeXt; in Hugging Face texts what is no padding.
        """
        return self._tower(tower).layout(block)

    def mlp(self, block: nn.Module) -> nn.Module:
        """The module whose output is that of a block's MLP.

        Raises:
            BackboneError: the block is of a kind that cannot take adapters.
        """
        return block_mlp(block, self.name)

    def mlp_norm(self, block: nn.Module) -> nn.Module:
        """The layer norm before a block's MLP; what it is given is the residual stream.

        Raises:
            BackboneError: the block is of a kind that cannot take adapters, or has none there.
        """
        return block_mlp_norm(block, self.name)

    def tower_parameters(self, tower: str) -> dict[str, nn.Parameter]:
        """Every parameter of a tower by open_clip's name, its projection included."""
        parameters = dict(self.as_built().module.named_parameters())
        if tower == "image":
            return {name: p for name, p in parameters.items() if name.startswith("visual.")}
        if self._text is not self.module:  # not CoCa's decoder, which belongs to neither tower
            return {name: p for name, p in parameters.items() if name.startswith("text.")}
        others = ("visual.", "logit_scale", "logit_bias")
        return {name: p for name, p in parameters.items() if not name.startswith(others)}

    def projection(self, tower: str) -> dict[str, nn.Parameter]:
        """The parameters of a tower's projection into the embedding space, by open_clip's names.

        Raises:
            BackboneError: the tower ends without a projection.
        """
        parameters = self.tower_parameters(tower)
        for starts in PROJECTIONS[tower]:
            projection = {name: p for name, p in parameters.items() if name.startswith(starts)}
            if projection:
                return projection
        raise BackboneError(
            f"the {tower} tower of {self.name} has no projection; choose another method"
        )

    def set_gradient_checkpointing(self, enable: bool) -> None:
        """Trade time for memory: compute the activations of blocks again in the backward pass.

        Raises:
            BackboneError: the blocks are of a kind for which open_clip cannot do it.
        """
        from open_clip.transformer import CustomResidualAttentionBlock

        # open_clip's Transformer passes four arguments to a checkpointed block; this kind takes
        # two.
        parts = self.module.modules()
        of_this_kind = any(isinstance(part, CustomResidualAttentionBlock) for part in parts)
        if enable and of_this_kind:
            raise BackboneError(
                f"{self.name} has blocks of a kind that open_clip cannot checkpoint; switch it off"
            )
        module: Any = self.module
        if not self._has_encoder:
            module.set_grad_checkpointing(enable)
            return
        # open_clip's own way switches an encoder's checkpointing on alone, and in torch's older
        # form, which gives frozen towers no gradients.
        module.visual.set_grad_checkpointing(enable)
        checkpoint_encoder(self._text.transformer, enable)

    # -- weights
    # ---------------------------------------------------------------------------------------------

    def weights(self) -> dict[str, Tensor]:
        """The backbone's own weights under open_clip's names, whatever is attached to it."""
        return dict(self.as_built().module.state_dict())

    def load_weights(self, state: Mapping[str, Tensor], source: str) -> None:
        """Load weights under open_clip's names; cast to the dtype the backbone has.

        Raises:
            WeightsError: a name is missing or unexpected or a shape differs; the message lists
                them.
        """
        load_strictly(self.weights(), state, source)

    def save(self, directory: str | Path) -> None:
        """Write a model directory that `load_backbone("local-dir:…")`, and open_clip, read.

        Raises:
            ConfigError: the directory holds something else.
        """
        write_model(
            Path(directory),
            self.config,
            self.preprocess.to_dict(),
            self.weights(),
            text_config=self._text_config,
            trunk_gelu=self._trunk_gelu,
            save_tokenizer=self._save_tokenizer,
        )

    def _save_tokenizer(self, directory: Path) -> None:
        """Write a tokenizer of Hugging Face beside a model, so that it can be read without a hub.

        open_clip's own needs no files.
        """
        if not self.config["text_cfg"].get("hf_tokenizer_name"):
            return
        try:
            tokenizer: Any = self._own_tokenizer()
        except (MissingFileError, MissingDependencyError) as error:
            log.warning("%s is saved without its tokenizer: %s", self.name, error)
            return
        tokenizer.save_pretrained(directory)
