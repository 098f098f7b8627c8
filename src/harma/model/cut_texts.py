"""Saying that texts are longer than a model reads: how many, and what of them is left out."""

import logging
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from harma.backbones.cut_texts import CutText

if TYPE_CHECKING:
    from torch import Tensor

logger = logging.getLogger(__name__)

# Of what is left out so many words are shown.
SHOWN_WORDS = 6
SHOWN_LETTERS = 60


def tell_cut_texts(model: object, texts: Sequence[str], token_ids: "Tensor") -> None:
    """Warn, once for all texts of a call, that some are not read to their end.

    Args:
        model: any that embeds; one that does not know which texts it cuts says nothing.
        texts: N.
        token_ids: what its tokenizer made of them (N, L).
    """
    find = getattr(model, "cut_texts", None)
    if find is None:
        return
    cut = find(texts, token_ids)
    if cut:
        logger.warning(cut_message(cut, len(texts)))


def cut_message(cut: Sequence[CutText], num_texts: int) -> str:
    """What is said of texts that are cut, some or all of `num_texts`."""
    first = cut[0]
    what = f"from {_beginning(first.dropped)!r} on"
    if num_texts == 1:
        num_words = len(first.text.split())
        num_dropped = len(first.dropped.split())
        return (
            f"the text has {first.num_tokens:,} tokens and the model reads {first.num_read}: the"
            f" last {num_dropped:,} of its {num_words:,} words are left out, {what}"
        )
    return (
        f"{len(cut):,} of {num_texts:,} texts are longer than the {first.num_read} tokens that the"
        f" model reads; their ends are left out, of the first {what}"
    )


def _beginning(text: str) -> str:
    words = list(islice(text.split(), SHOWN_WORDS + 1))
    shown = " ".join(words[:SHOWN_WORDS])
    if len(shown) > SHOWN_LETTERS or len(words) > SHOWN_WORDS:
        return f"{shown[:SHOWN_LETTERS]}…"
    return shown
