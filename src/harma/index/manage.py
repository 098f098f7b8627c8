"""Managing an index by names: build it, add to it, reembed it; what is not said is as it has it.

These functions are what `harma index build`, `add` and `reembed` call. They find the sources and
load the model; `harma.index.build` and `harma.index.reembed` take sources and a model.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from harma.errors import ConfigError
from harma.ground.messages import about_file
from harma.ground.outputs import check_output_directory
from harma.ground.progress import AdvancePart, not_told
from harma.ground.storage.home import Home, Place, home_of
from harma.ground.storage.probe import insist
from harma.index.build import build, default_settings
from harma.index.engines.choice import chosen_engine
from harma.index.options import MAX_NODATA, BuildOptions, WorkOptions
from harma.index.processes import prepare_workers
from harma.index.reembed import reembed
from harma.index.settings import Settings, is_index, read_settings
from harma.index.writer import BuildOutcome
from harma.model.exported.model import ExportedModel
from harma.model.model import HarMA
from harma.model.opened import OpenedModel, open_at_work
from harma.scenes.reading import Reading
from harma.scenes.reading_values import as_trained
from harma.scenes.sources import find_scenes
from harma.scenes.windows import Tiling

PathLike = str | os.PathLike[str]
# What a call says that says nothing.
BUILD_DEFAULTS = BuildOptions()
WORK_DEFAULTS = WorkOptions()


def _not_kept(_: OpenedModel) -> None:
    """Of a model that nobody needs afterwards."""


def build_index(
    place: Place,
    sources: Iterable[PathLike],
    model: PathLike | OpenedModel | None = None,
    *,
    backbone: str | None = None,
    options: BuildOptions = BUILD_DEFAULTS,
    progress: AdvancePart = not_told,
    keep_model: Callable[[OpenedModel], object] = _not_kept,
) -> BuildOutcome:
    """Make an index, or add what is new to it.

    Args:
        place: of the index.
        sources: folders, files, globs, lists (.txt, .csv), addresses.
        model: run, adapter or model directory, or preset; None takes the index's own. The index
            knows it by this name, so a loaded one serves only for an index that is there.
        backbone: where the model's backbone is, if not where it says.
        options: how scenes are cut, read and embedded.
        progress: called with (what is done, so far, in all).
        keep_model: called with the loaded model, for what is done next.

    Raises:
        MissingFileError: a source or the model is not there.
        BusyError: another process writes the index.
        ConfigError: an option is not usable, or the index was made with another; or a new index is
            not told its model.
        ModelMismatchError: the index was made with another model.
    """
    home = home_of(place)
    # Before the model, which takes seconds: a misspelt path is told at once.
    if home.is_folder:
        check_output_directory(home.folder)
    _insisted(home, options)
    scenes = find_scenes(sources)
    of_index = _kept_settings(home)
    name, of_backbone = _named(model, backbone, of_index)
    with chosen_engine(options) as engine:
        loaded = model
        if not isinstance(loaded, HarMA | ExportedModel):
            loaded = _loaded(name, of_backbone, options)
        keep_model(loaded)
        return build(
            home,
            scenes,
            loaded,
            # What was asked for: `build` refuses it where the index has it otherwise.
            _settings(loaded, name, of_backbone, options, of_index),
            batch_size=options.batch_size,
            num_workers=options.num_readers,
            progress=progress,
            engine=engine,
        )


def add_to_index(
    place: Place,
    sources: Iterable[PathLike],
    *,
    backbone: str | None = None,
    options: WorkOptions = WORK_DEFAULTS,
    progress: AdvancePart = not_told,
    keep_model: Callable[[OpenedModel], object] = _not_kept,
) -> BuildOutcome:
    """Add what is new to an index that is there, with its own model and settings.

    Args:
        place: of the index.
        sources: as in `build_index`.
        backbone: where the model's backbone is now, if not where the index says.
        options: how chips are embedded.
        progress: called with (what is done, so far, in all).
        keep_model: called with the loaded model, for what is done next.

    Raises:
        MissingFileError: the index, a source or the model is not there.
        BusyError: another process writes the index.
        ConfigError: the index was made with other tiles.
    """
    home = home_of(place)
    of_index = read_settings(home)
    _insisted(home, options)
    scenes = find_scenes(sources)
    with chosen_engine(options) as engine:
        # What is wrong with it may be what the index says of it.
        with about_file(str(home)):
            loaded = _loaded(of_index.model, backbone or of_index.backbone, options)
        keep_model(loaded)
        return build(
            home,
            scenes,
            loaded,
            # As in `build_index`: `build` refuses other tiles.
            replace(of_index, tiles=options.tiles_or(of_index.tiles)),
            batch_size=options.batch_size,
            num_workers=options.num_readers,
            progress=progress,
            engine=engine,
        )


def reembed_index(
    place: Place,
    model: PathLike,
    *,
    backbone: str | None = None,
    allow_missing: bool = False,
    options: WorkOptions = WORK_DEFAULTS,
    progress: AdvancePart = not_told,
) -> BuildOutcome:
    """Embed all sources of an index again, with another model, or other tiles.

    The old embeddings answer until it is done.

    Args:
        place: of the index.
        model: run, adapter or model directory, or preset.
        backbone: where the model's backbone is, if not where it says.
        allow_missing: give up sources that cannot be read any more.
        options: how chips are embedded; tiles are as in the index if they are not said.
        progress: called with (what is done, so far, in all).

    Raises:
        MissingFileError: the index or the model is not there.
        BusyError: another process writes the index.
        ConfigError: the index has the embeddings of this model and these tiles already.
        DataError: sources cannot be read; the index stays as it is.
    """
    _insisted(home_of(place), options)
    name = _lasting(model)
    with chosen_engine(options) as engine:
        return reembed(
            place,
            _loaded(name, backbone, options),
            name,
            backbone,
            tiles=options.tiles,
            allow_missing=allow_missing,
            batch_size=options.batch_size,
            num_workers=options.num_readers,
            progress=progress,
            engine=engine,
        )


def _insisted(home: Home, options: WorkOptions) -> None:
    """Keep that there is one writer, where it is said of an index in a bucket."""
    if options.single_writer and not home.is_folder:
        insist(home)


def _kept_settings(home: Home) -> Settings | None:
    """The settings of an index, or None where there is none yet."""
    return read_settings(home) if is_index(home) else None


def _named(
    model: PathLike | OpenedModel | None, backbone: str | None, of_index: Settings | None
) -> tuple[str, str | None]:
    """The name that an index keeps of its model, and where the model's backbone is.

    Raises:
        ConfigError: neither the call nor the index names a model.
    """
    if model is not None and not isinstance(model, HarMA | ExportedModel):
        # The backbone that the index notes is that of the model it notes.
        return _lasting(model), backbone
    if of_index is not None:
        return of_index.model, backbone or of_index.backbone
    raise ConfigError("--model is not given; name the run, adapter, model or preset that embeds")


def _lasting(model: PathLike) -> str:
    """A model's name as an index keeps it: a directory is found from everywhere."""
    if Path(model).exists():
        return str(Path(model).resolve())
    # A preset, or a name of open_clip: the same from everywhere.
    return os.fspath(model)


