"""Origin of the embeddings of a file: which model made them, and whether they fit an index."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harma.errors import ConfigError, ModelMismatchError
from harma.exchange.embedding_file import EmbeddingFile
from harma.index.settings import COMMON_SETTINGS, FOREIGN, Settings
from harma.scenes.ranges import told_ranges
from harma.scenes.reading import Reading
from harma.scenes.windows import Tiling

if TYPE_CHECKING:
    from harma.model.opened import OpenedModel


@dataclass(frozen=True)
class _Named:
    """What a person says that made the embeddings.

    Attributes:
        name: of the model, as an index keeps it.
        model_id: its fingerprint.
        model: it, if it was loaded.
    """

    name: str
    model_id: str
    model: "OpenedModel | None" = None


def import_settings(
    file: EmbeddingFile, model: str | Path | None, backbone: str | None, label: str | None
) -> tuple[Settings, "OpenedModel | None"]:
    """What a new index of a file would be made with, and the model if it was loaded.

    Args:
        file: to import.
        model: what embedded, as `harma.load` takes it, or None.
        backbone: where its backbone is, if not where it says.
        label: name of a model that HarMA cannot load, or None.

    Raises:
        ConfigError: the model is not named, or named twice.
        ModelMismatchError: it is not the one that made the file.
    """
    path = file.layout.path
    exported = file.settings
    named = _named(file, model, backbone, label)
    if named is None and exported is not None:
        return exported, None
    if named is None:
        raise ConfigError(
            f"{path} does not say which model made its embeddings; name it with model (--model), or"
            " with label (--label) if HarMA cannot load it"
        )
    if exported is None:
        # How the scenes were cut and read is not known; the defaults stand in its place, and
        # `check_fits` does not compare them.
        settings = Settings(
            named.name, backbone, named.model_id, file.layout.embed_dim, Tiling(), Reading(), 0.5
        )
        return settings, named.model
    # By fingerprint: names and paths differ from machine to machine.
    if exported.model_id != named.model_id:
        raise ModelMismatchError(
            f"{path} was exported with embeddings of {exported.model} ({exported.model_id});"
            f" {named.name} is {named.model_id}. Leave the model out, or name that one"
        )
    return replace(exported, model=named.name, backbone=backbone), named.model


def _named(
    file: EmbeddingFile, model: str | Path | None, backbone: str | None, label: str | None
) -> _Named | None:
    """What a person says that made the embeddings; None where nothing is said."""
    if model is not None and label is not None:
        raise ConfigError(
            f"a model ({model}) and a label ({label}) are given; a label is for models HarMA cannot"
            " load"
        )
    if model is not None:
        return _loaded(file, model, backbone)
    if label is not None:
        # Made from the label, so that further files under the same label belong together.
        return _Named(label, FOREIGN + hashlib.sha256(label.encode()).hexdigest()[:16])
    return None


def _loaded(file: EmbeddingFile, model: str | Path, backbone: str | None) -> _Named:
    """A model that HarMA loads, if its embeddings are as long as those of the file."""
    from harma.model.fingerprint import model_id
    from harma.model.opened import open_model

    loaded = open_model(model, backbone=backbone)
    if loaded.embed_dim != file.layout.embed_dim:
        raise ModelMismatchError(
            f"the embeddings of {file.layout.path} have {file.layout.embed_dim} numbers, those of"
            f" {model} {loaded.embed_dim}; name the model that made them"
        )
    name = str(model)
    # A directory is found from everywhere by its whole path.
    if Path(model).exists():
        name = str(Path(model).resolve())
    return _Named(name, model_id(loaded), loaded)


def check_fits(path: Path, of_index: Settings, of_file: Settings, *, is_export: bool) -> None:
    """Check that the embeddings of a file belong into an index that is there.

    Args:
        path: of the file.
        of_index: of the index.
        of_file: of the file.
        is_export: whether the file was exported from an index, whose scenes were cut and read in
            one way.

    Raises:
        ModelMismatchError: they are of another model.
        ConfigError: they are of scenes that were cut or read in another way.
    """
    if (of_index.model_id, of_index.embed_dim) != (of_file.model_id, of_file.embed_dim):
        raise ModelMismatchError(
            f"the index is of the model {of_index.model} ({of_index.model_id},"
            f" {of_index.embed_dim} numbers), {path} of {of_file.model} ({of_file.model_id},"
            f" {of_file.embed_dim} numbers); their embeddings do not compare. Import it into"
            " another index"
        )
    # Files of other programs say nothing of how scenes were cut.
    if not is_export:
        _check_no_tiles(path, of_index)
        return
    _check_ranges(path, of_index, of_file)
    for name in COMMON_SETTINGS:
        was = getattr(of_index, name)
        now = getattr(of_file, name)
        # Of kinds that the index does not know it takes the ranges over.
        if name == "reading":
            now = replace(now, ranges=was.ranges)
        # As text: a nodata value may be NaN, which is not equal to itself.
        if repr(was) != repr(now):
            raise ConfigError(
                f"the index was made with {name} {was}, {path} with {now}; import it into another"
                " index"
            )


def _check_no_tiles(path: Path, of_index: Settings) -> None:
    """Check that the vectors of an index are of whole chips alone, as those of other programs."""
    if of_index.tiles > 1:
        raise ConfigError(
            f"the vectors of the index are of chips with their {of_index.tiles} x {of_index.tiles}"
            f" tiles, those of {path} of chips alone; import it into another index"
        )


def _check_ranges(path: Path, of_index: Settings, of_file: Settings) -> None:
    """Check that no kind of scenes was shown in one range here and in another there."""
    here = told_ranges(of_index.reading.ranges)
    for kind, shown in told_ranges(of_file.reading.ranges).items():
        if here.get(kind, shown) != shown:
            raise ConfigError(
                f"the index shows {kind} from {here[kind]}, {path} was made from {shown}; import"
                " it into another index"
            )


def with_ranges(of_index: Settings, of_file: Settings) -> Settings:
    """The settings of an index that takes over ranges of kinds which it did not know."""
    reading = of_index.reading
    kinds = {known.kind for known in reading.ranges}
    new = [known for known in of_file.reading.ranges if known.kind not in kinds]
    return replace(of_index, reading=replace(reading, ranges=(*reading.ranges, *new)))
