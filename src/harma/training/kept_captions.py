"""The captions that a run keeps beside its best model, for searches with few words."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harma.errors import WeightsError
from harma.ground.files import write_text
from harma.model.adapter_directory import CARD_FILE
from harma.model.caption_file import CAPTIONS_FILE, kept_by, num_captions, write_captions
from harma.model.caption_memory import remember
from harma.model.card import model_card
from harma.model.fingerprint import model_id
from harma.model.model import HarMA
from harma.model.saved import describe

logger = logging.getLogger(__name__)


class KeptCaptions(NamedTuple):
    """What was kept.

    Attributes:
        num_captions: distinct ones.
        num_bytes: of their file.
        seconds: that it took.
    """

    num_captions: int
    num_bytes: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.num_captions:,} captions of training are kept in best/{CAPTIONS_FILE}"
            f" ({self.num_bytes / 1e6:.1f} MB, {self.seconds:.0f} s), and go wherever the model"
            " goes; --train.keep_captions false leaves them out"
        )


def keep_captions(best: Path, model: HarMA, captions: Sequence[str]) -> KeptCaptions | None:
    """Put the distinct captions of training beside the best model of a run, and into its card.

    Those that an earlier end of the run left are not made again. What a run of another recipe may
    have left is taken away where none are to be kept.

    Args:
        best: the directory of the model.
        model: it, opened.
        captions: of the train split; none of them are kept where there are none.

    Returns:
        What is kept; None: nothing.
    """
    file = best / CAPTIONS_FILE
    if not captions:
        file.unlink(missing_ok=True)
        _write_card(best, 0)
        return None
    start = time.perf_counter()
    if not _is_kept(file, model):
        file.unlink(missing_ok=True)
        memory = remember(model, captions)
        # The card first: where the file is, all is done.
        _write_card(best, len(memory))
        write_captions(file, memory)
    seconds = time.perf_counter() - start
    return KeptCaptions(num_captions(file), file.stat().st_size, seconds)


def _is_kept(file: Path, model: HarMA) -> bool:
    try:
        return kept_by(file) == model_id(model)
    except WeightsError:
        logger.warning("%s is damaged, and made again", file)
        return False


def _write_card(best: Path, kept: int) -> None:
    facts = {**describe(best), "kept_captions": kept}
    write_text(best / CARD_FILE, model_card(facts))
