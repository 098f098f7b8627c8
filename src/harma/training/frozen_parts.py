"""A run whose towers are frozen: its feed and its validation get what they make, computed once."""

import logging
import time
from dataclasses import replace

from harma.data.split import Split
from harma.ground.towers import Tower
from harma.model.model import HarMA
from harma.training.feed import PLAIN, Feed
from harma.training.frozen import Frozen, Stage, frozen_towers, outputs_bytes
from harma.training.frozen_cache import FrozenCache
from harma.training.frozen_outputs import (
    FrozenOutputs,
    FrozenSplit,
    OutputMaker,
    sorted_captions,
)
from harma.training.recipe import DataConfig, TrainConfig
from harma.training.results import Selection

log = logging.getLogger(__name__)


def frozen_of_run(train: TrainConfig, model: HarMA, *, needs_views: bool) -> Frozen:
    """The towers whose outputs are computed once, and what these are.

    Args:
        train: whether they may be.
        model: as it is before training, on the CPU.
        needs_views: whether a loss takes second views, which differ inside of the towers.
    """
    if train.frozen_cache == "none" or needs_views:
        return {}
    # What draws random numbers does so in this mode.
    model.train()
    return frozen_towers(model)


def frozen_in_training(
    frozen: Frozen, model: HarMA, split: Split, data: DataConfig, train: TrainConfig
) -> Frozen:
    """Those of frozen towers that are given the same in every epoch, and not more than fits."""
    rows = {"image": split.num_images, "text": len(set(split.captions))}
    kept: dict[Tower, Stage] = {}
    for tower, stage in frozen.items():
        # Images that are cropped or augmented are others each time.
        if tower == "image" and data.transform != PLAIN:
            continue
        num_bytes = outputs_bytes(model, tower, stage, rows[tower])
        if num_bytes > most_bytes(train):
            log.warning(
                "what the frozen %s tower makes of the training data takes %.1f GB, more than"
                " train.frozen_cache_gb (%g); it is computed in every step",
                tower,
                num_bytes / 1e9,
                train.frozen_cache_gb,
            )
        else:
            kept[tower] = stage
    return kept


def most_bytes(train: TrainConfig) -> int:
    """How large outputs may be, on disk together, in memory each."""
    return round(train.frozen_cache_gb * 1e9)


def make_frozen_cache(train: TrainConfig) -> FrozenCache | None:
    """Where outputs are kept on disk; None: nowhere."""
    if train.frozen_cache != "disk":
        return None
    return FrozenCache(train.frozen_cache_dir, most_bytes(train))


def with_outputs(feed: Feed, maker: OutputMaker, frozen: Frozen) -> Feed:
    """A feed whose batches hold outputs of frozen towers.

    Args:
        feed: of pixels and token ids; it has not begun to read where outputs are of images.
        maker: of outputs.
        frozen: towers that are given the same in every epoch.
    """
    start = time.perf_counter()
    outputs = FrozenOutputs()
    if "image" in frozen:
        outputs = replace(outputs, images=maker.of_images(frozen["image"], feed.pairs.split.images))
        # Nothing asks for pixels any more.
        feed.pairs.with_pixels = False
    if "text" in frozen:
        outputs = replace(outputs, captions=maker.of_captions(frozen["text"], feed.pairs.token_ids))
    seconds = time.perf_counter() - start
    _tell(maker.cache, frozen, seconds)
    return replace(feed, outputs=outputs, seconds=seconds)


def with_frozen_split(selection: Selection, maker: OutputMaker, frozen: Frozen) -> Selection:
    """A selection whose split is embedded from outputs, where both towers are frozen.

    Images are validated as they are, whatever training draws.
    """
    if len(frozen) < 2:
        return selection
    split = selection.split
    distinct, _ = sorted_captions(split)
    images = maker.of_images(frozen["image"], split.images)
    captions = maker.of_captions(frozen["text"], maker.model.tokenize(distinct))
    return replace(selection, frozen=FrozenSplit(split, frozen, images, captions))


def _tell(cache: FrozenCache | None, frozen: Frozen, seconds: float) -> None:
    if not frozen:
        return
    what = " and ".join("captions" if tower == "text" else "images" for tower in frozen)
    message = f"what the frozen towers make of {what} is computed once ({seconds:.0f} s)"
    if cache is not None:
        message += (
            f" and kept in {cache.directory}, which may be deleted at any time"
            f" ({cache.num_bytes() / 1e6:.1f} MB of at most {cache.most_bytes / 1e9:g} GB;"
            " --train.frozen_cache)"
        )
    log.info(message)
