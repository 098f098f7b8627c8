"""Backbones of open_clip: CLIP, CustomTextCLIP and CoCa models."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from harma.backbones.backbone import Backbone, check_tower, checked_texts
from harma.backbones.directories import write_model
from harma.backbones.preprocess import Preprocess
from harma.backbones.tokenizers import Tokenizer
from harma.backbones.weights.state import load_strictly
from harma.errors import BackboneError, ConfigError

SUPPORTED = (
    "adapters go into open_clip's own transformers, as in ViT-B-32, ViT-B-16, ViT-L-14, ViT-H-14"
    " (not into timm trunks or ResNets)"
)
# How the names of a tower's projection begin: in open_clip's own towers, then in its timm trunks
# and its Hugging Face texts.
PROJECTIONS = {
    "image": ("visual.proj", "visual.head.", "visual.attnpool.c_proj."),
    "text": ("text_projection", "text.text_projection", "text.proj"),
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
    ) -> None:
        super().__init__()
        self.module = module
        self.name = name
        self.reference = reference
        self.config = config
        self.preprocess = preprocess
        self.embed_dim = int(config["embed_dim"])
        text = self._text
        self.context_length = int(text.context_length)
        self.vocab_size = int(text.vocab_size)
        # CLIP holds the parts of its text tower itself and renames two of them.
        self._pool_type: str = getattr(text, "pool_type", None) or text.text_pool_type
        self._eos_id: int = text.eos_id if hasattr(text, "eos_id") else text.text_eos_id
        self.trims_text = self._ends_at_its_last_token()
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
        if self._tokenizer is None:
            # Made when first needed: who embeds pictures alone never reads a vocabulary.
            self._tokenizer = self._make_tokenizer()
        return self._tokenizer(texts, length)

    def _encode_image(self, pixels: Tensor) -> Tensor:
        return self._call("encode_image", pixels.to(self._dtype))

    def _encode_text(self, token_ids: Tensor) -> Tensor:
        # Texts of full length take open_clip's own way, so that they embed as in open_clip to the
        # bit.
        if token_ids.shape[1] < self.context_length:
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
        # CLIP's own rule: the end-of-text token has the highest id.
        ends = token_ids
        if self._pool_type != "argmax":
            ends = (token_ids == self._eos_id).int()
        return ends.argmax(dim=-1) + 1

    # -- structure
    # ---------------------------------------------------------------------------------------------

    def _transformer(self, tower: str) -> Any:
        from open_clip.transformer import Transformer

        check_tower(tower)
        holder = self._text
        if tower == "image":
            holder = self.module.visual
        transformer = getattr(holder, "transformer", None)
        if not isinstance(transformer, Transformer):
            raise BackboneError(
                f"the {tower} tower of {self.name} is a {type(holder).__name__}; {SUPPORTED}"
            )
        return transformer

    def blocks(self, tower: str) -> list[nn.Module]:
        """The transformer blocks of the "image" or "text" tower, first to last.

        Raises:
            BackboneError: the tower is not an open_clip transformer.
        """
        blocks = list(self._transformer(tower).resblocks)
        # All are looked at now, so that nothing is attached to half a tower.
        for block in blocks:
            self.mlp(block)
        return blocks

    def width(self, tower: str) -> int:
        """Width D of a tower's tokens.

        Raises:
            BackboneError: the tower is not an open_clip transformer.
        """
        return int(self._transformer(tower).width)

    def mlp(self, block: nn.Module) -> nn.Sequential:
        """The MLP of a block; a module appended to it sees exactly the MLP's output.

        Raises:
            BackboneError: the block is not one of open_clip's.
        """
        from open_clip.transformer import CustomResidualAttentionBlock, ResidualAttentionBlock

        mlp = getattr(block, "mlp", None)
        is_block = isinstance(block, ResidualAttentionBlock | CustomResidualAttentionBlock)
        if not is_block or not isinstance(mlp, nn.Sequential):
            raise BackboneError(
                f"a block of {self.name} is a {type(block).__name__} with the MLP"
                f" {type(mlp).__name__}; {SUPPORTED}"
            )
        return mlp

    def mlp_norm(self, block: nn.Module) -> nn.Module:
        """The layer norm before a block's MLP; what it is given is the residual stream."""
        self.mlp(block)
        norm = block.ln_2
        assert isinstance(norm, nn.Module)
        return norm

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
        starts = PROJECTIONS[tower]
        projection = {name: p for name, p in parameters.items() if name.startswith(starts)}
        if not projection:
            raise BackboneError(
                f"the {tower} tower of {self.name} has no projection; choose another method"
            )
        return projection

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
        module.set_grad_checkpointing(enable)

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
        write_model(Path(directory), self.config, self.preprocess.to_dict(), self.weights())
