"""HarMA: find places in aerial and satellite imagery by describing them.

Importing the package is light: torch and everything that needs it load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from harma.ground.version import __version__

if TYPE_CHECKING:
    from harma import losses, metrics
    from harma.index.index import Index
    from harma.model.model import HarMA
    from harma.model.saved import load

__all__ = ["HarMA", "Index", "__version__", "load", "losses", "metrics"]

_LAZY = {
    "HarMA": "harma.model.model",
    "Index": "harma.index.index",
    "load": "harma.model.saved",
    "losses": "harma",
    "metrics": "harma",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module 'harma' has no attribute {name!r}")
    home = _LAZY[name]
    return import_module(f"harma.{name}") if home == "harma" else getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
