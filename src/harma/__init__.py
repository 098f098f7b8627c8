"""HarMA: find places in aerial and satellite imagery by describing them.

    model      HarMA, load, save            a model and its saved form
               ExportedModel                one that `harma export` wrote for an engine
    training   train, resume                from a recipe to a run
    measuring  evaluate, compare            figures of a model, tables of many runs
    using      classify, Index              classes of images; an archive that is searched
    asking     Query, Text, Picture, Chip, Vector, Where, Page
    parts      losses, metrics
    errors     HarmaError and one class for each thing that a caller does differently

Importing the package is light: torch and everything that needs it load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from harma.errors import (
    BackboneError,
    BusyError,
    ConfigError,
    ConflictError,
    DataError,
    DownloadError,
    GoneError,
    HarmaError,
    MediaTypeError,
    MissingDependencyError,
    MissingFileError,
    ModelMismatchError,
    NotFoundError,
    OffEarthError,
    QueryError,
    StateError,
    StorageError,
    TooLargeError,
    TrainingError,
    WeightsError,
)
from harma.ground.version import __version__

if TYPE_CHECKING:
    from harma import losses, metrics
    from harma.comparison.compare import compare
    from harma.index.ask import Chip, Page, Picture, Query, Text, Vector, Where
    from harma.index.index import Index
    from harma.model.exported.model import ExportedModel
    from harma.model.model import HarMA
    from harma.model.saved import load, save
    from harma.model.zeroshot import classify
    from harma.training.evaluate import evaluate
    from harma.training.launch import resume, train

__all__ = [
    "BackboneError",
    "BusyError",
    "Chip",
    "ConfigError",
    "ConflictError",
    "DataError",
    "DownloadError",
    "ExportedModel",
    "GoneError",
    "HarMA",
    "HarmaError",
    "Index",
    "MediaTypeError",
    "MissingDependencyError",
    "MissingFileError",
    "ModelMismatchError",
    "NotFoundError",
    "OffEarthError",
    "Page",
    "Picture",
    "Query",
    "QueryError",
    "StateError",
    "StorageError",
    "Text",
    "TooLargeError",
    "TrainingError",
    "Vector",
    "WeightsError",
    "Where",
    "__version__",
    "classify",
    "compare",
    "evaluate",
    "load",
    "losses",
    "metrics",
    "resume",
    "save",
    "train",
]

# Name → the module that has it; "" for a module of the package itself.
_HOMES = {
    "Chip": "harma.index.ask",
    "ExportedModel": "harma.model.exported.model",
    "HarMA": "harma.model.model",
    "Index": "harma.index.index",
    "Page": "harma.index.ask",
    "Picture": "harma.index.ask",
    "Query": "harma.index.ask",
    "Text": "harma.index.ask",
    "Vector": "harma.index.ask",
    "Where": "harma.index.ask",
    "classify": "harma.model.zeroshot",
    "compare": "harma.comparison.compare",
    "evaluate": "harma.training.evaluate",
    "load": "harma.model.saved",
    "losses": "",
    "metrics": "",
    "resume": "harma.training.launch",
    "save": "harma.model.saved",
    "train": "harma.training.launch",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'harma' has no attribute {name!r}")
    home = _HOMES[name]
    if home:
        return getattr(import_module(home), name)
    return import_module(f"harma.{name}")


def __dir__() -> list[str]:
    return sorted(__all__)
