"""Image towers of dual encoders: any timm model, with a projection."""

import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from harma.backbones.architecture import close_matches
from harma.backbones.config_bounds import NOT_BUILT, OF_ANOTHER_KIND
from harma.backbones.layouts import WindowLayout
from harma.backbones.timm_blocks import trunk_block_width, trunk_blocks, trunk_layout
from harma.errors import BackboneError, ConfigError, WeightsError
from harma.ground.messages import kind_of, plain_reason

log = logging.getLogger(__name__)

# What the tower itself decides: no classifier, embeddings from timm's own pooling, weights from
# where we say.
OWN_OPTIONS = ("pretrained", "num_classes", "checkpoint_path", "features_only", "in_chans")
NOT_CONVERTED = (
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    AssertionError,
)


def timm() -> Any:
    """The package timm: imported when first needed, since that takes seconds."""
    import timm

    return timm


class TimmTower(nn.Module):
    """A timm model without its classifier, and a linear map to embeddings.

    timm pools: Swin takes the mean of its final normalised tokens, a vision transformer its first
    token.

    Args:
        name: of the timm model, such as "swin_tiny_patch4_window7_224".
        options: of the model that differ, such as `embed_dim` or `depths`.
        embed_dim: E.

    Raises:
        BackboneError: timm has no model of this name.
        ConfigError: timm cannot build it with these options.
    """

    def __init__(self, name: str, options: Mapping[str, object], embed_dim: int) -> None:
        super().__init__()
        self.name = name
        self._stated_size: Any = options.get("img_size")
        self.trunk = build_trunk(name, options)
        width = int(getattr(self._trunk, "head_hidden_size", None) or self._trunk.num_features)
        self.projection = nn.Linear(width, embed_dim)

    @property
    def _trunk(self) -> Any:
        """The trunk, for attributes that only timm knows."""
        return self.trunk

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width) of the pixels the model takes."""
        patches = getattr(self._trunk, "patch_embed", None)
        # Not every model keeps its size; then it is what was stated, or what its weights had.
        size = getattr(patches, "img_size", None) or self._stated_size
        if not size:
            size = self._trunk.pretrained_cfg["input_size"][1:]
        if isinstance(size, int):
            return size, size
        height, width = size
        return int(height), int(width)

    def preprocess(self) -> dict[str, Any]:
        """What timm states about preprocessing: mean, std and interpolation of its weights."""
        stated = self._trunk.pretrained_cfg
        return {key: stated[key] for key in ("mean", "std", "interpolation") if stated.get(key)}

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, H, W) → embeddings (B, E), not normalised."""
        embeddings: Tensor = self.projection(self.trunk(pixels))
        return embeddings

    def blocks(self) -> list[nn.Module]:
        """The transformer blocks, first to last, over all stages.

        Raises:
            BackboneError: the model has blocks that cannot take adapters.
        """
        return trunk_blocks(self._trunk, f"the image tower {self.name}")

    def block_width(self, block: nn.Module) -> int:
        """Width of a block's tokens; Swin's stages differ."""
        return trunk_block_width(block)

    def layout(self, block: nn.Module) -> WindowLayout | None:
        """The windows of a block; None where attention runs over the whole image."""
        return trunk_layout(self._trunk, block, self.image_size)

    def load_trunk(self, state: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
        """A published file's weights under the names of this model.

        Its classifier is left out, older names are renamed.

        Raises:
            WeightsError: they belong to a model of another kind, so that timm cannot convert them.
        """
        trunk = self._trunk
        converted = dict(state)
        convert = getattr(sys.modules[type(trunk).__module__], "checkpoint_filter_fn", None)
        if convert is not None:
            try:
                converted = dict(convert(converted, trunk))
            except NOT_CONVERTED as error:
                raise WeightsError(
                    f"{source}: timm cannot read these weights as those of {self.name}"
                    f" ({type(error).__name__}: {error}); they belong to another model"
                ) from error
        starts = _starts_of_classifiers(trunk.pretrained_cfg.get("classifier"))
        dropped = [name for name in converted if name.startswith(starts)]
        if dropped:
            log.info("%s: the classifier is left out: %s", source, ", ".join(dropped))
        return {name: value for name, value in converted.items() if name not in dropped}


def _starts_of_classifiers(stated: str | Sequence[str] | None) -> tuple[str, ...]:
    """How the names of a model's classifiers begin; a distilled one has two."""
    if not stated:
        return ()
    if isinstance(stated, str):
        return (f"{stated}.",)
    return tuple(f"{head}." for head in stated)


def build_trunk(name: str, options: Mapping[str, object]) -> nn.Module:
    """Build a timm model without classifier, its weights drawn at random.

    Raises:
        BackboneError: timm has no model of this name.
        ConfigError: timm cannot build it with these options.
    """
    if not isinstance(name, str):
        raise ConfigError(f"the name of a model of timm is {kind_of(name)}; it must be a text")
    # Asked first, as timm's own error of an unknown name has no close matches.
    if not timm().is_model(name):
        raise BackboneError(
            f"{name!r} is not a model of timm{close_matches(name, timm().list_models())}"
        )
    _check_options(options)
    # YAML has lists only; timm compares with tuples.
    given = dict(options)
    for key, value in options.items():
        if isinstance(value, list):
            given[key] = tuple(value)
    try:
        trunk: nn.Module = timm().create_model(name, pretrained=False, num_classes=0, **given)
    except ConfigError:
        raise
    except NOT_BUILT as error:
        reason = plain_reason(error, OF_ANOTHER_KIND, length=1000)
        raise ConfigError(
            f"image: timm cannot build {name} with {dict(options)}: {reason}"
        ) from error
    return trunk


def _check_options(options: Mapping[str, object]) -> None:
    """Check that options leave alone what the tower decides.

    Raises:
        ConfigError: they do not.
    """
    if decided := [key for key in OWN_OPTIONS if key in options]:
        raise ConfigError(f"image: {', '.join(decided)} cannot be set; the tower decides them")
    pooling = options.get("global_pool", "as the model")
    if not pooling:
        raise ConfigError(
            f"image: global_pool is {pooling!r}, but an image has one embedding; leave it out, or"
            " name a pooling of the model, such as avg"
        )
