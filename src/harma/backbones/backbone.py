"""What HarMA needs of a backbone: two towers that encode, their blocks, their weights."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from harma.backbones.layouts import Layout
from harma.backbones.preprocess import Preprocess
from harma.backbones.weights.state import hash_weights
from harma.errors import DataError


class Backbone(nn.Module, ABC):
    """Two towers that map images and texts into one space.

    Attributes:
        name: what people call it.
        reference: what `load_backbone` takes to open it again (JSON and YAML can hold it); random
            weights differ then.
        config: the architecture; what `save` writes.
        preprocess: how images become pixels.
        embed_dim: E, length of an embedding.
        context_length: longest caption in tokens.
        trims_text: whether a text embedding is independent of what follows the end of the text, so
            that a batch may be cut to its longest caption.
        attached: the method that was attached to it; there is one at most.
        is_random: whether weights were drawn at random, so that nothing can open them again.
    """

    name: str
    reference: str | dict[str, Any]
    config: dict[str, Any]
    preprocess: Preprocess
    embed_dim: int
    context_length: int
    trims_text: bool
    attached: str | None = None
    is_random: bool = False

    @abstractmethod
    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """Token ids of texts, as they are given (no cleaning): int64 (N, L)."""

    @abstractmethod
    def encode_image(self, pixels: Tensor) -> Tensor:
        """Encode pixels (B, 3, H, W) → (B, E), not normalised."""

    @abstractmethod
    def encode_text(self, token_ids: Tensor) -> Tensor:
        """Encode token ids (B, L) → (B, E), not normalised; L may be below `context_length` only if `trims_text`."""

    @abstractmethod
    def text_lengths(self, token_ids: Tensor) -> Tensor:
        """How many of the positions of token ids (B, L) an embedding depends on: (B,)."""

    @abstractmethod
    def blocks(self, tower: str) -> list[nn.Module]:
        """The transformer blocks of the "image" or "text" tower, first to last.

        Raises:
            BackboneError: the tower is of a kind that cannot take adapters.
        """

    @abstractmethod
    def width(self, tower: str) -> int:
        """Width D of a tower's tokens.

        Raises:
            BackboneError: the tower is of a kind that cannot take adapters, or its blocks differ in
                width.
        """

    def block_width(self, tower: str, block: nn.Module) -> int:
        """Width D of the tokens of one of a tower's blocks."""
        return self.width(tower)

    def layout(self, tower: str, block: nn.Module) -> Layout | None:
        """Which tokens of a block's features an adapter may attend over; None: all of a sample."""
        return None

    @abstractmethod
    def mlp(self, block: nn.Module) -> nn.Module:
        """The module whose output is that of a block's MLP; see `harma.methods.harma.attach.put_site`.

        Raises:
            BackboneError: the block is of a kind that cannot take adapters.
        """

    @abstractmethod
    def mlp_norm(self, block: nn.Module) -> nn.Module:
        """The layer norm before a block's MLP; what it is given is the residual stream.

        Raises:
            BackboneError: the block is of a kind that cannot take adapters.
        """

    @abstractmethod
    def tower_parameters(self, tower: str) -> dict[str, nn.Parameter]:
        """Every parameter of a tower by its library's name, its projection included."""

    @abstractmethod
    def projection(self, tower: str) -> dict[str, nn.Parameter]:
        """The parameters of a tower's projection into the embedding space, by its library's names.

        Raises:
            BackboneError: the tower ends without a projection.
        """

    @abstractmethod
    def weights(self) -> dict[str, Tensor]:
        """The backbone's own weights, adapters left out, under the names of its library."""

    @abstractmethod
    def load_weights(self, state: Mapping[str, Tensor], source: str) -> None:
        """Load weights under the names of `weights`.

        Args:
            state: name → tensor; cast to the dtype the backbone has.
            source: where they come from, for messages.

        Raises:
            WeightsError: a name is missing or unexpected or a shape differs; the message lists
                them.
        """

    @abstractmethod
    def set_gradient_checkpointing(self, enable: bool) -> None:
        """Trade time for memory: keep no activations inside blocks, compute them again in the backward pass."""

    @abstractmethod
    def save(self, directory: str | Path) -> None:
        """Write a model directory that `load_backbone("local-dir:…")` reads."""

    def check_pixels(self, pixels: Tensor) -> None:
        """Make sure that pixels are what `encode_image` takes.

        Raises:
            DataError: they have another shape or are not floating point.
        """
        height, width = self.preprocess.size
        if (
            pixels.ndim != 4
            or pixels.shape[1:] != (3, height, width)
            or not pixels.is_floating_point()
        ):
            raise DataError(
                f"pixels are {pixels.dtype} of shape {tuple(pixels.shape)}; {self.name} takes"
                f" floating point (B, 3, {height}, {width}), resized and normalised as its"
                " `preprocess` says"
            )

    def weights_hash(self) -> str:
        """Hash of names, dtypes, shapes and values of `weights`: "sha256:…"."""
        return hash_weights(self.weights())


def checked_texts(texts: Sequence[str]) -> list[str]:
    """Texts as a list; one string is one text.

    Raises:
        DataError: something among them is no string.
    """
    texts = [texts] if isinstance(texts, str) else list(texts)
    for text in texts:
        if not isinstance(text, str):
            raise DataError(f"a text is {text!r} ({type(text).__name__}); tokenize takes strings")
    return texts
