"""The method: gated adapters for the blocks of two towers, some of them shared between the towers."""

from harma.adapters.config import AdapterConfig

__all__ = ["AdapterConfig"]
