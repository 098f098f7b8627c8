"""Which model made the embeddings of a file, and whether they belong into an index."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from harma.errors import ConfigError
from harma.exchange.embedding_file import EmbeddingFile
from harma.index.settings import FOREIGN, Settings
from harma.scenes.raster import Reading
from harma.scenes.windows import Tiling


def import_settings(
    file: EmbeddingFile, model: str | Path | None, backbone: str | None, label: str | None
) -> tuple[Settings, Any]:
    """What a new index of a file would be made with, and the model if it was loaded.

    Args:
        file: to import.
        model: what embedded, as `harma.load` takes it, or None.
        backbone: where its backbone is, if not where it says.
        label: name of a model that HarMA cannot load, or None.

    Raises:
        ConfigError: the model is not named, or is not the one that made the file.
    """
    path, own, loaded = file.layout.path, file.settings, None
    if model is not None and label is not None:
        raise ConfigError(
            f"a model ({model}) and a label ({label}) are given; a label is for models HarMA cannot"
            " load"
        )
    if model is not None:
        from harma.model.fingerprint import model_id
        from harma.model.saved import load

        loaded = load(model, backbone=backbone)
        name, own_id = (
            (str(Path(model).resolve()) if Path(model).exists() else str(model)),
            model_id(loaded),
        )
        if loaded.embed_dim != file.layout.embed_dim:
            raise ConfigError(
                f"the embeddings of {path} have {file.layout.embed_dim} numbers, those of {model}"
                f" {loaded.embed_dim}; name the model that made them"
            )
    elif label is not None:
        name, own_id = label, FOREIGN + hashlib.sha256(label.encode()).hexdigest()[:16]
    elif own is not None:
        return own, None
    else:
        raise ConfigError(
            f"{path} does not say which model made its embeddings; name it with model (--model), or"
            " with label (--label) if HarMA cannot load it"
        )
    if own is None:
        return (
            Settings(name, backbone, own_id, file.layout.embed_dim, Tiling(), Reading(), 0.5),
            loaded,
        )
    if own.model_id != own_id:
        raise ConfigError(
            f"{path} was exported with embeddings of {own.model} ({own.model_id}); {name} is"
            f" {own_id}. Leave the model out, or name that one"
        )
    return replace(own, model=name, backbone=backbone), loaded


def check_fits(path: Path, kept: Settings, given: Settings, *, is_export: bool) -> None:
    """Whether the embeddings of a file belong into an index that is there.

    Args:
        path: of the file.
        kept: of the index.
        given: of the file.
        is_export: whether the file was exported from an index, whose scenes were cut and read in
            one way.

    Raises:
        ConfigError: they do not.
    """
    if (kept.model_id, kept.embed_dim) != (given.model_id, given.embed_dim):
        raise ConfigError(
            f"the index is of the model {kept.model} ({kept.model_id}, {kept.embed_dim} numbers),"
            f" {path} of {given.model} ({given.model_id}, {given.embed_dim} numbers); their"
            " embeddings do not compare. Import it into another index"
        )
    for name in ("tiling", "reading", "max_nodata") if is_export else ():
        if getattr(kept, name) != getattr(given, name):
            raise ConfigError(
                f"the index was made with {name} {getattr(kept, name)}, {path} with"
                f" {getattr(given, name)}; import it into another index"
            )
