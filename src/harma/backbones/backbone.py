"""What HarMA needs of a backbone: two towers that encode, their blocks, their weights."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn

from harma.backbones.config_bounds import NOT_BUILT, OF_ANOTHER_KIND
from harma.backbones.cut_texts import CutText, find_cut_texts
from harma.backbones.layouts import Layout
from harma.backbones.preprocess import Preprocess
from harma.backbones.views import bare_view, next_hook, note_parts
from harma.backbones.weights.state import hash_weights
from harma.errors import BackboneError, ConfigError, DataError, HarmaError
from harma.ground.messages import plain_reason
from harma.ground.towers import TOWERS, Tower

Values = Mapping[nn.Parameter, Tensor]


class _Bare(NamedTuple):
    """A backbone that is bare, and what its parameters are then."""

    backbone: "Backbone"
    values: Values


# The contexts of `Backbone.bare` that whoever is calling now is inside of. A context variable and
# no attribute: other threads, and other tasks of a server, go on as they were.
_BARE: ContextVar[tuple[_Bare, ...]] = ContextVar("bare", default=())


class Backbone(nn.Module, ABC):
    """Two towers that map images and texts into one space.

    What belongs to it is noted when it is built (`note_own_parts`), so that `weights`, and what it
    computes inside `bare`, are its own whatever a method puts into its modules, and wherever.

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
        is_own_config: whether somebody's own config states it, and no name that is known.
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
    is_own_config: bool = False
    _hooks_of_method: range = range(0)

    # -- what is its own
    # ---------------------------------------------------------------------------------------------

    def note_own_parts(self) -> None:
        """Note what the backbone consists of; a subclass calls it once, when all of it is built."""
        self._own_parts = note_parts(self)
        # Towers that have embedded something.
        self._embedded: set[Tower] = set()

    @contextmanager
    def attaching(self, method: str) -> Iterator[None]:
        """Within this context a method is attached: the hooks it registers are noted as its own.

        Raises:
            ConfigError: another one has been attached.
        """
        if self.attached is not None:
            raise ConfigError(
                f"this backbone has method {self.attached} attached already; load it anew"
            )
        # Hooks are numbered in the order they are registered, over all modules there are.
        first = next_hook()
        yield
        self._hooks_of_method = range(first, next_hook())
        self.attached = method

    @contextmanager
    def bare(self, values: Values) -> Iterator[None]:
        """Within this context the backbone is what it was built as, for the calling thread alone.

        Args:
            values: what parameters were before training, where a method trains them in place.
        """
        entered = _Bare(self, values)
        _BARE.set((*_BARE.get(), entered))
        try:
            yield
        finally:
            # Itself alone, and no reset to what was before: those that were entered later may last
            # longer, and a generator may be closed by another thread or task than began it.
            _BARE.set(tuple(other for other in _BARE.get() if other is not entered))

    @property
    def is_bare(self) -> bool:
        """Whether the caller is inside `bare`."""
        return any(entered.backbone is self for entered in _BARE.get())

    def as_built(self) -> Self:
        """A view without what was attached; inside `bare` with the values from before training."""
        values: Values = {}
        for entered in _BARE.get():
            if entered.backbone is self:
                values = entered.values
        return bare_view(self, self._own_parts, without_hooks=self._hooks_of_method, values=values)

    def in_call(self) -> Self:
        """What a call computes with: the backbone, or inside `bare` its own view."""
        # Made anew for every call, in a millisecond: the model may have been moved or set to train.
        return self.as_built() if self.is_bare else self

    # -- encoding
    # ---------------------------------------------------------------------------------------------

    @abstractmethod
    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """Token ids of texts, as they are given (no cleaning): int64 (N, L)."""

    def cut_texts(self, texts: Sequence[str], token_ids: Tensor) -> list[CutText]:
        """Those of texts (N) that are not read to their end.

        Args:
            texts: as given to `tokenize`.
            token_ids: what it gave (N, L).
        """
        return list(find_cut_texts(self._tokenize_to, texts, token_ids))

    @abstractmethod
    def _tokenize_to(self, texts: Sequence[str], length: int) -> Tensor:
        """Token ids (N, length) of texts, as `tokenize` gives them for the context length."""

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Encode pixels (B, C, H, W) → (B, E), not normalised; C is 3, or the number of bands.

        Raises:
            DataError: the pixels have another shape or are not floating point.
        """
        self.check_pixels(pixels)
        with self._as_stated("image"):
            return self.in_call()._encode_image(pixels)

    def encode_text(self, token_ids: Tensor) -> Tensor:
        """Encode token ids (B, L) → (B, E), not normalised.

        L is `context_length`, or up to it where `trims_text`.

        Raises:
            DataError: the ids have another shape or are not integers.
        """
        self.check_token_ids(token_ids)
        with self._as_stated("text"):
            return self.in_call()._encode_text(token_ids)

    @contextmanager
    def _as_stated(self, tower: Tower) -> Iterator[None]:
        """Tell a config whose sizes do not fit, which only a first input shows.

        Raises:
            ConfigError: a tower of somebody's own config fails, and has never embedded anything.
        """
        if not self.is_own_config or tower in self._embedded:
            yield
            return
        try:
            yield
        except (HarmaError, torch.cuda.OutOfMemoryError, MemoryError):
            raise
        except NOT_BUILT as error:
            reason = plain_reason(error, OF_ANOTHER_KIND, length=300)
            raise ConfigError(
                f"{self.name}: the {tower} tower of this config embeds nothing ({reason})"
            ) from error
        self._embedded.add(tower)

    @abstractmethod
    def _encode_image(self, pixels: Tensor) -> Tensor:
        """Encode pixels (B, C, H, W), checked."""

    @abstractmethod
    def _encode_text(self, token_ids: Tensor) -> Tensor:
        """Encode token ids (B, L), checked."""

    @abstractmethod
    def text_lengths(self, token_ids: Tensor) -> Tensor:
        """How many of the positions of token ids (B, L) an embedding depends on: (B,)."""

    # -- structure
    # ---------------------------------------------------------------------------------------------

    @abstractmethod
    def blocks(self, tower: str) -> list[nn.Module]:
        """The transformer blocks of the "image" or "text" tower, first to last.

        Raises:
            BackboneError: the tower is of a kind that cannot take adapters.
        """

    @abstractmethod
    def block_width(self, tower: str, block: nn.Module) -> int:
        """Width D of the tokens of one of a tower's blocks."""

    def width(self, tower: str) -> int:
        """Width D of a tower's tokens.

        Raises:
            BackboneError: the tower is of a kind that cannot take adapters, or its blocks differ in
                width, as Swin's and ConvNeXt's do.
        """
        # A dict, which keeps them in their order.
        widths = {self.block_width(tower, block): None for block in self.blocks(tower)}
        if len(widths) > 1:
            listed = ", ".join(map(str, widths))
            raise BackboneError(
                f"the {tower} tower of {self.name} has blocks of the widths {listed}, and this"
                " method needs one; choose harma or bottleneck, or an image tower such as"
                " vit_small_patch16_224"
            )
        return next(iter(widths))

    def layout(self, tower: str, block: nn.Module) -> Layout | None:
        """Which tokens of a block's features an adapter may attend over; None: all of a sample."""
        return None

    @abstractmethod
    def mlp(self, block: nn.Module) -> nn.Module:
        """The module whose output is that of a block's MLP; see `harma.methods.sites.put_site`.

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

    # -- weights
    # ---------------------------------------------------------------------------------------------

    @abstractmethod
    def weights(self) -> dict[str, Tensor]:
        """The backbone's own weights under the names of its library, whatever is attached to it."""

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
        """Trade time for memory: activations inside blocks are computed again in the backward pass.

        Set once, before training; what a call sees (`bare`) holds for what it computes again, too.
        """

    @abstractmethod
    def save(self, directory: str | Path) -> None:
        """Write a model directory that `load_backbone("local-dir:…")` reads."""

    def check_pixels(self, pixels: Tensor) -> None:
        """Make sure that pixels are what `encode_image` takes.

        Raises:
            DataError: they have another shape or are not floating point.
        """
        channels, height, width = self.preprocess.shape
        if (
            pixels.ndim != 4
            or pixels.shape[1:] != (channels, height, width)
            or not pixels.is_floating_point()
        ):
            raise DataError(
                f"pixels are {pixels.dtype} of shape {tuple(pixels.shape)}; {self.name} takes"
                f" floating point (B, {channels}, {height}, {width}), resized and normalised as its"
                " `preprocess` says"
            )

    def check_token_ids(self, token_ids: Tensor) -> None:
        """Make sure that token ids are what `encode_text` takes.

        Raises:
            DataError: they have another shape or are not integers.
        """
        longest = self.context_length
        shortest = 1 if self.trims_text else longest
        length = token_ids.shape[1] if token_ids.ndim == 2 else 0
        if not shortest <= length <= longest or token_ids.is_floating_point():
            allowed = f"{longest}"
            if self.trims_text:
                allowed = f"1 to {longest}"
            raise DataError(
                f"token ids are {token_ids.dtype} of shape {tuple(token_ids.shape)}; {self.name}"
                f" takes integers (B, L) with L = {allowed}, as `tokenize` gives them"
            )

    def weights_hash(self) -> str:
        """Hash of names, dtypes, shapes and values of `weights`: "sha256:…"."""
        return hash_weights(self.weights())


def check_tower(tower: str) -> None:
    """Check that a tower's name is one.

    Raises:
        BackboneError: it is not.
    """
    if tower not in TOWERS:
        raise BackboneError(f"tower is {tower!r}; allowed are {', '.join(TOWERS)}")


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
