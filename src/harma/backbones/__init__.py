"""What is adapted: CLIP models of open_clip, by name, preset, file or config."""

from harma.backbones.backbone import Backbone
from harma.backbones.load import load_backbone
from harma.backbones.open_clip_backbone import OpenClipBackbone
from harma.backbones.preprocess import Preprocess
from harma.backbones.presets import PRESETS, Preset

__all__ = ["PRESETS", "Backbone", "OpenClipBackbone", "Preprocess", "Preset", "load_backbone"]
