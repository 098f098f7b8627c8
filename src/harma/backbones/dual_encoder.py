"""Dual encoders: an image tower of timm, a text tower of `transformers`, projections for both."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from harma.backbones.backbone import Backbone, check_tower, checked_texts
from harma.backbones.directories import write_dual_encoder
from harma.backbones.layouts import Layout
from harma.backbones.preprocess import preprocess_from
from harma.backbones.text_tokenizers import TextTokenizer
from harma.backbones.timm_blocks import trunk_mlp_norm
from harma.backbones.timm_tower import TimmTower
from harma.backbones.transformers_blocks import checkpoint_encoder, mlp_output, norm_before_mlp
from harma.backbones.transformers_tower import TransformersTower
from harma.backbones.weights.state import load_strictly
from harma.errors import BackboneError, ConfigError

CONTEXT_LENGTH = 77  # as CLIP's: 30 words of a caption fit
TEMPERATURE = 0.07


class DualEncoder(Backbone):
    """Two encoders that never saw each other, with linear maps into one space.

    Pooling: timm's for images (Swin the mean of its final normalised tokens, a vision transformer
    its first token), the first token for texts. Padding is masked, so texts may be trimmed.

    Where adapters sit: in Swin and ViT after a block's MLP, before the residual sum (SPEC 1); in
    Swin they attend inside the block's window. BERT's blocks normalise after the residual sum,
    which CLIP's do before it; there they sit after the MLP's last linear map, before dropout,
    residual sum and norm, and attend to all tokens but padding.

    Args:
        config: architecture: embed_dim, image, text; see `harma.backbones.dual_sources`.
        name: what people call it.
        reference: what `load_backbone` takes to open it again.
        preprocess: what is stated about preprocessing, in place of what timm states.
        make_tokenizer: called once, when the first text is tokenized.
    """

    # The temperature that save_model keeps; training has one of its own.
    logit_scale: nn.Parameter

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        name: str,
        reference: str | dict[str, Any],
        preprocess: Mapping[str, Any],
        make_tokenizer: Callable[[], TextTokenizer],
    ) -> None:
        super().__init__()
        self.name = name
        self.reference = reference
        if preprocess.get("bands") is not None:
            raise ConfigError(
                f"{name} is a dual encoder, which reads pictures alone; choose a model of open_clip"
                " for bands"
            )
        self.embed_dim = int(config["embed_dim"])
        options = dict(config["image"])
        # timm takes what is left as arguments of its model; weights are loaded apart.
        options.pop("weights", None)
        self.image = TimmTower(options.pop("timm"), options, self.embed_dim)
        self.text = TransformersTower(config["text"]["transformers"], self.embed_dim)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / TEMPERATURE)))
        self.context_length = self._context_length(config["text"].get("context_length"))
        self.config = {**config, "text": {**config["text"], "context_length": self.context_length}}
        self.preprocess = preprocess_from(
            {**self.image.preprocess(), **preprocess}, self.image.image_size, name
        )
        self.vocab_size = int(self.text.config["vocab_size"])
        self.trims_text = self.text.ignores_padding
        self._make_tokenizer = make_tokenizer
        self._tokenizer: TextTokenizer | None = None
        self.note_own_parts()

    def _context_length(self, stated: int | None) -> int:
        limit = self.text.max_positions
        if stated is None:
            return min(CONTEXT_LENGTH, limit or CONTEXT_LENGTH)
        if limit is not None and stated > limit:
            raise ConfigError(
                f"text: context_length is {stated}; this encoder has {limit} positions"
            )
        return stated

    # -- encoding
    # ---------------------------------------------------------------------------------------------

    @property
    def tokenizer(self) -> TextTokenizer:
        """The text encoder's own tokenizer.

        Raises:
            ConfigError: none was given.
            MissingFileError: its files are not on this machine and may not be downloaded.
        """
        if self._tokenizer is None:
            self._tokenizer = self._make_tokenizer()
        return self._tokenizer

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """Token ids of texts, as they are given (no cleaning): int64 (N, L), padded on the right.

        Raises:
            DataError: `texts` is not a sequence of strings.
            ConfigError: there is no tokenizer, or it belongs to another encoder.
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
                f" vocabulary of {self.vocab_size}; tokenizer and text encoder belong together"
            )
        return token_ids

    def _tokenize_to(self, texts: Sequence[str], length: int) -> Tensor:
        return self.tokenizer(texts, length)

    def _encode_image(self, pixels: Tensor) -> Tensor:
        embeddings: Tensor = self.image(pixels.to(self.image.projection.weight.dtype))
        return embeddings

    def _encode_text(self, token_ids: Tensor) -> Tensor:
        embeddings: Tensor = self.text(token_ids)
        return embeddings

    def text_lengths(self, token_ids: Tensor) -> Tensor:
        """Tokens of each text (B, L) that are no padding: (B,); all where padding is seen."""
        lengths = self.text.lengths(token_ids)
        if not self.trims_text:
            return torch.full_like(lengths, token_ids.shape[1])
        return lengths

    # -- structure
    # ---------------------------------------------------------------------------------------------

    def _tower(self, tower: str) -> TimmTower | TransformersTower:
        check_tower(tower)
        if tower == "image":
            return self.image
        return self.text

    def blocks(self, tower: str) -> list[nn.Module]:
        """The transformer blocks of the "image" or "text" tower, first to last.

        Raises:
            BackboneError: the tower is of a kind that cannot take adapters.
        """
        return self._tower(tower).blocks()

    def block_width(self, tower: str, block: nn.Module) -> int:
        """Width D of the tokens of one of a tower's blocks."""
        if tower == "image":
            return self.image.block_width(block)
        return int(self.text.projection.in_features)

    def layout(self, tower: str, block: nn.Module) -> Layout | None:
        """Which tokens of a block an adapter may attend over.

        A window of Swin, all of a vision transformer, what is no padding in texts.
        """
        if tower == "image":
            return self.image.layout(block)
        return self.text.layout(block)

    def mlp(self, block: nn.Module) -> nn.Module:
        """The module that puts out a block's MLP.

        The whole MLP of timm's blocks, its last linear map in BERT's.
        """
        mlp = getattr(block, "mlp", None) or mlp_output(block)
        if mlp is None:
            raise BackboneError(f"a {type(block).__name__} is no block of this backbone's towers")
        return mlp

    def mlp_norm(self, block: nn.Module) -> nn.Module:
        """The layer norm before a block's MLP; what it is given is the residual stream.

        Raises:
            BackboneError: the block normalises after its MLP, as BERT's do.
        """
        norm = trunk_mlp_norm(block) or norm_before_mlp(block)
        if norm is None:
            raise BackboneError(
                f"a {type(block).__name__} has no layer norm before its MLP, which this method"
                " needs; choose harma or bottleneck"
            )
        return norm

    def tower_parameters(self, tower: str) -> dict[str, nn.Parameter]:
        """Every parameter of a tower by its name, its projection included."""
        parameters = self.as_built().named_parameters()
        return {name: p for name, p in parameters if name.startswith(f"{tower}.")}

    def projection(self, tower: str) -> dict[str, nn.Parameter]:
        """The parameters of a tower's projection into the embedding space."""
        start = f"{tower}.projection."
        parameters = self.tower_parameters(tower)
        return {name: p for name, p in parameters.items() if name.startswith(start)}

    def set_gradient_checkpointing(self, enable: bool) -> None:
        """Trade time for memory: compute the activations of blocks again in the backward pass.

        Raises:
            BackboneError: a tower is of a kind whose library cannot do it.
        """
        trunk: Any = self.image.trunk
        try:
            trunk.set_grad_checkpointing(enable)
            checkpoint_encoder(self.text.encoder, enable)
        except (AssertionError, AttributeError, ValueError) as error:
            raise BackboneError(
                f"{self.name} has a tower that cannot be checkpointed ({error}); leave it off"
            ) from error

    # -- weights
    # ---------------------------------------------------------------------------------------------

    def weights(self) -> dict[str, Tensor]:
        """The backbone's own weights, whatever is attached: "image.trunk.…", "text.encoder.…" ."""
        return dict(self.as_built().state_dict())

    def load_weights(self, state: Mapping[str, Tensor], source: str) -> None:
        """Load weights under the names of `weights`; cast to the dtype the backbone has.

        Raises:
            WeightsError: a name is missing or unexpected or a shape differs; the message lists
                them.
        """
        load_strictly(self.weights(), state, source)

    def load_image(self, state: Mapping[str, Tensor], source: str) -> None:
        """Load the weights of a published image model under timm's names, its classifier left out.

        Raises:
            WeightsError: a name is missing or unexpected or a shape differs; the message lists
                them.
        """
        trunk = self.image.trunk.state_dict()
        load_strictly(trunk, self.image.load_trunk(state, source), source)

    def load_text(self, state: Mapping[str, Tensor], source: str) -> None:
        """Load the weights of a published text encoder, its heads left out.

        Their names are those of `transformers`.

        Raises:
            WeightsError: a name is missing or unexpected or a shape differs; the message lists
                them.
        """
        encoder = self.text.encoder.state_dict()
        load_strictly(encoder, self.text.load_encoder(state, source), source)

    def save(self, directory: str | Path) -> None:
        """Write a model directory that `load_backbone("local-dir:…")` reads, tokenizer included.

        Raises:
            ConfigError: the directory holds something else, or there is no tokenizer.
        """
        write_dual_encoder(
            Path(directory),
            self.config,
            self.preprocess.to_dict(),
            self.weights(),
            self.tokenizer.save,
        )
