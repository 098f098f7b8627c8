"""Image towers of dual encoders: any timm model, with a projection."""

import logging
import sys
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from harma.backbones.architecture import close_matches
from harma.backbones.layouts import WindowLayout
from harma.errors import BackboneError, ConfigError, WeightsError

log = logging.getLogger(__name__)

# What the tower itself decides: no classifier, embeddings from timm's own pooling, weights from
# where we say.
OWN_OPTIONS = ("pretrained", "num_classes", "checkpoint_path", "features_only", "in_chans")
SUPPORTED = "adapters go into timm's Swin (swin_…) and vision transformers (vit_…, deit_…)"


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

    def __init__(self, name: str, options: Mapping[str, Any], embed_dim: int) -> None:
        super().__init__()
        self.name = name
        self._stated_size = options.get("img_size")
        self.trunk = build_trunk(name, options)
        trunk: Any = self.trunk
        self.projection = nn.Linear(
            int(getattr(trunk, "head_hidden_size", None) or trunk.num_features), embed_dim
        )

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width) of the pixels the model takes."""
        trunk: Any = self.trunk
        size = getattr(getattr(trunk, "patch_embed", None), "img_size", None) or self._stated_size
        size = size or trunk.pretrained_cfg["input_size"][1:]
        height, width = (size, size) if isinstance(size, int) else size
        return int(height), int(width)

    def preprocess(self) -> dict[str, Any]:
        """What timm states about preprocessing: mean, std and interpolation that belong to its weights."""
        trunk: Any = self.trunk
        stated = trunk.pretrained_cfg
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
        from timm.models.swin_transformer import SwinTransformer, SwinTransformerBlock
        from timm.models.vision_transformer import Block, VisionTransformer

        trunk: Any = self.trunk
        blocks: list[nn.Module] = []
        if isinstance(trunk, SwinTransformer):
            blocks = [block for stage in trunk.layers for block in stage.blocks]
        elif isinstance(trunk, VisionTransformer):
            blocks = list(trunk.blocks)
        if not blocks or not all(
            isinstance(block, SwinTransformerBlock | Block) for block in blocks
        ):
            raise BackboneError(
                f"the image tower {self.name} is a {type(trunk).__name__}; {SUPPORTED}"
            )
        return blocks

    def block_width(self, block: nn.Module) -> int:
        """Width of a block's tokens; Swin's stages differ."""
        norm: Any = block.norm2
        return int(norm.normalized_shape[-1])

    def layout(self, block: nn.Module) -> WindowLayout | None:
        """The windows of a Swin block; None where attention runs over the whole image."""
        swin: Any = block
        if not hasattr(swin, "window_size"):
            return None
        return WindowLayout(
            tuple(swin.input_resolution), tuple(swin.window_size), tuple(swin.shift_size)
        )

    def load_trunk(self, state: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
        """A published file's weights under the names of this model: its classifier left out, older names renamed.

        Raises:
            WeightsError: they belong to a model of another kind, so that timm cannot convert them.
        """
        trunk: Any = self.trunk
        convert = getattr(sys.modules[type(trunk).__module__], "checkpoint_filter_fn", None)
        try:
            converted: dict[str, Tensor] = dict(convert(dict(state), trunk) if convert else state)
        except (
            KeyError,
            IndexError,
            ValueError,
            TypeError,
            AttributeError,
            RuntimeError,
            AssertionError,
        ) as error:
            raise WeightsError(
                f"{source}: timm cannot read these weights as those of {self.name}"
                f" ({type(error).__name__}: {error}); they belong to another model"
            ) from error
        classifiers = trunk.pretrained_cfg.get("classifier") or ()
        classifiers = (classifiers,) if isinstance(classifiers, str) else classifiers
        dropped = [
            name for name in converted if name.startswith(tuple(f"{head}." for head in classifiers))
        ]
        if dropped:
            log.info("%s: the classifier is left out: %s", source, ", ".join(dropped))
        return {name: value for name, value in converted.items() if name not in dropped}


def build_trunk(name: str, options: Mapping[str, Any]) -> nn.Module:
    """Build a timm model without classifier, its weights drawn at random.

    Raises:
        BackboneError: timm has no model of this name.
        ConfigError: timm cannot build it with these options.
    """
    if not timm().is_model(name):
        raise BackboneError(
            f"{name!r} is not a model of timm{close_matches(name, timm().list_models())}"
        )
    if own := [key for key in OWN_OPTIONS if key in options]:
        raise ConfigError(f"image: {', '.join(own)} cannot be set; the tower decides them")
    if "global_pool" in options and not options["global_pool"]:
        raise ConfigError(
            f"image: global_pool is {options['global_pool']!r}, but an image has one embedding;"
            " leave it out, or name a pooling of the model, such as avg"
        )
    given = {
        key: tuple(value) if isinstance(value, list) else value for key, value in options.items()
    }
    try:
        trunk: nn.Module = timm().create_model(name, pretrained=False, num_classes=0, **given)
    except (
        TypeError,
        ValueError,
        AssertionError,
        RuntimeError,
        ZeroDivisionError,
        IndexError,
    ) as error:
        reason = str(error) or type(error).__name__
        raise ConfigError(
            f"image: timm cannot build {name} with {dict(options)}: {reason}"
        ) from error
    return trunk
