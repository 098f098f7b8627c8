"""Backbones, what is adapted: CLIP of open_clip, dual encoders of timm and transformers."""

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
