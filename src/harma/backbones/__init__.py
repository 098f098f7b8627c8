"""Backbones, what is adapted: CLIP of open_clip, dual encoders of timm and transformers.

Its modules can be imported without torch where they need none: names are looked up when asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harma.backbones.backbone import Backbone
    from harma.backbones.dual_presets import DUAL_ENCODERS, DualPreset
    from harma.backbones.load import load_backbone
    from harma.backbones.open_clip_backbone import OpenClipBackbone
    from harma.backbones.preprocess import Preprocess
    from harma.backbones.presets import PRESETS, Preset

__all__ = [
    "DUAL_ENCODERS",
    "PRESETS",
    "Backbone",
    "DualPreset",
    "OpenClipBackbone",
    "Preprocess",
    "Preset",
    "load_backbone",
]

# Name → the module that has it.
_HOMES = {
    "DUAL_ENCODERS": "dual_presets",
    "PRESETS": "presets",
    "Backbone": "backbone",
    "DualPreset": "dual_presets",
    "OpenClipBackbone": "open_clip_backbone",
    "Preprocess": "preprocess",
    "Preset": "presets",
    "load_backbone": "load",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'harma.backbones' has no attribute {name!r}")
    return getattr(import_module(f"harma.backbones.{_HOMES[name]}"), name)