def _loaded(name: str, backbone: str | None, options: WorkOptions) -> OpenedModel:
    """The model on its device and in its precision."""
    # Reading weights takes seconds, and so do the readers' libraries.
    if options.reads_here:
        prepare_workers()
    return open_at_work(name, backbone=backbone, device=options.device, precision=options.precision)


def _settings(
    model: OpenedModel,
    name: str,
    backbone: str | None,
    options: BuildOptions,
    of_index: Settings | None,
) -> Settings:
    """The settings asked for; what is not said is as in the index, or the default."""
    tiling = Tiling()
    # What a model was trained on is shown as it was then.
    reading = as_trained(Reading(), model.trained_reading)
    max_nodata = MAX_NODATA
    tiles = 1
    thumbnails = True
    if of_index is not None:
        tiling = of_index.tiling
        reading = of_index.reading
        max_nodata = of_index.max_nodata
        tiles = of_index.tiles
        thumbnails = of_index.thumbnails
    # After the index's own: one that was made with other bands is refused by name.
    reading = replace(reading, values=model.preprocess.bands)
    return default_settings(
        model,
        name,
        backbone,
        tiling=options.tiling(tiling),
        reading=options.reading(reading),
        max_nodata=options.nodata_limit(max_nodata),
        tiles=options.tiles_or(tiles),
        thumbnails=options.thumbnails_or(thumbnails),
    )
