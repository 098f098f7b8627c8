"""Dual encoders with a name: published towers, and how many weights they have together."""

from dataclasses import dataclass
from typing import Any

BERT = {"transformers": "bert-base-uncased", "weights": "pretrained"}


@dataclass(frozen=True)
class DualPreset:
    """Two published towers; the projections are untrained.

    Attributes:
        about: the towers in words.
        description: what `load_backbone` takes.
        image_parameters: weights of the image tower, its projection included.
        text_parameters: weights of the text tower, its projection included.
    """

    about: str
    description: dict[str, Any]
    image_parameters: int
    text_parameters: int

    @property
    def parameters(self) -> int:
        """Weights of both towers and the one of the temperature."""
        return self.image_parameters + self.text_parameters + 1


DUAL_ENCODERS: dict[str, DualPreset] = {
    "swin-bert": DualPreset(
        about="Swin-T (224 px, ImageNet-1k, MIT) and BERT-base (uncased, Apache-2.0)",
        description={
            "image": {"timm": "swin_tiny_patch4_window7_224", "weights": "pretrained"},
            "text": BERT,
            "embed_dim": 512,
        },
        image_parameters=27_913_082,
        text_parameters=109_285_376,
    ),
    "vit-bert": DualPreset(
        about=(
            "ViT-S/16 (224 px, ImageNet-21k and -1k, Apache-2.0) and BERT-base (uncased,"
            " Apache-2.0)"
        ),
        description={
            "image": {"timm": "vit_small_patch16_224", "weights": "pretrained"},
            "text": BERT,
            "embed_dim": 512,
        },
        image_parameters=21_862_784,
        text_parameters=109_285_376,
    ),
}
